public import VerdictModel

/// What the server needs to know from a request's headers, gathered one header at a time. A value
/// without I/O; nothing of a header is kept beyond a few numbers.
public struct RequestHeaders: Sendable {
  enum Method: UInt8 { case missing, post, other }
  enum ContentType: UInt8 { case missing, plain, proto, refused }
  enum Timeout: UInt8 { case missing, present, malformed }
  enum Path: UInt8 { case missing, found, unknown }

  /// Sum of name, value and 32 for each header, as HTTP/2 counts a header list.
  public private(set) var byteCount = 0
  public private(set) var count = 0
  var method = Method.missing
  var contentType = ContentType.missing
  var path = Path.missing
  var timeout = Timeout.missing
  /// Whether `grpc-encoding` names something else than `identity`.
  public private(set) var isEncodingNamed = false
  /// The number of the method that the path names.
  public private(set) var methodNumber: UInt8 = 0
  /// The caller's timeout; the greatest value means none.
  public private(set) var timeoutNanoseconds = UInt64.max

  public init() {}

  /// Why a request is refused before its message is looked at, in the order of the checks.
  public enum Refusal: UInt8, Sendable {
    case none
    case contentType
    case method
    case path
    case timeout
  }

  /// The first thing that is wrong with the headers.
  public var refusal: Refusal {
    if contentType == .missing || contentType == .refused { return .contentType }
    if method != .post { return .method }
    if path != .found { return .path }
    return timeout == .malformed ? .timeout : .none
  }

  /// Takes one header. Names are lower-case, as HTTP/2 wants and the library below checks.
  /// - Returns: whether it was the path.
  @discardableResult
  public mutating func take(
    name: ByteView, value: ByteView, methods: borrowing MethodTable
  ) -> Bool {
    add(pairByteCount: name.count + value.count)
    switch name.count {
    case 5:
      if name.equals(":path") {
        let number = methods.number(of: value)
        path = number == nil ? .unknown : .found
        methodNumber = number ?? 0
        return true
      }
    case 7:
      if name.equals(":method") { method = value.equals("POST") ? .post : .other }
    case 12:
      if name.equals("content-type") {
        takeContentType(value)
      } else if name.equals("grpc-timeout") {
        takeTimeout(value)
      }
    case 13:
      if name.equals("grpc-encoding") { isEncodingNamed = !value.equals("identity") }
    default: break
    }
    return false
  }

  /// Counts a header of so many bytes of name and value.
  mutating func add(pairByteCount: Int) {
    byteCount += pairByteCount + 32
    count += 1
  }

  /// `application/grpc`, alone or with `+proto`, or with parameters after `;`. Two content types
  /// are refused: there is no telling which one the sender meant.
  private mutating func takeContentType(_ value: ByteView) {
    guard contentType == .missing else {
      contentType = .refused
      return
    }
    contentType = .refused
    guard value.count >= 16, value[0..<16].equals("application/grpc") else { return }
    let rest = value[16..<value.count]
    if rest.isEmpty || rest[0] == UInt8(ascii: ";") { contentType = .plain }
    if rest.count >= 6, rest[0..<6].equals("+proto"),
      rest.count == 6 || rest[6] == UInt8(ascii: ";")
    {
      contentType = .proto
    }
  }

  private mutating func takeTimeout(_ value: ByteView) {
    guard timeout == .missing, let nanoseconds = RequestHeaders.timeoutNanoseconds(value) else {
      timeout = .malformed
      return
    }
    timeout = .present
    timeoutNanoseconds = nanoseconds
  }

  /// Reads `grpc-timeout`: one to eight digits and a unit out of `H M S m u n`.
  ///
  /// - Returns: nil when it is malformed; what is beyond 64 bits is as good as no timeout.
  public static func timeoutNanoseconds(_ value: ByteView) -> UInt64? {
    guard value.count >= 2, value.count <= 9 else { return nil }
    var number: UInt64 = 0
    for index in 0..<value.count - 1 {
      let digit = value[index] &- 48
      guard digit < 10 else { return nil }
      number = number * 10 + UInt64(digit)
    }
    let unit: UInt64
    switch value[value.count - 1] {
    case UInt8(ascii: "H"): unit = 3_600_000_000_000
    case UInt8(ascii: "M"): unit = 60_000_000_000
    case UInt8(ascii: "S"): unit = 1_000_000_000
    case UInt8(ascii: "m"): unit = 1_000_000
    case UInt8(ascii: "u"): unit = 1_000
    case UInt8(ascii: "n"): unit = 1
    default: return nil
    }
    let product = number.multipliedReportingOverflow(by: unit)
    return product.overflow ? UInt64.max : product.partialValue
  }
}

extension ByteView {
  /// Byte-wise equality with a literal.
  @inline(__always)
  func equals(_ literal: StaticString) -> Bool {
    guard count == literal.utf8CodeUnitCount else { return false }
    // SAFETY: both sides have `count` bytes, and a literal lives for ever.
    return unsafe bytesEqual(buffer.baseAddress, literal.utf8Start, count)
  }
}
