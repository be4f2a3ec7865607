/// What the server keeps for a request under way. Lives in raw memory that goes round through the
/// loop's pool; small requests and replies lie inline behind it.
@safe
struct StreamRecord {
  static let requestInlineByteCount = 512
  static let replyInlineByteCount = 512

  /// Where the request stands.
  enum Phase: UInt8 {
    /// Headers or message bytes are still coming.
    case receiving
    /// Whole, in the ready list.
    case ready
    /// Handed out, to be answered later by its stream's number.
    case postponed
    /// Handed out; its service says more from time to time.
    case streaming
    /// Answered or reset; what still comes is ignored.
    case answered
    /// Reset while it was in the ready list, which passes it over.
    case dropped
    /// Closed by the peer while it was in the ready list, which gives it back.
    case closed
  }

  let pool: UnsafeMutablePointer<StreamPool>
  /// The next record of the free list or of the session's live streams.
  var next: UnsafeMutablePointer<StreamRecord>?
  var previous: UnsafeMutablePointer<StreamRecord>?
  var nextReady: UnsafeMutablePointer<StreamRecord>?
  var streamID: Int32 = 0
  var phase = Phase.receiving
  var areHeadersWhole = false
  /// Whether a reset must follow the answer, because the peer has not ended its request.
  var isResetWanted = false
  var headers = RequestHeaders(.hostAndPort)
  var framing = MessageFraming()
  var deadlineNanoseconds = UInt64.max
  /// When the stream was opened, or last got a piece of its answer out.
  var progressNanoseconds: UInt64 = 0
  /// When its request was whole.
  var readyNanoseconds: UInt64 = 0
  /// Bytes of DATA so far.
  var bodyByteCount: UInt64 = 0
  var request: ByteStore
  /// The reply with its gRPC prefix in front.
  var reply: ByteStore
  var replySentCount = 0
  /// What of the reply's block counts as held by the session: nothing before the answer.
  var countedReplyByteCount = 0

  // Of streaming calls alone.

  /// DATA that came behind the message which is with the service.
  var backlog: ByteStore
  var backlogStart = 0
  /// Where the message that is being written begins in the reply; what is before it may be sent.
  var replyStart = 0
  var isRequestEnded = false
  var areAnswerHeadersSent = false
  /// Whether nghttp2 waits to be told that there is more.
  var isDeferred = false
  /// How the call ends, once that is known.
  var finalStatus: RPCStatus?

  /// Whether DATA still means something.
  @inline(__always)
  var isListening: Bool {
    phase == .receiving
      || (headers.target.kind == .bidirectional && (phase == .ready || phase == .postponed))
  }

  var unsentReplyByteCount: Int { replyStart - replySentCount }

  init(pool: UnsafeMutablePointer<StreamPool>, inline: UnsafeMutableRawPointer) {
    unsafe self.pool = pool
    // SAFETY: the pool allocates both areas behind the record.
    unsafe backlog = ByteStore(inline: inline, byteCount: 0)
    unsafe request = ByteStore(inline: inline, byteCount: StreamRecord.requestInlineByteCount)
    unsafe reply = ByteStore(
      inline: inline + StreamRecord.requestInlineByteCount,
      byteCount: StreamRecord.replyInlineByteCount)
    reply.count = MessageFraming.prefixByteCount
  }

  /// Makes the parts of a streaming call as good as new.
  @inline(never)
  mutating func endStreaming() {
    // SAFETY: the pool outlives its records.
    unsafe backlog.reset(&pool.pointee.blocks)
    backlogStart = 0
    replyStart = 0
    isRequestEnded = false
    areAnswerHeadersSent = false
    isDeferred = false
    finalStatus = nil
  }

  /// What it holds beyond its inline buffers, and counts as its session's.
  var heldByteCount: Int {
    request.heldByteCount + countedReplyByteCount + backlog.heldByteCount
  }
}

/// The stream records of one loop. Records are made when more streams are open than ever before,
/// and kept up to a bound.
@safe
struct StreamPool {
  /// Free records that are kept: 4,096 of about 1.3 KiB.
  static let keptCountMax = 4096

  var blocks = BlockPool()
  private var free: UnsafeMutablePointer<StreamRecord>?
  private var keptCount = 0
  private(set) var liveCount = 0

  init() {}

  /// An empty record.
  @unsafe
  static func take(_ pool: UnsafeMutablePointer<StreamPool>) -> UnsafeMutablePointer<StreamRecord> {
    // SAFETY: the pool outlives its records; one thread uses it.
    unsafe pool.pointee.liveCount += 1
    if let record = unsafe pool.pointee.free {
      unsafe pool.pointee.free = record.pointee.next
      unsafe pool.pointee.keptCount -= 1
      return unsafe record
    }
    let headByteCount = (MemoryLayout<StreamRecord>.stride + 63) & ~63
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: headByteCount + StreamRecord.requestInlineByteCount
        + StreamRecord.replyInlineByteCount, alignment: 64)
    let record = unsafe memory.bindMemory(to: StreamRecord.self, capacity: 1)
    unsafe record.initialize(to: StreamRecord(pool: pool, inline: memory + headByteCount))
    return unsafe record
  }

  /// Takes a record back and empties it.
  @unsafe
  static func giveBack(_ record: UnsafeMutablePointer<StreamRecord>) {
    let pool = unsafe record.pointee.pool
    // SAFETY: as above; the caller drops the record.
    unsafe record.pointee.request.reset(&pool.pointee.blocks)
    unsafe record.pointee.reply.reset(&pool.pointee.blocks)
    unsafe record.pointee.reply.count = MessageFraming.prefixByteCount
    unsafe record.pointee.phase = .receiving
    unsafe record.pointee.areHeadersWhole = false
    unsafe record.pointee.isResetWanted = false
    if unsafe record.pointee.headers.target.kind.isStreaming {
      unsafe record.pointee.endStreaming()
    }
    unsafe record.pointee.framing = MessageFraming()
    unsafe record.pointee.deadlineNanoseconds = .max
    unsafe record.pointee.replySentCount = 0
    unsafe record.pointee.countedReplyByteCount = 0
    unsafe record.pointee.bodyByteCount = 0
    unsafe record.pointee.previous = nil
    unsafe record.pointee.nextReady = nil
    unsafe pool.pointee.liveCount -= 1
    if unsafe pool.pointee.keptCount < StreamPool.keptCountMax {
      unsafe record.pointee.next = pool.pointee.free
      unsafe pool.pointee.free = record
      unsafe pool.pointee.keptCount += 1
    } else {
      unsafe UnsafeMutableRawPointer(record).deallocate()
    }
  }

  /// Frees what is kept.
  mutating func empty() {
    while let record = unsafe free {
      // SAFETY: a kept record is ours.
      unsafe free = record.pointee.next
      unsafe UnsafeMutableRawPointer(record).deallocate()
    }
    keptCount = 0
    blocks.empty()
  }
}
