public import VerdictModel

/// Envoy's `CheckResponse`. One of the two forms, never none: an empty response is an allow.
public enum ExternalAuthorizationResponse {
  /// The request goes on, with these headers instead of any that the client sent, and without
  /// those that are to be removed.
  case allow(headers: TextPairs, removed: ResponseTexts)
  /// The client gets this answer.
  case deny(status: Int32, headers: TextPairs, body: ByteView)

  /// Of `google.rpc.Code`.
  private enum Code {
    static let permissionDenied: UInt64 = 7
    static let unauthenticated: UInt64 = 16
  }

  /// Packs the message into memory that `reserve` hands out for so many bytes.
  ///
  /// - Parameter metadata: a `google.protobuf.Struct`, for access logs.
  public func pack(metadata: ByteView, _ reserve: (Int) -> UnsafeMutableRawPointer) {
    let code = code
    let statusByteCount = FieldWriter.byteCount(of: code)
    let formByteCount = formByteCount
    let byteCount =
      FieldWriter.byteCount(ofFieldOf: statusByteCount)
      + FieldWriter.byteCount(ofFieldOf: formByteCount) + FieldWriter.byteCount(of: metadata)
    // SAFETY: the sum is that of all that is written.
    var writer = unsafe FieldWriter(at: reserve(byteCount))
    writer.writeHead(1, byteCount: statusByteCount)
    writer.write(1, code)
    switch self {
    case .deny(let status, let headers, let body):
      let status = ExternalAuthorizationResponse.word(status)
      writer.writeHead(2, byteCount: formByteCount)
      writer.writeHead(1, byteCount: FieldWriter.byteCount(of: status))
      writer.write(1, status)
      ExternalAuthorizationResponse.write(headers, to: &writer)
      writer.write(3, body)
    case .allow(let headers, let removed):
      writer.writeHead(3, byteCount: formByteCount)
      ExternalAuthorizationResponse.write(headers, to: &writer)
      writer.write(5, removed)
    }
    writer.write(4, metadata)
  }

  private var code: UInt64 {
    switch self {
    case .allow: 0
    case .deny(let status, _, _): status == 401 ? Code.unauthenticated : Code.permissionDenied
    }
  }

  /// Of the `OkHttpResponse` or `DeniedHttpResponse`.
  private var formByteCount: Int {
    switch self {
    case .allow(let headers, let removed):
      return ExternalAuthorizationResponse.byteCount(of: headers)
        + FieldWriter.byteCount(of: removed)
    case .deny(let status, let headers, let body):
      let status = FieldWriter.byteCount(of: ExternalAuthorizationResponse.word(status))
      return FieldWriter.byteCount(ofFieldOf: status)
        + ExternalAuthorizationResponse.byteCount(of: headers) + FieldWriter.byteCount(of: body)
    }
  }

  private static func word(_ status: Int32) -> UInt64 { UInt64(bitPattern: Int64(status)) }

  // MARK: Headers

  /// A `BoolValue` that is there and false: tag and length.
  private static var appendByteCount: Int { 2 }

  private static func byteCount(of pair: TextPairs.Pair) -> Int {
    FieldWriter.byteCount(of: pair.name) + FieldWriter.byteCount(of: pair.value)
  }

  private static func byteCount(of headers: TextPairs) -> Int {
    var sum = 0
    for index in 0..<headers.count {
      let header = FieldWriter.byteCount(ofFieldOf: byteCount(of: headers[index]))
      sum += FieldWriter.byteCount(ofFieldOf: header + appendByteCount)
    }
    return sum
  }

  /// Each a `HeaderValueOption` with `append` there and false.
  private static func write(_ headers: TextPairs, to writer: inout FieldWriter) {
    for index in 0..<headers.count {
      let pair = headers[index]
      let valueByteCount = byteCount(of: pair)
      writer.writeHead(
        2, byteCount: FieldWriter.byteCount(ofFieldOf: valueByteCount) + appendByteCount)
      writer.writeHead(1, byteCount: valueByteCount)
      writer.write(1, pair.name)
      writer.write(2, pair.value)
      writer.writeHead(2, byteCount: 0)
    }
  }
}
