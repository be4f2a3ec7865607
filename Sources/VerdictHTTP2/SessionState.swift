internal import CNghttp2
internal import VerdictModel

/// The memory behind a `ServerSession`, which nghttp2's callbacks reach through a plain pointer:
/// no object, no counting, no exclusivity check on the way of a request.
@safe
struct SessionState {
  var session: OpaquePointer?
  let context: UnsafeMutablePointer<ContextState>
  /// The live streams, newest first.
  var live: UnsafeMutablePointer<StreamRecord>?
  var liveCount = 0
  /// The stream of the last callback; saves a look-up for the frames that follow one another.
  var recent: UnsafeMutablePointer<StreamRecord>?
  var readyHead: UnsafeMutablePointer<StreamRecord>?
  var readyTail: UnsafeMutablePointer<StreamRecord>?
  var nowNanoseconds: UInt64 = 0
  /// Streams with `isResetWanted`.
  var resetWantedCount = 0
  var isBroken = false
  var isShutdownAcknowledged = false

  init(context: UnsafeMutablePointer<ContextState>) { unsafe self.context = context }

  /// Makes the record of a new stream.
  @unsafe
  mutating func open(_ streamID: Int32) -> UnsafeMutablePointer<StreamRecord> {
    let record = unsafe StreamPool.take(context.pointee.pool)
    // SAFETY: a fresh record, and neighbours that are alive while they are linked.
    unsafe record.pointee.streamID = streamID
    unsafe record.pointee.next = live
    if let live = unsafe live { unsafe live.pointee.previous = record }
    unsafe live = record
    unsafe recent = record
    liveCount += 1
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
    unsafe record.pointee.areHeadersWhole = true
    let limits = unsafe context.pointee.limits
    // SAFETY: the record is alive during the callback that calls this.
    if unsafe record.pointee.headers.byteCount > limits.headerByteCountMax
      || record.pointee.headers.count > limits.headerCountMax
    {
      unsafe reset(record, NGHTTP2_ENHANCE_YOUR_CALM)
      return
    }
    let timeout = unsafe record.pointee.headers.timeoutNanoseconds
    let deadline = nowNanoseconds.addingReportingOverflow(timeout)
    unsafe record.pointee.deadlineNanoseconds = deadline.overflow ? .max : deadline.partialValue
    let refusal = unsafe record.pointee.headers.refusal
    if refusal != .none { unsafe refuse(record, refusal) }
  }

  /// A piece of a request's body.
  @unsafe
  mutating func receiveData(
    _ record: UnsafeMutablePointer<StreamRecord>, _ data: UnsafePointer<UInt8>, _ count: Int
  ) {
    // SAFETY: the record and the data are alive during the callback that calls this.
    guard unsafe record.pointee.phase == .receiving else { return }
    var offset = 0
    if unsafe !record.pointee.framing.isLengthKnown {
      let limits = unsafe context.pointee.limits
      offset = unsafe record.pointee.framing.takePrefix(
        ByteView(base: data, count: count),
        isEncodingNamed: record.pointee.headers.isEncodingNamed,
        byteCountMax: limits.messageByteCountMax)
    }
    if offset < count, unsafe record.pointee.framing.failure == .none {
      let taken = unsafe record.pointee.framing.takeBody(availableCount: count - offset)
      if unsafe !store(record, data + offset, taken) {
        unsafe answer(
          record, RPCStatus(.resourceExhausted, "the server holds too many unfinished requests"))
        return
      }
    }
    let failure = unsafe record.pointee.framing.failure
    if failure != .none { unsafe refuse(record, failure) }
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
      guard unsafe pool.pointee.blocks.heldByteCount + wanted <= limits.heldByteCountMax else {
        return false
      }
      unsafe record.pointee.request.grow(to: wanted, &pool.pointee.blocks)
    }
    unsafe record.pointee.request.append(data, count)
    return true
  }

  /// The peer has ended its request.
  @unsafe
  mutating func endRequest(_ record: UnsafeMutablePointer<StreamRecord>) {
    // SAFETY: the record is alive during the callback that calls this.
    guard unsafe record.pointee.phase == .receiving else { return }
    let failure = unsafe record.pointee.framing.end()
    if failure != .none {
      unsafe refuse(record, failure)
      return
    }
    unsafe record.pointee.phase = .ready
    if let tail = unsafe readyTail {
      unsafe tail.pointee.nextReady = record
    } else {
      unsafe readyHead = record
    }
    unsafe readyTail = record
  }

  /// nghttp2 has closed a stream.
  @unsafe
  mutating func close(_ record: UnsafeMutablePointer<StreamRecord>) {
    // SAFETY: the record is alive until it is given back here or by `nextRequest`.
    unsafe unlink(record)
    if unsafe record.pointee.isResetWanted { resetWantedCount -= 1 }
    switch unsafe record.pointee.phase {
    case .ready:
      unsafe record.pointee.phase = .closed
      unsafe context.pointee.counters.cancellations += 1
    case .receiving, .postponed:
      unsafe context.pointee.counters.cancellations += 1
      unsafe StreamPool.giveBack(record)
    case .answered, .closed: unsafe StreamPool.giveBack(record)
    }
  }
}
