internal import CNghttp2
internal import VerdictModel

/// Calls with more than one message on either side.
///
/// ```
///  DATA --> backlog --(one message at a time)--> request --> the service --> reply --> DATA
///             |  up to the stream's window          |          up to 64 KiB that the
///             |  while a message is with the        |          peer has not taken; then
///             |  service, or its answers pile up    |          no message is handed out
/// ```
///
/// The peer's window is opened again only by what is handed out. So a peer that doesn't read its
/// answers, or writes faster than it is served, holds one window of its own bytes and no more.
extension SessionState {
  // MARK: From the peer

  /// Puts DATA of a bidirectional call behind what waits already.
  @unsafe
  mutating func receivePiece(
    _ record: UnsafeMutablePointer<StreamRecord>, _ data: UnsafePointer<UInt8>, _ count: Int
  ) {
    // SAFETY: the record and the data are alive during the callback that calls this.
    let pool = unsafe record.pointee.pool
    if unsafe record.pointee.backlog.count + count > record.pointee.backlog.capacity {
      // What was handed out makes room first: so the backlog is a window of bytes at most.
      unsafe record.pointee.backlog.removeFirst(record.pointee.backlogStart)
      unsafe record.pointee.backlogStart = 0
    }
    let needed = unsafe record.pointee.backlog.count + count
    if unsafe needed > record.pointee.backlog.capacity {
      let limits = unsafe context.pointee.limits
      guard unsafe pool.pointee.blocks.heldByteCount + needed <= limits.heldByteCountMax,
        heldByteCount + needed <= limits.connectionHeldByteCountMax
      else {
        return unsafe refuseForRoom(record)
      }
      heldByteCount -= unsafe record.pointee.backlog.heldByteCount
      unsafe record.pointee.backlog.grow(to: needed, &pool.pointee.blocks)
      heldByteCount += unsafe record.pointee.backlog.heldByteCount
    }
    unsafe record.pointee.backlog.append(data, count)
    unsafe advance(record)
  }

  /// Hands out the next message of a bidirectional call, if it is whole and the answers before it
  /// don't pile up; or ends the call after its last.
  @unsafe
  mutating func advance(_ record: UnsafeMutablePointer<StreamRecord>) {
    // SAFETY: the callers' record is alive.
    guard unsafe record.pointee.phase == .receiving,
      unsafe record.pointee.headers.target.kind == .bidirectional,
      unsafe !isReplyEnough(record)
    else { return }
    let start = unsafe record.pointee.backlogStart
    let rest = unsafe ByteView(
      base: record.pointee.backlog.base + start, count: record.pointee.backlog.count - start)
    var framing = MessageFraming()
    let limits = unsafe context.pointee.limits
    let taken = unsafe framing.takePrefix(
      rest, encoding: record.pointee.headers.encoding, byteCountMax: limits.messageByteCountMax)
    if framing.failure != .none { return unsafe refuseMessage(record, framing.failure) }
    let length = Int(framing.length)
    if framing.isLengthKnown, rest.count - taken >= length {
      unsafe handOut(record, rest[taken..<taken + length], isCompressed: framing.isCompressed)
    } else if unsafe record.pointee.isRequestEnded {
      if rest.isEmpty {
        unsafe finish(record, .ok)
      } else {
        unsafe refuseMessage(record, .truncated)
      }
    }
  }

