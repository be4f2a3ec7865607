internal import CProtobufC
internal import CVerdictProto
public import VerdictModel

/// Envoy's `CheckResponse`. One of the two forms, never none: an empty response is an allow.
public enum ExternalAuthorizationResponse {
  /// The request goes on, with these headers instead of any that the client sent, and without
  /// those that are to be removed.
  case allow(headers: TextPairs, removed: ResponseTexts)
  /// The client gets this answer.
  case deny(status: Int32, headers: TextPairs, body: ByteView)

  private typealias Option = Envoy__Service__Auth__V3__HeaderValueOption
  private typealias Value = Envoy__Service__Auth__V3__HeaderValue

  /// Packs the message into memory that `reserve` hands out for so many bytes.
  ///
  /// - Parameter metadata: a `google.protobuf.Struct`, for access logs.
  /// - Returns: false where the arena is full; nothing was reserved then.
  public func pack(
    metadata: ByteView, in arena: borrowing MessageArena,
    _ reserve: (Int) -> UnsafeMutableRawPointer
  ) -> Bool {
    var status = unsafe Envoy__Service__Auth__V3__Status()
    unsafe envoy__service__auth__v3__status__init(&status)
    var message = unsafe Envoy__Service__Auth__V3__CheckResponse()
    unsafe envoy__service__auth__v3__check_response__init(&message)
    unsafe message.dynamic_metadata = metadata.binaryData
    // SAFETY: all messages outlive the packing, which writes as many bytes as it said it would.
    return unsafe withUnsafeMutablePointer(to: &status) { status in
      unsafe message.status = status
      switch self {
      case .allow(let headers, let removed):
        return unsafe ExternalAuthorizationResponse.allow(
          &message, headers, removed, arena, reserve)
      case .deny(let code, let headers, let body):
        // google.rpc.Code: UNAUTHENTICATED or PERMISSION_DENIED.
        unsafe status.pointee.code = code == 401 ? 16 : 7
        return unsafe ExternalAuthorizationResponse.deny(
          &message, code, headers, body, arena, reserve)
      }
    }
  }

  @unsafe
  private static func allow(
    _ message: inout Envoy__Service__Auth__V3__CheckResponse, _ headers: TextPairs,
    _ removed: ResponseTexts, _ arena: borrowing MessageArena,
    _ reserve: (Int) -> UnsafeMutableRawPointer
  ) -> Bool {
    var response = unsafe Envoy__Service__Auth__V3__OkHttpResponse()
    unsafe envoy__service__auth__v3__ok_http_response__init(&response)
    guard let options = unsafe options(headers, arena) else { return false }
    unsafe response.n_headers = headers.count
    unsafe response.headers = options
    unsafe response.n_headers_to_remove = removed.count
    unsafe response.headers_to_remove = removed.items
    return unsafe withUnsafeMutablePointer(to: &response) { response in
      unsafe message.http_response_case =
        ENVOY__SERVICE__AUTH__V3__CHECK_RESPONSE__HTTP_RESPONSE_OK_RESPONSE
      unsafe message.ok_response = response
      unsafe write(&message, reserve)
      return true
    }
  }

  @unsafe
  private static func deny(
    _ message: inout Envoy__Service__Auth__V3__CheckResponse, _ code: Int32, _ headers: TextPairs,
    _ body: ByteView, _ arena: borrowing MessageArena,
    _ reserve: (Int) -> UnsafeMutableRawPointer
  ) -> Bool {
    var http = unsafe Envoy__Service__Auth__V3__HttpStatus()
    unsafe envoy__service__auth__v3__http_status__init(&http)
    unsafe http.code = code
    var response = unsafe Envoy__Service__Auth__V3__DeniedHttpResponse()
    unsafe envoy__service__auth__v3__denied_http_response__init(&response)
    guard let options = unsafe options(headers, arena) else { return false }
    unsafe response.n_headers = headers.count
    unsafe response.headers = options
    unsafe response.body = body.binaryData
    return unsafe withUnsafeMutablePointer(to: &http) { http in
      unsafe response.status = http
      return unsafe withUnsafeMutablePointer(to: &response) { response in
        unsafe message.http_response_case =
          ENVOY__SERVICE__AUTH__V3__CHECK_RESPONSE__HTTP_RESPONSE_DENIED_RESPONSE
        unsafe message.denied_response = response
        unsafe write(&message, reserve)
        return true
      }
    }
  }

  @unsafe
  private static func write(
    _ message: inout Envoy__Service__Auth__V3__CheckResponse,
    _ reserve: (Int) -> UnsafeMutableRawPointer
  ) {
    let room = unsafe reserve(
      envoy__service__auth__v3__check_response__get_packed_size(&message))
    unsafe _ = envoy__service__auth__v3__check_response__pack(
      &message, room.assumingMemoryBound(to: UInt8.self))
  }

  /// The headers as messages in the arena, each with `append` there and false.
  @unsafe
  private static func options(
    _ headers: TextPairs, _ arena: borrowing MessageArena
  ) -> UnsafeMutablePointer<UnsafeMutablePointer<Option>?>? {
    let count = headers.count
    let pointers = unsafe arena.allocate(
      byteCount: count * MemoryLayout<UnsafeMutablePointer<Option>?>.stride)
    let rooms = unsafe arena.allocate(byteCount: count * MemoryLayout<Option>.stride)
    let values = unsafe arena.allocate(byteCount: count * MemoryLayout<Value>.stride)
    let flag = unsafe arena.allocate(
      byteCount: MemoryLayout<Envoy__Service__Auth__V3__BoolValue>.stride)
    guard let pointers = unsafe pointers, let rooms = unsafe rooms, let values = unsafe values,
      let flag = unsafe flag
    else { return nil }
    // SAFETY: as much room as each takes; every message is initialised before it is read.
    let list = unsafe pointers.bindMemory(
      to: UnsafeMutablePointer<Option>?.self, capacity: count)
    let option = unsafe rooms.bindMemory(to: Option.self, capacity: count)
    let value = unsafe values.bindMemory(to: Value.self, capacity: count)
    let append = unsafe flag.bindMemory(
      to: Envoy__Service__Auth__V3__BoolValue.self, capacity: 1)
    unsafe envoy__service__auth__v3__bool_value__init(append)
    for index in 0..<count {
      unsafe envoy__service__auth__v3__header_value__init(value + index)
      unsafe value[index].key = headers[index].name.binaryData
      unsafe value[index].value = headers[index].value.binaryData
      unsafe envoy__service__auth__v3__header_value_option__init(option + index)
      unsafe option[index].header = value + index
      unsafe option[index].append = append
      unsafe list[index] = option + index
    }
    return unsafe list
  }
}
