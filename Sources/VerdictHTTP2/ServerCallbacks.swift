internal import CNghttp2
internal import VerdictModel

/// The functions that nghttp2 calls. They are plain functions with a pointer, because a closure
/// with a context, an object or a global would cost more than what they do.
enum ServerCallbacks {
  static func make() -> OpaquePointer {
    var callbacks: OpaquePointer?
    // SAFETY: answers a fresh object, or an error that only means that memory is out.
    let result = unsafe nghttp2_session_callbacks_new(&callbacks)
    guard result == 0, let callbacks = unsafe callbacks else {
      preconditionFailure("out of memory")
    }
    unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) {
      unsafe ServerCallbacks.beginHeaders($0, $1, $2)
    }
    unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks) {
      unsafe ServerCallbacks.header($1, $2, $3, $4, $5, $7)
    }
    unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) {
      unsafe ServerCallbacks.data($0, $2, $3, $4, $5)
    }
    unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) {
      unsafe ServerCallbacks.frameReceived($1, $2)
    }
    unsafe nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) {
      unsafe ServerCallbacks.frameInvalid($1, $2, $3)
    }
    unsafe nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) {
      unsafe ServerCallbacks.frameSent($1, $2)
    }
    unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) {
      unsafe ServerCallbacks.streamClosed($1, $3)
    }
    return unsafe callbacks
  }

  @inline(__always)
  private static func state(_ data: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<SessionState>
  {
    // SAFETY: every session was made with its state as user data.
    unsafe data.unsafelyUnwrapped.assumingMemoryBound(to: SessionState.self)
  }

  private static func beginHeaders(
    _ session: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?,
    _ data: UnsafeMutableRawPointer?
  ) -> Int32 {
    // SAFETY: nghttp2 passes a frame that lives through the call.
    guard let frame = unsafe frame, unsafe frame.pointee.hd.type == frameHeaders,
      unsafe frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST
    else { return 0 }
    let state = unsafe state(data)
    if unsafe state.pointee.burstStreamCount
      >= state.pointee.context.pointee.limits.streamBurstCountMax
    {
      unsafe state.pointee.stop(.streamBurst)
      return unsafe state.pointee.verdict
    }
    let record = unsafe state.pointee.open(frame.pointee.hd.stream_id)
    return unsafe nghttp2_session_set_stream_user_data(
      session, frame.pointee.hd.stream_id, record)
  }

  private static func header(
    _ frame: UnsafePointer<nghttp2_frame>?, _ name: UnsafePointer<UInt8>?, _ nameCount: Int,
    _ value: UnsafePointer<UInt8>?, _ valueCount: Int, _ data: UnsafeMutableRawPointer?
  ) -> Int32 {
    let state = unsafe state(data)
    // SAFETY: nghttp2 passes a frame, a name and a value that live through the call.
    guard let frame = unsafe frame, let name = unsafe name, let value = unsafe value,
      let record = unsafe state.pointee.record(of: frame.pointee.hd.stream_id)
    else { return 0 }
    let nameView = unsafe ByteView(base: name, count: nameCount)
    let valueView = unsafe ByteView(base: value, count: valueCount)
    if unsafe record.pointee.areHeadersWhole {
      unsafe record.pointee.headers.take(trailer: nameView, value: valueView)
    } else {
      let isPath = unsafe record.pointee.headers.take(
        name: nameView, value: valueView, methods: state.pointee.context.pointee.methods)
      if isPath, unsafe record.pointee.headers.path == .unknown {
        unsafe describePath(record, valueView, state.pointee.context)
      }
    }
    // A bomb of tiny references goes on until the connection ends, so it ends here.
    let context = unsafe state.pointee.context
    if unsafe record.pointee.headers.byteCount > context.pointee.headerByteCountHardMax
      || record.pointee.headers.count > context.pointee.headerCountHardMax
    {
      unsafe state.pointee.stop(.headerBomb)
    }
    return unsafe state.pointee.verdict
  }

  /// Writes into the reply why a path leads nowhere.
  @unsafe
  @inline(never)
  private static func describePath(
    _ record: UnsafeMutablePointer<StreamRecord>, _ path: ByteView,
    _ context: UnsafeMutablePointer<ContextState>
  ) {
    let shown = path[0..<min(path.count, 200)].text
    let message: String
    // SAFETY: the record is alive during the callback that calls this.
    if let end = MethodTable.serviceEnd(of: path) {
      let service = path[1..<min(end, 200)].text
      message =
        unsafe context.pointee.methods.hasService(of: path)
        ? "unknown method in `\(shown)`" : "unknown service `\(service)`"
    } else {
      message = "malformed method name `\(shown)`"
    }
    var reply = unsafe ReplyBuffer(record)
    _ = reply.fail(.unimplemented, message)
  }

  private static func data(
    _ session: OpaquePointer?, _ streamID: Int32, _ bytes: UnsafePointer<UInt8>?, _ count: Int,
    _ data: UnsafeMutableRawPointer?
  ) -> Int32 {
    let state = unsafe state(data)
    // SAFETY: nghttp2 passes bytes that live through the call.
    unsafe state.pointee.meter.noteData(byteCount: count)
    // What is taken off the wire frees the connection's window; that of a stream is opened again
    // only where a call has many messages, and by them. It only fails for want of memory.
    _ = unsafe nghttp2_session_consume_connection(session, count)
    if let bytes = unsafe bytes, let record = unsafe state.pointee.record(of: streamID) {
      unsafe state.pointee.receiveData(record, bytes, count)
    }
    return unsafe state.pointee.verdict
  }

  private static func frameReceived(
    _ frame: UnsafePointer<nghttp2_frame>?, _ data: UnsafeMutableRawPointer?
  ) -> Int32 {
    guard let frame = unsafe frame else { return 0 }
    let state = unsafe state(data)
    // SAFETY: nghttp2 passes a frame that lives through the call.
    let header = unsafe frame.pointee.hd
    switch header.type {
    case frameHeaders:
      guard let record = unsafe state.pointee.record(of: header.stream_id) else { return 0 }
      let isEnd = header.flags & flagEndStream != 0
      if unsafe record.pointee.areHeadersWhole {
        unsafe state.pointee.endTrailers(record, isEnd: isEnd)
      } else {
        unsafe state.pointee.endHeaders(record)
      }
      if isEnd { unsafe state.pointee.endRequest(record) }
    case frameData:
      if header.flags & flagEndStream != 0,
        let record = unsafe state.pointee.record(of: header.stream_id)
      {
        unsafe state.pointee.endRequest(record)
      }
    case framePing:
      // The only ping that we send is that of a shutdown.
      if header.flags & flagAcknowledgement != 0 {
        unsafe state.pointee.isShutdownAcknowledged = true
      }
    case frameSettings:
      if header.flags & flagAcknowledgement != 0 {
        unsafe state.pointee.isSettingsAcknowledged = true
      }
    default: break
    }
    return unsafe state.pointee.verdict
  }

  private static func frameInvalid(
    _ frame: UnsafePointer<nghttp2_frame>?, _ error: Int32, _ data: UnsafeMutableRawPointer?
  ) -> Int32 {
    let state = unsafe state(data)
    // SAFETY: nghttp2 passes a frame that lives through the call.
    if let frame = unsafe frame { unsafe state.pointee.noteInvalidFrame(frame, error) }
    return unsafe state.pointee.verdict
  }

  /// Resets a stream after its answer when the peer has not ended its request. A reset that is
  /// queued any earlier would cancel the answer.
  private static func frameSent(
    _ frame: UnsafePointer<nghttp2_frame>?, _ data: UnsafeMutableRawPointer?
  ) -> Int32 {
    let state = unsafe state(data)
    // SAFETY: nghttp2 passes a frame that lives through the call.
    guard unsafe state.pointee.resetWantedCount > 0, let frame = unsafe frame else { return 0 }
    let header = unsafe frame.pointee.hd
    guard header.type == frameHeaders, header.flags & flagEndStream != 0,
      let record = unsafe state.pointee.record(of: header.stream_id),
      unsafe record.pointee.isResetWanted
    else { return 0 }
    unsafe record.pointee.isResetWanted = false
    unsafe state.pointee.resetWantedCount -= 1
    let session = unsafe state.pointee.session
    if unsafe nghttp2_session_get_stream_remote_close(session, header.stream_id) == 0 {
      _ = unsafe nghttp2_submit_rst_stream(
        session, UInt8(NGHTTP2_FLAG_NONE.rawValue), header.stream_id, NGHTTP2_NO_ERROR.rawValue)
    }
    return 0
  }

  private static func streamClosed(_ streamID: Int32, _ data: UnsafeMutableRawPointer?) -> Int32 {
    let state = unsafe state(data)
    if let record = unsafe state.pointee.record(of: streamID) {
      unsafe state.pointee.close(record)
    }
    return 0
  }

  /// Copies a piece of the reply into a DATA frame, and queues the trailers with the last one.
  @unsafe
  static func readReply(
    _ session: OpaquePointer?, _ streamID: Int32, _ target: UnsafeMutablePointer<UInt8>?,
    _ room: Int, _ flags: UnsafeMutablePointer<UInt32>?,
    _ source: UnsafeMutablePointer<nghttp2_data_source>?, _ data: UnsafeMutableRawPointer?
  ) -> Int {
    // SAFETY: the source is the stream's record, which lives until the stream is closed; `target`
    // has room for `room` bytes.
    guard let target = unsafe target, let flags = unsafe flags,
      let pointer = unsafe source?.pointee.ptr
    else { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
    let record = unsafe pointer.assumingMemoryBound(to: StreamRecord.self)
    if unsafe record.pointee.headers.target.kind.isStreaming {
      let state = unsafe state(data)
      unsafe state.pointee.meter.sentDataCount &+= 1
      unsafe state.pointee.meter.hasSent = true
      return unsafe state.pointee.readMessages(record, target, room, flags)
    }
    let sent = unsafe record.pointee.replySentCount
    let left = unsafe record.pointee.reply.count - sent
    let count = min(left, room)
    unsafe UnsafeMutableRawPointer(target).copyMemory(
      from: record.pointee.reply.base + sent, byteCount: count)
    unsafe record.pointee.replySentCount = sent + count
    let state = unsafe state(data)
    unsafe record.pointee.progressNanoseconds = state.pointee.nowNanoseconds
    unsafe state.pointee.meter.sentDataCount &+= 1
    unsafe state.pointee.meter.hasSent = true
    if count == left {
      unsafe flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
      // A page has no trailers.
      if unsafe record.pointee.headers.target.kind == .page { return count }
      unsafe flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
      let result = unsafe nghttp2_submit_trailer(
        session, streamID, state.pointee.context.pointee.fixed.trailers, 1)
      if result != 0 { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
    }
    return count
  }
}