  /// Copies a whole message out of the backlog, where it can't stay: more may come behind it while
  /// the service has it.
  @unsafe
  private mutating func handOut(
    _ record: UnsafeMutablePointer<StreamRecord>, _ message: ByteView, isCompressed: Bool
  ) {
    // SAFETY: the caller's record is alive; the message lies in its backlog.
    let pool = unsafe record.pointee.pool
    let limits = unsafe context.pointee.limits
    heldByteCount -= unsafe record.pointee.request.heldByteCount
    unsafe record.pointee.request.reset(&pool.pointee.blocks)
    var (failure, hasRoom) = (MessageFraming.Failure.none, true)
    let isLong = isCompressed && Inflater.plainByteCount(message) > limits.inflatedByteCountMax
    unsafe record.pointee.isCompressed = isLong
    if isCompressed && !isLong {
      let outcome = unsafe context.pointee.inflater.inflate(
        message, into: &record.pointee.request, &pool.pointee.blocks,
        byteCountMax: min(limits.messageByteCountMax, limits.inflatedByteCountMax),
        heldByteCountMax: limits.heldByteCountMax)
      hasRoom = outcome != .noRoom
      failure = outcome == .whole ? .none : .corrupt
    } else if !message.isEmpty, let base = unsafe message.buffer.baseAddress {
      if unsafe message.count > record.pointee.request.capacity {
        unsafe record.pointee.request.grow(to: message.count, &pool.pointee.blocks)
      }
      unsafe record.pointee.request.append(base, message.count)
    }
    heldByteCount += unsafe record.pointee.request.heldByteCount
    let byteCount = message.count + MessageFraming.prefixByteCount
    unsafe record.pointee.backlogStart += byteCount
    if unsafe record.pointee.backlogStart == record.pointee.backlog.count {
      heldByteCount -= unsafe record.pointee.backlog.heldByteCount
      unsafe record.pointee.backlog.reset(&pool.pointee.blocks)
      unsafe record.pointee.backlogStart = 0
    }
    if !hasRoom { return unsafe refuseForRoom(record) }
    if failure != .none { return unsafe refuseMessage(record, failure) }
    // It only fails for want of memory, or where the peer has ended and needs no window.
    _ = unsafe nghttp2_session_consume_stream(session, record.pointee.streamID, byteCount)
    meter.noteMessage()
    unsafe enqueue(record)
  }

  @unsafe
  private mutating func refuseForRoom(_ record: UnsafeMutablePointer<StreamRecord>) {
    // SAFETY: the callers' record is alive.
    unsafe context.pointee.counters.limits.add(.heldBytes)
    unsafe finish(
      record, RPCStatus(.resourceExhausted, "the server holds too many unfinished requests"))
  }

  @unsafe
  private mutating func refuseMessage(
    _ record: UnsafeMutablePointer<StreamRecord>, _ failure: MessageFraming.Failure
  ) {
    // SAFETY: the callers' record is alive.
    unsafe context.pointee.counters.refusals += 1
    if failure == .tooLong { unsafe context.pointee.counters.limits.add(.messageLength) }
    unsafe finish(record, failure.status)
  }

  // MARK: To the peer

  /// Queues what the reply's buffer holds as one more message.
  @unsafe
  mutating func sendMessage(_ record: UnsafeMutablePointer<StreamRecord>) {
    // SAFETY: the callers' record is alive; the reply has a prefix at its start.
    let pool = unsafe record.pointee.pool
    let start = unsafe record.pointee.replyStart
    let length = unsafe record.pointee.reply.count - start - MessageFraming.prefixByteCount
    unsafe record.pointee.reply.base.storeBytes(of: 0, toByteOffset: start, as: UInt8.self)
    unsafe (record.pointee.reply.base + start + 1).copyBytes(of: UInt32(length).bigEndian)
    let isEnough = unsafe isReplyEnough(record)
    // Room for the next message's prefix.
    unsafe record.pointee.replyStart = record.pointee.reply.count
    if !isEnough, unsafe isReplyEnough(record) {
      unsafe context.pointee.counters.limits.add(.unsentBytes)
    }
    let next = unsafe record.pointee.reply.count + MessageFraming.prefixByteCount
    if unsafe next > record.pointee.reply.capacity {
      unsafe record.pointee.reply.grow(to: next, &pool.pointee.blocks)
    }
    unsafe record.pointee.reply.count = next
    unsafe countReply(record)
    meter.hasSent = true
    unsafe meter.noteAnswer(context.pointee.limits)
    unsafe pump(record)
  }

  /// Whether the peer has so much to take that no further message of it is looked at.
  @unsafe
  private func isReplyEnough(_ record: UnsafeMutablePointer<StreamRecord>) -> Bool {
    // SAFETY: the callers' record is alive.
    unsafe record.pointee.unsentReplyByteCount >= SessionLimits.unsentReplyByteCountMax
  }

  /// Brings what the session holds up to date with the reply's block.
  @unsafe
  private mutating func countReply(_ record: UnsafeMutablePointer<StreamRecord>) {
    // SAFETY: the callers' record is alive.
    let held = unsafe record.pointee.reply.heldByteCount
    heldByteCount += unsafe held - record.pointee.countedReplyByteCount
    unsafe record.pointee.countedReplyByteCount = held
  }

