internal import CNghttp2
internal import VerdictModel

/// Answers: what is queued for a stream once its fate is known.
extension SessionState {
  /// Queues the answer of a request: headers, message and trailers, or a single header block that
  /// carries the failure.
  @unsafe
  mutating func answer(_ record: UnsafeMutablePointer<StreamRecord>, _ status: RPCStatus) {
    // SAFETY: the record is alive; the reply holds at least the prefix.
    if unsafe record.pointee.headers.target.kind == .page {
      unsafe answerPage(record, status)
      return
    }
    if unsafe record.pointee.headers.target.kind.isStreaming {
      unsafe answerMessage(record, status)
      return
    }
    guard status.code == .ok else {
      unsafe fail(record, status)
      return
    }
    guard unsafe record.pointee.reply.isInline || holdReply(record) else { return }
    unsafe noteAnswer(record)
    let length = unsafe record.pointee.reply.count - MessageFraming.prefixByteCount
    unsafe record.pointee.reply.base.storeBytes(of: 0, as: UInt8.self)
    unsafe record.pointee.reply.base.storeBytes(
      of: UInt32(length).bigEndian, toByteOffset: 1, as: UInt32.self)
    unsafe submitHeaders(record)
  }

  /// Queues the answer to a message of a streaming call, and lets the next one in.
  @unsafe
  @inline(never)
  private mutating func answerMessage(
    _ record: UnsafeMutablePointer<StreamRecord>, _ status: RPCStatus
  ) {
    guard status.code == .ok else { return unsafe finish(record, status) }
    // SAFETY: the caller's record is alive; its stream is open.
    unsafe sendMessage(record)
    guard unsafe record.pointee.headers.target.kind == .bidirectional else {
      return unsafe finish(record, .ok)
    }
    unsafe record.pointee.phase = .receiving
    receivingCount += 1
    unsafe advance(record)
    if endingStatus != nil { unsafe endAtRest(record) }
  }

  /// Queues the headers of a good answer and, as the peer takes it, what the reply holds.
  @unsafe
  @inline(__always)
  mutating func submitHeaders(_ record: UnsafeMutablePointer<StreamRecord>) {
    // SAFETY: the callers' record is alive; fixed headers live as long as the context.
    let fixed = unsafe context.pointee.fixed
    let isProto = unsafe record.pointee.headers.contentType == .proto
    let isEncoded = unsafe record.pointee.headers.encoding != .identity
    unsafe submit(record, isProto ? fixed.proto : fixed.plain, isEncoded ? 3 : 2)
  }

  /// Notes that a request has its answer.
  @unsafe
  @inline(__always)
  mutating func noteAnswer(_ record: UnsafeMutablePointer<StreamRecord>) {
    // SAFETY: the callers' record is alive.
    unsafe leaveReceiving(record, .answered)
    unsafe record.pointee.progressNanoseconds = nowNanoseconds
    meter.hasSent = true
    unsafe meter.noteAnswer(context.pointee.limits)
  }

  /// Counts a reply's block as held by this connection.
  /// - Returns: false where that is too much; then the request has failed.
  @unsafe
  @inline(never)
  private mutating func holdReply(_ record: UnsafeMutablePointer<StreamRecord>) -> Bool {
    // SAFETY: the caller's record is alive.
    let byteCount = unsafe record.pointee.reply.heldByteCount
    let limits = unsafe context.pointee.limits
    let pool = unsafe record.pointee.pool
    if heldByteCount + byteCount <= limits.connectionHeldByteCountMax,
      unsafe pool.pointee.blocks.heldByteCount <= limits.heldByteCountMax
    {
      heldByteCount += byteCount
      unsafe record.pointee.countedReplyByteCount = byteCount
      return true
    }
    unsafe context.pointee.counters.limits.add(.heldBytes)
    unsafe record.pointee.reply.reset(&pool.pointee.blocks)
    unsafe record.pointee.reply.count = MessageFraming.prefixByteCount
    unsafe fail(
      record, RPCStatus(.resourceExhausted, "the server holds too many answers not taken"))
    return false
  }

