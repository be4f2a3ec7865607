internal import CNghttp2
public import VerdictModel

/// One client connection's HTTP/2 and gRPC: calls in, bytes out, bytes in, results out. It knows no
/// descriptor, clock or thread. Made for tools: it allocates, and holds whole messages.
@safe
public final class ClientSession {
  private let state: UnsafeMutablePointer<ClientState>
  private let scheme: String

  /// A session that has queued its preface and SETTINGS.
  ///
  /// - Parameters:
  ///   - isSecured: whether the bytes travel under TLS, which the server is told.
  ///   - responseByteCountMax: a longer message makes its call fail.
  public init(
    isSecured: Bool = false, responseByteCountMax: Int = Limits.messageByteCountMax * 4
  ) {
    scheme = isSecured ? "https" : "http"
    unsafe state = .allocate(capacity: 1)
    // SAFETY: just allocated; freed by deinit alone.
    unsafe state.initialize(to: ClientState(responseByteCountMax: responseByteCountMax))
    let callbacks = unsafe ClientCallbacks.make()
    var session: OpaquePointer?
    // SAFETY: the session copies the callbacks; the state lives as long as the session.
    let result = unsafe nghttp2_session_client_new(&session, callbacks, state)
    unsafe nghttp2_session_callbacks_del(callbacks)
    guard result == 0, let session = unsafe session else { preconditionFailure("out of memory") }
    unsafe state.pointee.session = session
    let none = UInt8(NGHTTP2_FLAG_NONE.rawValue)
    var settings = [
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: 4 << 20),
    ]
    let submitted = unsafe nghttp2_submit_settings(session, none, &settings, settings.count)
    precondition(submitted == 0, "settings of our own making are valid")
  }

  deinit {
    // SAFETY: nothing uses the session after this.
    unsafe nghttp2_session_del(state.pointee.session)
    unsafe state.deinitialize(count: 1)
    unsafe state.deallocate()
  }

  /// Queues a unary call.
  ///
  /// - Parameters:
  ///   - path: `/package.Service/Method`.
  ///   - authority: what the server is called; for a Unix socket `localhost`.
  ///   - timeoutNanoseconds: sent as `grpc-timeout`; nil for none.
  /// - Returns: the call's number; nil when the connection takes no more calls.
  public func start(
    path: String, authority: String, message: [UInt8], timeoutNanoseconds: UInt64?
  ) -> Int32? {
    // SAFETY: the session is alive; names and values are copied by it.
    guard unsafe nghttp2_session_check_request_allowed(state.pointee.session) != 0 else {
      return nil
    }
    var call = ClientCall()
    call.request = [0]
    call.request.append(contentsOf: (0..<4).map { UInt8(message.count >> (24 - 8 * $0) & 0xFF) })
    call.request.append(contentsOf: message)
    var headers = [
      (":method", "POST"), (":scheme", scheme), (":path", path), (":authority", authority),
      ("content-type", "application/grpc"), ("te", "trailers"),
      ("user-agent", "verdict-client"),
    ]
    if let timeoutNanoseconds {
      headers.append(("grpc-timeout", ClientSession.timeoutText(timeoutNanoseconds)))
    }
    let streamID = unsafe ClientSession.submit(headers, state.pointee.session)
    guard streamID > 0 else { return nil }
    unsafe state.pointee.calls[streamID] = call
    return streamID
  }

  @unsafe
  private static func submit(_ headers: [(String, String)], _ session: OpaquePointer?) -> Int32 {
    var text: [UInt8] = []
    for header in headers {
      text.append(contentsOf: header.0.utf8)
      text.append(contentsOf: header.1.utf8)
    }
    return unsafe text.withUnsafeMutableBufferPointer { bytes in
      var fields: [nghttp2_nv] = unsafe []
      // SAFETY: the text holds all names and values one after the other, and is copied by the
      // submission at the end of this closure.
      guard var next = bytes.baseAddress else { return -1 }
      for (name, value) in headers {
        let (nameCount, valueCount) = (name.utf8.count, value.utf8.count)
        unsafe fields.append(
          nghttp2_nv(
            name: next, value: next + nameCount, namelen: nameCount, valuelen: valueCount,
            flags: 0))
        unsafe next += nameCount + valueCount
      }
      var provider = unsafe nghttp2_data_provider()
      unsafe provider.read_callback = {
        unsafe ClientCallbacks.readRequest($0, $1, $2, $3, $4, $5, $6)
      }
      return unsafe nghttp2_submit_request(
        session, nil, &fields, fields.count, &provider, nil)
    }
  }

  /// `grpc-timeout` in the finest unit that fits into eight digits.
  static func timeoutText(_ nanoseconds: UInt64) -> String {
    let units: [(UInt64, String)] = [
      (1, "n"), (1_000, "u"), (1_000_000, "m"), (1_000_000_000, "S"), (60_000_000_000, "M"),
    ]
    for (size, name) in units where nanoseconds / size < 100_000_000 {
      return "\(nanoseconds / size)\(name)"
    }
    return "99999999H"
  }

  /// Gives a call up; its result will not come.
  public func cancel(_ call: Int32) {
    // SAFETY: the session is alive. It fails only when memory is out.
    _ = unsafe nghttp2_submit_rst_stream(
      state.pointee.session, UInt8(NGHTTP2_FLAG_NONE.rawValue), call, NGHTTP2_CANCEL.rawValue)
    unsafe state.pointee.calls[call] = nil
  }

  /// Takes bytes that came from the server.
  /// - Returns: false when the connection can't be used any more.
  public func receive(_ bytes: ByteView) -> Bool {
    // SAFETY: the session is alive and we are not inside one of its callbacks.
    unsafe nghttp2_session_mem_recv(
      state.pointee.session, bytes.buffer.baseAddress, bytes.count) >= 0
  }

  /// The next bytes to send; empty when there are none.
  public func drain() -> [UInt8] {
    var result: [UInt8] = []
    while result.count < 256 << 10 {
      var chunk: UnsafePointer<UInt8>?
      // SAFETY: a chunk is valid until the next call, and copied before it.
      let count = unsafe nghttp2_session_mem_send(state.pointee.session, &chunk)
      guard count > 0, let chunk = unsafe chunk else { break }
      unsafe result.append(contentsOf: UnsafeBufferPointer(start: chunk, count: count))
    }
    return result
  }

  /// Whether the connection is to be closed: the server has said good-bye or broken the protocol.
  public var isOver: Bool {
    // SAFETY: the session is alive.
    let session = unsafe state.pointee.session
    return unsafe nghttp2_session_want_read(session) == 0
      && nghttp2_session_want_write(session) == 0
  }

  /// The result of a call once it has one; afterwards the call is forgotten.
  public func result(of call: Int32) -> ClientResult? {
    guard let found = unsafe state.pointee.calls[call], found.isClosed else { return nil }
    unsafe state.pointee.calls[call] = nil
    return found.result
  }
}

/// How a call ended on the client.
public struct ClientResult: Sendable {
  /// gRPC's status code, 0 for success.
  public let code: UInt8
  /// The server's words, decoded; empty when it had none.
  public let message: String
  /// The reply's message; empty unless the call succeeded.
  public let reply: [UInt8]
}