  /// Lets nghttp2 ask for what there is to send.
  @unsafe
  private mutating func pump(_ record: UnsafeMutablePointer<StreamRecord>) {
    // SAFETY: the callers' record is alive, its stream open.
    if unsafe !record.pointee.areAnswerHeadersSent {
      unsafe record.pointee.areAnswerHeadersSent = true
      unsafe record.pointee.progressNanoseconds = nowNanoseconds
      unsafe submitHeaders(record)
    } else if unsafe record.pointee.isDeferred {
      unsafe record.pointee.isDeferred = false
      unsafe record.pointee.progressNanoseconds = nowNanoseconds
      // It only fails for want of memory, or where nothing was deferred.
      _ = unsafe nghttp2_session_resume_data(session, record.pointee.streamID)
    }
  }

  /// Ends a streaming call, after what was queued.
  @unsafe
  mutating func finish(_ record: UnsafeMutablePointer<StreamRecord>, _ status: RPCStatus) {
    // SAFETY: the callers' record is alive, its stream open.
    if unsafe !record.pointee.areAnswerHeadersSent, status.code != .ok {
      return unsafe fail(record, status)
    }
    unsafe noteAnswer(record)
    unsafe wantReset(record)
    unsafe record.pointee.finalStatus = status
    unsafe pump(record)
  }

  /// Ends calls with many messages: those that are between two messages at once, the others when
  /// they are.
  mutating func endCalls(_ status: RPCStatus) {
    endingStatus = status
    var next = unsafe live
    // SAFETY: nothing here closes a stream at once, so that the list stays as it is.
    while let record = unsafe next {
      unsafe next = record.pointee.next
      unsafe endAtRest(record)
    }
  }

  @unsafe
  func isAtRest(_ record: UnsafeMutablePointer<StreamRecord>) -> Bool {
    // SAFETY: the callers' record is alive.
    switch unsafe record.pointee.headers.target.kind {
    case .serverStreaming: return unsafe record.pointee.phase == .streaming
    case .bidirectional:
      return unsafe record.pointee.phase == .receiving && record.pointee.areHeadersWhole
        && record.pointee.backlog.count == record.pointee.backlogStart
    case .unary, .page: return false
    }
  }

  @unsafe
  mutating func endAtRest(_ record: UnsafeMutablePointer<StreamRecord>) {
    // SAFETY: the callers' record is alive, its stream open.
    guard let status = endingStatus, unsafe isAtRest(record) else { return }
    unsafe finish(record, status)
  }

  /// Copies a piece of a streaming call's messages into a DATA frame, or the trailers behind the
  /// last.
  @unsafe
  mutating func readMessages(
    _ record: UnsafeMutablePointer<StreamRecord>, _ target: UnsafeMutablePointer<UInt8>,
    _ room: Int, _ flags: UnsafeMutablePointer<UInt32>
  ) -> Int {
    // SAFETY: the record is alive during the callback that calls this; `target` has room.
    let sent = unsafe record.pointee.replySentCount
    let left = unsafe record.pointee.replyStart - sent
    let count = min(left, room)
    unsafe UnsafeMutableRawPointer(target).copyMemory(
      from: record.pointee.reply.base + sent, byteCount: count)
    unsafe record.pointee.replySentCount = sent + count
    if count > 0 { unsafe record.pointee.progressNanoseconds = nowNanoseconds }
    guard count == left else {
      unsafe advance(record)
      if unsafe record.pointee.phase == .ready { isRequestLate = true }
      return count
    }
    if let status = unsafe record.pointee.finalStatus {
      unsafe flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
      unsafe flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
      let isQueued = unsafe submitTrailers(record, status)
      return isQueued ? count : Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
    }
    if count == 0 {
      unsafe record.pointee.isDeferred = true
      return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    }
    // Everything is out: begin again at the front, unless a message is being written.
    if unsafe record.pointee.phase != .postponed,
      unsafe record.pointee.reply.count == record.pointee.replyStart
        + MessageFraming.prefixByteCount
    {
      unsafe record.pointee.reply.reset(&record.pointee.pool.pointee.blocks)
      unsafe record.pointee.reply.count = MessageFraming.prefixByteCount
      unsafe record.pointee.replyStart = 0
      unsafe record.pointee.replySentCount = 0
      unsafe countReply(record)
    }
    unsafe advance(record)
    if unsafe record.pointee.phase == .ready { isRequestLate = true }
    return count
  }
}

extension UnsafeMutableRawPointer {
  /// Stores a word anywhere.
  @unsafe
  fileprivate func copyBytes(of word: UInt32) {
    // SAFETY: the caller has four bytes of room.
    unsafe withUnsafeBytes(of: word) {
      if let base = $0.baseAddress { unsafe copyMemory(from: base, byteCount: 4) }
    }
  }
}