  /// Queues a page: a line of text, with the HTTP status of success or of unavailability.
  @unsafe
  private mutating func answerPage(
    _ record: UnsafeMutablePointer<StreamRecord>, _ status: RPCStatus
  ) {
    if status.code != .ok, !status.isMessageInReply {
      // SAFETY: a literal lives for ever; the record is alive.
      var reply = unsafe ReplyBuffer(record)
      reply.removeAll()
      reply.append(
        unsafe ByteView(
          base: status.message.utf8Start, count: status.message.utf8CodeUnitCount))
    }
    unsafe noteAnswer(record)
    unsafe record.pointee.replySentCount = MessageFraming.prefixByteCount
    unsafe withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: 2) { headers in
      let code: StaticString = status.code == .ok ? "200" : "503"
      unsafe headers.initializeElement(at: 0, to: FixedHeaders.header(":status", code))
      unsafe headers.initializeElement(
        at: 1, to: FixedHeaders.header("content-type", "text/plain"))
      unsafe submit(record, headers.baseAddress, 2)
    }
  }

  /// Queues headers and, as the peer takes it, the reply.
  @unsafe
  @inline(__always)
  private mutating func submit(
    _ record: UnsafeMutablePointer<StreamRecord>, _ headers: UnsafePointer<nghttp2_nv>?,
    _ headerCount: Int
  ) {
    var provider = unsafe nghttp2_data_provider()
    // SAFETY: the record lives until its stream is closed.
    unsafe provider.source.ptr = UnsafeMutableRawPointer(record)
    unsafe provider.read_callback = {
      unsafe ServerCallbacks.readReply($0, $1, $2, $3, $4, $5, $6)
    }
    let result = unsafe nghttp2_submit_response(
      session, record.pointee.streamID, headers, headerCount, &provider)
    // It only fails when memory is out or the stream has an answer already.
    precondition(result == 0, "a whole request is answered once")
  }

  /// Refuses a request because of its headers.
  @unsafe
  mutating func refuse(
    _ record: UnsafeMutablePointer<StreamRecord>, _ refusal: RequestHeaders.Refusal
  ) {
    unsafe context.pointee.counters.refusals += 1
    switch refusal {
    case .none: preconditionFailure("a refusal has a reason")
    case .contentType:
      unsafe fail(
        record, RPCStatus(.invalidArgument, "the content type must be application/grpc"),
        httpStatus: "415")
    case .method:
      unsafe fail(
        record, RPCStatus(.internalError, "the HTTP method must be POST"), httpStatus: "405")
    case .path:
      // The path's own words were written when its header came.
      unsafe fail(record, RPCStatus(messageInReply: .unimplemented))
    case .timeout:
      unsafe fail(record, RPCStatus(.internalError, "malformed grpc-timeout"))
    }
  }

  /// Refuses a request because of its framing.
  @unsafe
  mutating func refuse(
    _ record: UnsafeMutablePointer<StreamRecord>, _ failure: MessageFraming.Failure
  ) {
    unsafe context.pointee.counters.refusals += 1
    if failure == .tooLong { unsafe context.pointee.counters.limits.add(.messageLength) }
    unsafe fail(record, failure.status, namesEncodings: failure == .encodingUnsupported)
  }

  /// Resets a stream without an answer, for something that the peer did or did not do.
  @unsafe
  mutating func reset(
    _ record: UnsafeMutablePointer<StreamRecord>, _ code: nghttp2_error_code
  ) {
    // SAFETY: the record is alive and its stream open.
    unsafe context.pointee.counters.refusals += 1
    unsafe meter.noteEarlyEnd(windowByteCount: context.pointee.limits.messageByteCountMax)
    unsafe leaveReceiving(record, .answered)
    let none = UInt8(NGHTTP2_FLAG_NONE.rawValue)
    // It only fails for want of memory.
    _ = unsafe nghttp2_submit_rst_stream(session, none, record.pointee.streamID, code.rawValue)
    noteErrorReset()
  }

  /// Has a reset follow the end of the answer where the peer has not ended its request.
  @unsafe
  mutating func wantReset(_ record: UnsafeMutablePointer<StreamRecord>) {
    // SAFETY: the record is alive and its stream open.
    let streamID = unsafe record.pointee.streamID
    if unsafe nghttp2_session_get_stream_remote_close(session, streamID) != 0 { return }
    unsafe record.pointee.isResetWanted = true
    resetWantedCount += 1
    unsafe meter.noteEarlyEnd(windowByteCount: context.pointee.limits.messageByteCountMax)
  }

  /// Queues the trailers of a streaming call, which may tell of a failure.
  /// - Returns: false where memory is out.
  @unsafe
  func submitTrailers(_ record: UnsafeMutablePointer<StreamRecord>, _ status: RPCStatus) -> Bool {
    // SAFETY: the record is alive; what is not fixed is copied before the call returns.
    let (session, streamID) = unsafe (session, record.pointee.streamID)
    if status.code == .ok {
      return unsafe nghttp2_submit_trailer(session, streamID, context.pointee.fixed.trailers, 1)
        == 0
    }
    let message = unsafe SessionState.message(of: status, record)
    return unsafe SessionState.withStatusHeaders(status, message) {
      unsafe nghttp2_submit_trailer(session, streamID, $0, 2) == 0
    }
  }

  /// Calls `body` with `grpc-status` and `grpc-message`.
  @unsafe
  private static func withStatusHeaders<R>(
    _ status: RPCStatus, _ message: ByteView,
    _ body: (UnsafeMutablePointer<nghttp2_nv>) -> R
  ) -> R {
    let room = 3 * SessionLimits.statusMessageByteCountMax
    return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room + 2) { scratch in
      // SAFETY: the scratch has room for the longest message, encoded, and two digits.
      let encoded = unsafe scratch.baseAddress.unsafelyUnwrapped
      let encodedCount = unsafe PercentEncoding.encode(message, to: encoded)
      let digits = unsafe encoded + room
      let number = status.code.rawValue
      unsafe digits[0] = number < 10 ? 48 + number : 49
      unsafe digits[1] = 48 + number % 10
      return unsafe withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: 2) { headers in
        unsafe headers.initializeElement(
          at: 0, to: FixedHeaders.header("grpc-status", copying: digits, number < 10 ? 1 : 2))
        unsafe headers.initializeElement(
          at: 1, to: FixedHeaders.header("grpc-message", copying: encoded, encodedCount))
        return unsafe body(headers.baseAddress.unsafelyUnwrapped)
      }
    }
  }

  /// Queues a single header block with the failure ("Trailers-Only"), and a reset behind it when
  /// the peer has not ended its request, so that the stream is freed.
  @unsafe
  mutating func fail(
    _ record: UnsafeMutablePointer<StreamRecord>, _ status: RPCStatus,
    httpStatus: StaticString = "200", namesEncodings: Bool = false
  ) {
    // SAFETY: the record is alive; its stream is open and has no answer yet.
    unsafe noteAnswer(record)
    unsafe wantReset(record)
    let streamID = unsafe record.pointee.streamID
    let message = unsafe SessionState.message(of: status, record)
    let session = unsafe self.session
    unsafe SessionState.withStatusHeaders(status, message) { statusHeaders in
      unsafe withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: 5) { headers in
        unsafe headers.initializeElement(at: 0, to: FixedHeaders.header(":status", httpStatus))
        unsafe headers.initializeElement(
          at: 1, to: FixedHeaders.header("content-type", "application/grpc"))
        unsafe headers.initializeElement(at: 2, to: statusHeaders[0])
        unsafe headers.initializeElement(at: 3, to: statusHeaders[1])
        unsafe headers.initializeElement(at: 4, to: FixedHeaders.encodings)
        let result = unsafe nghttp2_submit_response(
          session, streamID, headers.baseAddress, namesEncodings ? 5 : 4, nil)
        precondition(result == 0, "an open stream is answered once")
      }
    }
  }

  /// The message of a failure, cut to its limit.
  @unsafe
  private static func message(
    of status: RPCStatus, _ record: UnsafeMutablePointer<StreamRecord>
  ) -> ByteView {
    let whole: ByteView
    if status.isMessageInReply {
      // SAFETY: the reply's bytes, alive like the record.
      let prefix = unsafe record.pointee.replyStart + MessageFraming.prefixByteCount
      whole = unsafe ByteView(
        base: record.pointee.reply.base + prefix, count: record.pointee.reply.count - prefix)
    } else {
      // SAFETY: a literal lives for ever.
      whole = unsafe ByteView(
        base: status.message.utf8Start, count: status.message.utf8CodeUnitCount)
    }
    guard whole.count > SessionLimits.statusMessageByteCountMax else { return whole }
    var end = SessionLimits.statusMessageByteCountMax
    // Not inside a character: continuation bytes start with the bits 10.
    while end > 0 && whole[end] & 0xC0 == 0x80 { end -= 1 }
    return whole[0..<end]
  }
}
