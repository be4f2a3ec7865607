internal import CNghttp2
internal import VerdictModel

/// The memory behind a `ServerSession`, which nghttp2's callbacks reach through a plain pointer:
/// no object, no counting, no exclusivity check on the way of a request.
@safe
struct SessionState {
  var session: OpaquePointer?
  let context: UnsafeMutablePointer<ContextState>
  let authority: HeaderRules.Authority
  /// The live streams, newest first.
  var live: UnsafeMutablePointer<StreamRecord>?
  var liveCount = 0
  /// Streams whose request is not whole.
  var receivingCount = 0
  /// The stream of the last callback; saves a look-up for the frames that follow one another.
  var recent: UnsafeMutablePointer<StreamRecord>?
  var readyHead: UnsafeMutablePointer<StreamRecord>?
  var readyTail: UnsafeMutablePointer<StreamRecord>?
  /// Streams with `isResetWanted`.
  var resetWantedCount = 0
  /// nghttp2 can't be used any more.
  var isBroken = false
  var isShutdownAcknowledged = false

  /// Whether a message of a streaming call became ready while its answers left.
  var isRequestLate = false

  // What the peer costs.
  var meter: FrameMeter
  var errorResets = RateGauge()
  /// What its streams hold beyond their inline buffers.
  var heldByteCount = 0
  /// Streams that this read opened.
  var burstStreamCount = 0
  /// The limit that a frame not looked at reaches; comes into force once the rest is served.
  var pendingStop: Limit?
  /// The limit that ended the connection, and the error that its last GOAWAY names.
  var stopped: Limit?
  var stopCode = NGHTTP2_ENHANCE_YOUR_CALM
  var isFarewellSaid = false

  // Time.
  var nowNanoseconds: UInt64
  var bornNanoseconds: UInt64
  /// When `expire` has something to do at the earliest.
  var dueNanoseconds: UInt64
  /// The same for the streams that this read opened.
  var burstDueNanoseconds = UInt64.max
  var isSettingsAcknowledged = false
  /// Nothing is read from the peer for now, by its own fault.
  var isReadingPaused = false
  /// Since when a frame is unfinished, and which.
  var frameNanoseconds: UInt64 = 0
  var frameNumber: UInt64 = 0
  /// When the last stream ended.
  var idleNanoseconds: UInt64
  /// The age that this connection may reach; the greatest value means any.
  let ageNanosecondsMax: UInt64
  /// When a graceful end of the session's own began, and why; 0: not yet.
  var endingNanoseconds: UInt64 = 0
  var endingLimit = Limit.age
  var isFinalGoAwayQueued = false
  /// How calls with many messages end, once they are to end between two of them.
  var endingStatus: RPCStatus?

  init(
    context: UnsafeMutablePointer<ContextState>, authority: HeaderRules.Authority,
    nowNanoseconds: UInt64
  ) {
    unsafe self.context = context
    self.authority = authority
    self.nowNanoseconds = nowNanoseconds
    // SAFETY: the context outlives its sessions.
    let limits = unsafe context.pointee.limits
    meter = FrameMeter(limits)
    bornNanoseconds = nowNanoseconds
    idleNanoseconds = nowNanoseconds
    ageNanosecondsMax = unsafe SessionState.age(limits, context)
    dueNanoseconds = SessionState.firstDue(limits, ageNanosecondsMax, nowNanoseconds)
  }

  /// Makes the record of a new stream.
  @unsafe
  mutating func open(_ streamID: Int32) -> UnsafeMutablePointer<StreamRecord> {
    let record = unsafe StreamPool.take(context.pointee.pool)
    // SAFETY: a fresh record, and neighbours that are alive while they are linked.
    unsafe record.pointee.streamID = streamID
    unsafe record.pointee.headers = RequestHeaders(authority)
    unsafe record.pointee.progressNanoseconds = nowNanoseconds
    unsafe record.pointee.next = live
    if let live = unsafe live { unsafe live.pointee.previous = record }
    unsafe live = record
    unsafe recent = record
    liveCount += 1
    receivingCount += 1
    burstStreamCount += 1
    unsafe context.pointee.counters.streams += 1
    return unsafe record
  }

