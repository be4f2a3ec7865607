public import VerdictModel

/// What the server needs to know from a request's headers, gathered one header at a time. A value
/// without I/O; nothing of a header is kept beyond a few numbers.
public struct RequestHeaders: Sendable {
  enum Method: UInt8 { case missing, post, get, other }
  enum ContentType: UInt8 { case missing, plain, proto, refused }
  enum Timeout: UInt8 { case missing, present, malformed }
  enum Path: UInt8 { case missing, found, unknown }
  public enum Encoding: UInt8, Sendable { case identity, gzip, unknown }

  /// Sum of name, value and 32 for each header, as HTTP/2 counts a header list.
  public private(set) var byteCount = 0
  public private(set) var count = 0
  public private(set) var rules: HeaderRules
  var method = Method.missing
  var contentType = ContentType.missing
  var path = Path.missing
  var timeout = Timeout.missing
  /// What `grpc-encoding` names.
  private(set) var encoding = Encoding.identity
  /// The method that the path names.
  private(set) var target = MethodTable.Target(number: 0, kind: .unary)
  /// The caller's timeout; the greatest value means none.
  public private(set) var timeoutNanoseconds = UInt64.max

  public init(_ authority: HeaderRules.Authority) { rules = HeaderRules(authority) }

  /// The number of the method that the path names.
  public var methodNumber: UInt8 { target.number }

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
    if target.kind == .page && method == .get { return .none }
    if method == .get { return .method }
    if contentType == .missing || contentType == .refused { return .contentType }
    if method != .post { return .method }
    if path != .found || target.kind == .page { return .path }
    return timeout == .malformed ? .timeout : .none
  }

  /// Takes one header.
  /// - Returns: whether it was the path.
  @discardableResult
  public mutating func take(
    name: ByteView, value: ByteView, methods: borrowing MethodTable
  ) -> Bool {
    byteCount += name.count + value.count + 32
    count += 1
    let kind = HeaderName(name)
    rules.take(kind, name, value)
    switch kind {
    case .path:
      let found = methods.target(of: value)
      path = found == nil ? .unknown : .found
      if let found { target = found }
      return true
    case .method:
      method = value.equals("POST") ? .post : value.equals("GET") ? .get : .other
    case .contentType: takeContentType(value)
    case .timeout: takeTimeout(value)
    case .encoding:
      encoding = value.equals("identity") ? .identity : value.equals("gzip") ? .gzip : .unknown
    default: break
    }
    return false
  }

  /// Takes one trailer, which says nothing to us: it counts, and has to keep the rules.
  public mutating func take(trailer name: ByteView, value: ByteView) {
    byteCount += name.count + value.count + 32
    count += 1
    rules.take(name: name, value: value)
  }

  /// All headers are there.
  /// - Returns: whether they are a request by HTTP's rules.
  public mutating func end() -> Bool { rules.endHeaders() }

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
