internal import VerdictModel

/// The header names that mean something to HTTP/2, to gRPC or to us. Everything else is `other`.
enum HeaderName: UInt8 {
  case other
  case method, scheme, path, authority
  case host, te, contentLength
  case contentType, timeout, encoding
  /// A known name whose value only has to be well-formed.
  case harmless
  /// A header of one connection, which HTTP/2 forbids: `connection` and its like.
  case connectionSpecific

  @inline(__always)
  init(_ name: ByteView) {
    self = .other
    switch name.count {
    case 2: if name.equals("te") { self = .te }
    case 4: if name.equals("host") { self = .host }
    case 5: if name.equals(":path") { self = .path }
    case 7:
      if name.equals(":method") {
        self = .method
      } else if name.equals(":scheme") {
        self = .scheme
      } else if name.equals("upgrade") {
        self = .connectionSpecific
      }
    case 10:
      if name.equals(":authority") {
        self = .authority
      } else if name.equals("user-agent") {
        self = .harmless
      } else if name.equals("connection") || name.equals("keep-alive") {
        self = .connectionSpecific
      }
    case 12:
      if name.equals("content-type") {
        self = .contentType
      } else if name.equals("grpc-timeout") {
        self = .timeout
      }
    case 13: if name.equals("grpc-encoding") { self = .encoding }
    case 14: if name.equals("content-length") { self = .contentLength }
    case 16: if name.equals("proxy-connection") { self = .connectionSpecific }
    case 17: if name.equals("transfer-encoding") { self = .connectionSpecific }
    case 20: if name.equals("grpc-accept-encoding") { self = .harmless }
    default: break
    }
  }
}

extension ByteView {
  /// Byte-wise equality with a literal.
  @inline(__always)
  func equals(_ literal: StaticString) -> Bool {
    guard count == literal.utf8CodeUnitCount else { return false }
    // SAFETY: both sides have `count` bytes, and a literal lives for ever.
    return unsafe bytesEqual(buffer.baseAddress, literal.utf8Start, literal.utf8CodeUnitCount)
  }
}