  /// Takes a record out of the live list.
  @unsafe
  mutating func unlink(_ record: UnsafeMutablePointer<StreamRecord>) {
    let (previous, next) = unsafe (record.pointee.previous, record.pointee.next)
    // SAFETY: neighbours are alive while they are linked.
    if let previous = unsafe previous {
      unsafe previous.pointee.next = next
    } else {
      unsafe live = next
    }
    if let next = unsafe next { unsafe next.pointee.previous = previous }
    if unsafe recent == record { unsafe recent = nil }
    liveCount -= 1
  }

  /// The record of a stream, nil when it has none.
  @unsafe
  @inline(__always)
  mutating func record(of streamID: Int32) -> UnsafeMutablePointer<StreamRecord>? {
    if let recent = unsafe recent, unsafe recent.pointee.streamID == streamID {
      return unsafe recent
    }
    // SAFETY: a stream's user data is its record, set when it was opened, until it is closed.
    let data = unsafe nghttp2_session_get_stream_user_data(session, streamID)
    let record = unsafe data?.assumingMemoryBound(to: StreamRecord.self)
    if unsafe record != nil { unsafe recent = record }
    return unsafe record
  }

  /// The peer has sent all headers of a request.
  @unsafe
  mutating func endHeaders(_ record: UnsafeMutablePointer<StreamRecord>) {
    // SAFETY: the record is alive during the callback that calls this.
    unsafe record.pointee.areHeadersWhole = true
    let limits = unsafe context.pointee.limits
    if unsafe record.pointee.headers.byteCount > limits.headerByteCountMax
      || record.pointee.headers.count > limits.headerCountMax
    {
      unsafe context.pointee.counters.limits.add(.headerList)
      unsafe reset(record, NGHTTP2_ENHANCE_YOUR_CALM)
      return
    }
    guard unsafe record.pointee.headers.end() else {
      unsafe reset(record, NGHTTP2_PROTOCOL_ERROR)
      return
    }
    let timeout = unsafe record.pointee.headers.timeoutNanoseconds
    let deadline = nowNanoseconds.addingReportingOverflow(timeout)
    let deadlineNanoseconds = deadline.overflow ? .max : deadline.partialValue
    unsafe record.pointee.deadlineNanoseconds = deadlineNanoseconds
    burstDueNanoseconds = min(
      burstDueNanoseconds, deadlineNanoseconds, nowNanoseconds &+ limits.bodyNanosecondsMax)
    let refusal = unsafe record.pointee.headers.refusal
    if refusal != .none { unsafe refuse(record, refusal) }
  }

  /// The peer has sent its trailers.
  @unsafe
  mutating func endTrailers(_ record: UnsafeMutablePointer<StreamRecord>, isEnd: Bool) {
    // SAFETY: as in `endHeaders`.
    guard unsafe record.pointee.phase == .receiving else { return }
    let limits = unsafe context.pointee.limits
    if unsafe record.pointee.headers.byteCount > limits.headerByteCountMax
      || record.pointee.headers.count > limits.headerCountMax
    {
      unsafe context.pointee.counters.limits.add(.headerList)
      unsafe reset(record, NGHTTP2_ENHANCE_YOUR_CALM)
    } else if unsafe !isEnd || record.pointee.headers.rules.isMalformed {
      unsafe reset(record, NGHTTP2_PROTOCOL_ERROR)
    }
  }

