internal import CNghttp2
internal import VerdictModel

/// What is known of a call so far.
struct ClientCall {
  var request: [UInt8] = []
  var sentCount = 0
  /// Prefix and message of the reply as they came.
  var received: [UInt8] = []
  var isTooLong = false
  var httpStatus = 0
  var contentType: [UInt8] = []
  var status: UInt8?
  var statusMessage: [UInt8] = []
  var isClosed = false
  var resetCode: UInt32 = 0

  mutating func take(name: ByteView, value: ByteView) {
    if name.equals(":status") {
      httpStatus = Int(value.text) ?? 0
    } else if name.equals("content-type") {
      contentType = value.array
    } else if name.equals("grpc-status") {
      status = UInt8(value.text) ?? 2
    } else if name.equals("grpc-message") {
      statusMessage = PercentEncoding.decode(value.array)
    }
  }

  /// What the call's bytes come to, by gRPC's rules for clients.
  var result: ClientResult {
    guard let status else { return withoutStatus }
    let text = String(decoding: statusMessage, as: UTF8.self)
    guard status == 0 else { return ClientResult(code: status, message: text, reply: []) }
    if isTooLong { return failure(.resourceExhausted, "the reply is longer than the limit") }
    guard received.count >= 5, received[0] == 0 else {
      return failure(.internalError, "the reply has no plain message")
    }
    let length = received[1..<5].reduce(0) { $0 << 8 | Int($1) }
    guard length == received.count - 5 else {
      return failure(.internalError, "the reply is not one whole message")
    }
    return ClientResult(code: 0, message: text, reply: Array(received[5...]))
  }

  /// The result of a call that ended without `grpc-status`: made up from the reset's code or the
  /// HTTP status (gRPC over HTTP/2, "Errors" and "HTTP to gRPC status code mapping").
  private var withoutStatus: ClientResult {
    if httpStatus == 0 || httpStatus == 200 {
      switch nghttp2_error_code(rawValue: resetCode) {
      case NGHTTP2_REFUSED_STREAM: return failure(.unavailable, "the server refused the call")
      case NGHTTP2_CANCEL: return failure(.cancelled, "the server cancelled the call")
      case NGHTTP2_ENHANCE_YOUR_CALM:
        return failure(.resourceExhausted, "the server found the request excessive")
      case NGHTTP2_INADEQUATE_SECURITY:
        return failure(.permissionDenied, "the server wants a safer connection")
      case NGHTTP2_NO_ERROR where httpStatus == 200:
        return failure(.unknown, "the reply has no grpc-status")
      default:
        return failure(.internalError, "the server reset the call (HTTP/2 code \(resetCode))")
      }
    }
    let words = "the server answered with HTTP status \(httpStatus)"
    switch httpStatus {
    case 400: return failure(.internalError, words)
    case 401: return failure(.unauthenticated, words)
    case 403: return failure(.permissionDenied, words)
    case 404: return failure(.unimplemented, words)
    case 429, 502, 503, 504: return failure(.unavailable, words)
    default: return failure(.unknown, words)
    }
  }

  private func failure(_ code: RPCCode, _ message: String) -> ClientResult {
    ClientResult(code: code.rawValue, message: message, reply: [])
  }
}

/// The memory behind a `ClientSession`.
@safe
struct ClientState {
  var session: OpaquePointer?
  let responseByteCountMax: Int
  var calls: [Int32: ClientCall] = [:]

  init(responseByteCountMax: Int) { self.responseByteCountMax = responseByteCountMax }
}

/// The functions that nghttp2 calls for a client.
enum ClientCallbacks {
  @unsafe
  static func make() -> OpaquePointer? {
    var callbacks: OpaquePointer?
    // SAFETY: answers a fresh object, or an error that only means that memory is out.
    let result = unsafe nghttp2_session_callbacks_new(&callbacks)
    precondition(result == 0, "out of memory")
    unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks) {
      unsafe ClientCallbacks.header($1, $2, $3, $4, $5, $7)
    }
    unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) {
      unsafe ClientCallbacks.data($2, $3, $4, $5)
    }
    unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) {
      unsafe ClientCallbacks.streamClosed($1, $2, $3)
    }
    return unsafe callbacks
  }

  private static func state(_ data: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<ClientState> {
    // SAFETY: every client session was made with its state as user data.
    unsafe data.unsafelyUnwrapped.assumingMemoryBound(to: ClientState.self)
  }

  private static func header(
    _ frame: UnsafePointer<nghttp2_frame>?, _ name: UnsafePointer<UInt8>?, _ nameCount: Int,
    _ value: UnsafePointer<UInt8>?, _ valueCount: Int, _ data: UnsafeMutableRawPointer?
  ) -> Int32 {
    // SAFETY: nghttp2 passes a frame, a name and a value that live through the call.
    guard let frame = unsafe frame, let name = unsafe name, let value = unsafe value else {
      return 0
    }
    let state = unsafe state(data)
    unsafe state.pointee.calls[frame.pointee.hd.stream_id]?.take(
      name: ByteView(base: name, count: nameCount),
      value: ByteView(base: value, count: valueCount))
    return 0
  }

  private static func data(
    _ streamID: Int32, _ bytes: UnsafePointer<UInt8>?, _ count: Int,
    _ data: UnsafeMutableRawPointer?
  ) -> Int32 {
    let state = unsafe state(data)
    // SAFETY: nghttp2 passes bytes that live through the call.
    let received = unsafe state.pointee.calls[streamID]?.received.count ?? 0
    if unsafe received + count > state.pointee.responseByteCountMax + 5 {
      unsafe state.pointee.calls[streamID]?.isTooLong = true
    } else {
      unsafe state.pointee.calls[streamID]?.received.append(
        contentsOf: UnsafeBufferPointer(start: bytes, count: count))
    }
    return 0
  }

  private static func streamClosed(
    _ streamID: Int32, _ code: UInt32, _ data: UnsafeMutableRawPointer?
  ) -> Int32 {
    let state = unsafe state(data)
    unsafe state.pointee.calls[streamID]?.resetCode = code
    unsafe state.pointee.calls[streamID]?.isClosed = true
    return 0
  }

  /// Copies a piece of a request into a DATA frame.
  @unsafe
  static func readRequest(
    _ session: OpaquePointer?, _ streamID: Int32, _ target: UnsafeMutablePointer<UInt8>?,
    _ room: Int, _ flags: UnsafeMutablePointer<UInt32>?,
    _ source: UnsafeMutablePointer<nghttp2_data_source>?, _ data: UnsafeMutableRawPointer?
  ) -> Int {
    let state = unsafe state(data)
    // SAFETY: `target` has room for `room` bytes.
    guard let target = unsafe target, let flags = unsafe flags,
      let call = unsafe state.pointee.calls[streamID]
    else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
    let count = min(room, call.request.count - call.sentCount)
    for index in 0..<count { unsafe target[index] = call.request[call.sentCount + index] }
    unsafe state.pointee.calls[streamID]?.sentCount += count
    if call.sentCount + count == call.request.count {
      unsafe flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
    }
    return count
  }
}