  /// A piece of a request's body.
  @unsafe
  mutating func receiveData(
    _ record: UnsafeMutablePointer<StreamRecord>, _ data: UnsafePointer<UInt8>, _ count: Int
  ) {
    // SAFETY: the record and the data are alive during the callback that calls this.
    guard unsafe record.pointee.isListening else { return }
    unsafe record.pointee.bodyByteCount &+= UInt64(count)
    guard
      unsafe record.pointee.headers.rules.accepts(
        bodyByteCount: record.pointee.bodyByteCount, isWhole: false)
    else {
      unsafe reset(record, NGHTTP2_PROTOCOL_ERROR)
      return
    }
    if unsafe record.pointee.headers.target.kind == .page { return }
    if unsafe record.pointee.headers.target.kind == .bidirectional {
      return unsafe receivePiece(record, data, count)
    }
    var offset = 0
    if unsafe !record.pointee.framing.isLengthKnown {
      let limits = unsafe context.pointee.limits
      offset = unsafe record.pointee.framing.takePrefix(
        ByteView(base: data, count: count),
        encoding: record.pointee.headers.encoding,
        byteCountMax: limits.messageByteCountMax)
    }
    if offset < count, unsafe record.pointee.framing.failure == .none {
      let taken = unsafe record.pointee.framing.takeBody(availableCount: count - offset)
      if unsafe !store(record, data + offset, taken) {
        unsafe context.pointee.counters.limits.add(.heldBytes)
        unsafe fail(
          record, RPCStatus(.resourceExhausted, "the server holds too many unfinished requests"))
        return
      }
    }
    let failure = unsafe record.pointee.framing.failure
    if failure == .tooLong, unsafe passesOver(record, count) { return }
    if failure != .none { unsafe refuse(record, failure) }
  }

  /// Throws away a piece of a message that is too long, where that gets an answer all the same.
  @unsafe
  @inline(never)
  private func passesOver(_ record: UnsafeMutablePointer<StreamRecord>, _ count: Int) -> Bool {
    // SAFETY: the caller's record is alive, and its stream open.
    guard unsafe record.pointee.headers.target.answersTooLong,
      unsafe record.pointee.bodyByteCount <= SessionLimits.passedOverByteCountMax
    else { return false }
    // It only fails for want of memory, or where the peer has ended and needs no window.
    _ = unsafe nghttp2_session_consume_stream(session, record.pointee.streamID, count)
    return true
  }

  /// Appends message bytes; false when the loop holds too much already.
  @unsafe
  private mutating func store(
    _ record: UnsafeMutablePointer<StreamRecord>, _ data: UnsafePointer<UInt8>, _ count: Int
  ) -> Bool {
    // SAFETY: as above; the room is made before the bytes are copied.
    let needed = unsafe record.pointee.request.count + count
    if unsafe needed > record.pointee.request.capacity {
      let pool = unsafe record.pointee.pool
      let limits = unsafe context.pointee.limits
      // Grown by what has arrived, up to one large block by what was announced: an announcement
      // alone costs its sender nothing.
      let announced = unsafe Int(record.pointee.framing.length)
      let wanted = max(needed, min(announced, BlockPool.largeByteCount))
      guard unsafe pool.pointee.blocks.heldByteCount + wanted <= limits.heldByteCountMax,
        heldByteCount + wanted <= limits.connectionHeldByteCountMax
      else { return false }
      heldByteCount -= unsafe record.pointee.request.heldByteCount
      unsafe record.pointee.request.grow(to: wanted, &pool.pointee.blocks)
      heldByteCount += unsafe record.pointee.request.heldByteCount
    }
    unsafe record.pointee.request.append(data, count)
    return true
  }

  /// The peer has ended its request.
  @unsafe
  mutating func endRequest(_ record: UnsafeMutablePointer<StreamRecord>) {
    // SAFETY: the record is alive during the callback that calls this.
    guard unsafe record.pointee.isListening else { return }
    guard
      unsafe record.pointee.headers.rules.accepts(
        bodyByteCount: record.pointee.bodyByteCount, isWhole: true)
    else {
      unsafe reset(record, NGHTTP2_PROTOCOL_ERROR)
      return
    }
    switch unsafe record.pointee.headers.target.kind {
    case .page: break
    case .bidirectional:
      unsafe record.pointee.isRequestEnded = true
      return unsafe advance(record)
    case .unary, .serverStreaming:
      let failure = unsafe record.pointee.framing.end()
      if failure == .tooLong, unsafe record.pointee.headers.target.answersTooLong {
        unsafe context.pointee.counters.limits.add(.messageLength)
        return unsafe enqueue(record)
      }
      if failure != .none {
        unsafe refuse(record, failure)
        return
      }
      if unsafe record.pointee.framing.isCompressed, unsafe !inflate(record) { return }
    }
    meter.noteMessage()
    unsafe enqueue(record)
  }

  /// Puts a record whose message is whole into the ready list.
  @unsafe
  @inline(__always)
  mutating func enqueue(_ record: UnsafeMutablePointer<StreamRecord>) {
    // SAFETY: the callers' record is alive, and so are those in the list.
    unsafe leaveReceiving(record, .ready)
    unsafe record.pointee.readyNanoseconds = nowNanoseconds
    unsafe record.pointee.nextReady = nil
    if let tail = unsafe readyTail {
      unsafe tail.pointee.nextReady = record
    } else {
      unsafe readyHead = record
    }
    unsafe readyTail = record
  }

  /// Puts what a whole message was before it was compressed in its place.
  /// - Returns: false where that is impossible; then the request has failed.
  @unsafe
  @inline(never)
  private mutating func inflate(_ record: UnsafeMutablePointer<StreamRecord>) -> Bool {
    // SAFETY: the caller's record is alive, and the context and its pool outlive it.
    let limits = unsafe context.pointee.limits
    let pool = unsafe record.pointee.pool
    let source = unsafe ByteView(
      base: record.pointee.request.base, count: record.pointee.request.count)
    if Inflater.plainByteCount(source) > limits.inflatedByteCountMax {
      unsafe record.pointee.isCompressed = true
      return true
    }
    var plain = unsafe ByteStore(inline: record.pointee.request.base, byteCount: 0)
    let share = limits.connectionHeldByteCountMax - heldByteCount
    let outcome = unsafe context.pointee.inflater.inflate(
      source, into: &plain, &pool.pointee.blocks,
      byteCountMax: min(limits.messageByteCountMax, limits.inflatedByteCountMax),
      heldByteCountMax: min(
        limits.heldByteCountMax, pool.pointee.blocks.heldByteCount + max(0, share)))
    switch outcome {
    case .whole:
      heldByteCount -= unsafe record.pointee.request.heldByteCount
      unsafe record.pointee.request.adopt(&plain, &pool.pointee.blocks)
      heldByteCount += unsafe record.pointee.request.heldByteCount
      return true
    case .corrupt: unsafe refuse(record, .corrupt)
    case .tooLong:
      // It is longer than it says, unless no message may be so long.
      let isLie = limits.inflatedByteCountMax < limits.messageByteCountMax
      unsafe refuse(record, isLie ? .corrupt : .tooLong)
    case .noRoom:
      unsafe context.pointee.counters.limits.add(.heldBytes)
      unsafe fail(
        record, RPCStatus(.resourceExhausted, "the server holds too many unfinished requests"))
    }
    unsafe plain.reset(&pool.pointee.blocks)
    return false
  }

  /// Changes the phase of a record whose request may have been under way until now.
  @unsafe
  @inline(__always)
  mutating func leaveReceiving(
    _ record: UnsafeMutablePointer<StreamRecord>, _ phase: StreamRecord.Phase
  ) {
    // SAFETY: the callers' record is alive.
    if unsafe record.pointee.phase == .receiving { receivingCount -= 1 }
    unsafe record.pointee.phase = phase
  }

  /// nghttp2 has closed a stream.
  @unsafe
  mutating func close(_ record: UnsafeMutablePointer<StreamRecord>) {
    // SAFETY: the record is alive until it is given back here or by `nextRequest`.
    unsafe unlink(record)
    idleNanoseconds = nowNanoseconds
    if unsafe record.pointee.isResetWanted { resetWantedCount -= 1 }
    heldByteCount -= unsafe record.pointee.heldByteCount
    switch unsafe record.pointee.phase {
    case .ready:
      unsafe record.pointee.phase = .closed
      unsafe context.pointee.counters.cancellations += 1
    case .dropped: unsafe record.pointee.phase = .closed
    case .receiving, .postponed:
      unsafe context.pointee.counters.cancellations += 1
      unsafe leaveReceiving(record, .answered)
      unsafe StreamPool.giveBack(record)
    case .streaming, .answered, .closed: unsafe StreamPool.giveBack(record)
    }
  }
}
