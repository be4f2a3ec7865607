public import VerdictModel

/// HTTP's rules for a request's headers and trailers (RFC 9113, 8.1 to 8.3), one header at a time.
/// A value without I/O that allocates nothing.
///
/// nghttp2 has a check of its own, which is off: it refuses the `:authority` that clients of Unix
/// sockets send (a raw path, an empty one, none), and can't be told otherwise. These rules are as
/// strict in everything else; a test holds both against each other with random header blocks.
///
/// | what | rule |
/// |---|---|
/// | pseudo headers | before all others, each once, only `:method :scheme :path :authority` |
/// | of one connection | `connection`, `keep-alive`, `proxy-connection`, `transfer-encoding`, `upgrade`: none |
/// | `te` | `trailers`, in any case |
/// | names | characters of a token, in lower case |
/// | values | no control characters but the tabulator, no blank at either end |
/// | `:path` | begins with `/` where the scheme is HTTP's; `*` for `OPTIONS` |
/// | `content-length` | once, a number, as many bytes as come |
/// | `CONNECT` | an authority, neither scheme nor path |
public struct HeaderRules: Sendable {
  /// What `:authority` and `host` may hold. They are never used for anything.
  public enum Authority: UInt8, Sendable {
    /// `host[:port]`, or nothing at all: for TCP.
    case hostAndPort
    /// Up to 255 printing characters: for Unix sockets, whose clients send whatever they like.
    case opaque
  }

  private struct Seen: OptionSet {
    let rawValue: UInt16

    static let method = Seen(rawValue: 1)
    static let scheme = Seen(rawValue: 2)
    static let path = Seen(rawValue: 4)
    static let authority = Seen(rawValue: 8)
    static let host = Seen(rawValue: 16)
    static let contentLength = Seen(rawValue: 32)
    /// A header that is no pseudo header: from then on those are forbidden.
    static let regular = Seen(rawValue: 64)
    static let connect = Seen(rawValue: 128)
    static let options = Seen(rawValue: 256)
    static let schemeOfHTTP = Seen(rawValue: 512)
    static let slash = Seen(rawValue: 1024)
    static let asterisk = Seen(rawValue: 2048)
    static let malformed = Seen(rawValue: 4096)
  }

  private let authority: Authority
  private var seen: Seen = []
  /// The announced length of the body; meaningful where one was announced.
  private var contentLength: UInt64 = 0

  public init(_ authority: Authority) { self.authority = authority }

  /// Whether some rule was broken so far.
  public var isMalformed: Bool { seen.contains(.malformed) }

  /// The request's own headers are all there; what follows are trailers.
  /// - Returns: whether they make a request.
  public mutating func endHeaders() -> Bool {
    if !isComplete { seen.insert(.malformed) }
    seen.insert(.regular)
    return !isMalformed
  }

  private var isComplete: Bool {
    if seen.contains(.connect) {
      return seen.contains(.authority) && seen.isDisjoint(with: [.scheme, .path])
    }
    guard seen.isSuperset(of: [.method, .scheme, .path]) else { return false }
    return !seen.contains(.schemeOfHTTP) || seen.contains(.slash)
      || seen.isSuperset(of: [.options, .asterisk])
  }

  /// Whether a body that is `byteCount` bytes long so far, or at its end, is as announced.
  @inline(__always)
  public func accepts(bodyByteCount byteCount: UInt64, isWhole: Bool) -> Bool {
    // A tunnel has no length (RFC 9110, 9.3.6).
    guard seen.contains(.contentLength), !seen.contains(.connect) else { return true }
    return isWhole ? byteCount == contentLength : byteCount <= contentLength
  }

  /// Takes one header or trailer.
  public mutating func take(name: ByteView, value: ByteView) {
    take(HeaderName(name), name, value)
  }

  @inline(__always)
  mutating func take(_ kind: HeaderName, _ name: ByteView, _ value: ByteView) {
    switch kind {
    case .method: takeMethod(value)
    case .scheme: takeScheme(value)
    case .path: takePath(value)
    case .authority:
      takePseudo(.authority)
      takeAuthority(value)
    case .host:
      if seen.contains(.host) { seen.insert(.malformed) }
      seen.insert([.host, .regular])
      takeAuthority(value)
    case .te:
      seen.insert(.regular)
      if !value.equals("trailers"), !HeaderRules.isTrailers(value) { seen.insert(.malformed) }
    case .contentLength: takeContentLength(value)
    case .connectionSpecific: seen.insert(.malformed)
    case .contentType, .timeout, .encoding, .harmless:
      seen.insert(.regular)
      if !HeaderRules.isValue(value) { seen.insert(.malformed) }
    case .other:
      // An unknown pseudo header has a colon, which no name may have.
      seen.insert(.regular)
      if !HeaderRules.isName(name) || !HeaderRules.isValue(value) { seen.insert(.malformed) }
    }
  }

  @inline(__always)
  private mutating func takePseudo(_ one: Seen) {
    if !seen.isDisjoint(with: [one, .regular]) { seen.insert(.malformed) }
    seen.insert(one)
  }

  @inline(__always)
  private mutating func takeMethod(_ value: ByteView) {
    takePseudo(.method)
    if value.equals("POST") { return }
    if value.equals("CONNECT") { seen.insert(.connect) }
    if value.equals("OPTIONS") { seen.insert(.options) }
    if value.isEmpty { seen.insert(.malformed) }
    for index in 0..<value.count
    where !HeaderRules.tokens.contains(value[index]) { seen.insert(.malformed) }
  }

  @inline(__always)
  private mutating func takeScheme(_ value: ByteView) {
    takePseudo(.scheme)
    if value.equals("http") || value.equals("https") {
      seen.insert(.schemeOfHTTP)
    } else {
      takeOtherScheme(value)
    }
  }

  /// A letter, then letters, digits, `+`, `-` and `.` (RFC 3986, 3.1).
  @inline(never)
  private mutating func takeOtherScheme(_ value: ByteView) {
    if value.isEmpty { seen.insert(.malformed) }
    for index in 0..<value.count {
      let byte = value[index]
      let isLetter = (byte | 0x20) &- 97 < 26
      let isLater = byte &- 48 < 10 || byte == 43 || byte == 45 || byte == 46
      if !(isLetter || (index > 0 && isLater)) { seen.insert(.malformed) }
    }
    if HeaderRules.equalsInAnyCase(value, "http") || HeaderRules.equalsInAnyCase(value, "https") {
      seen.insert(.schemeOfHTTP)
    }
  }

  @inline(__always)
  private mutating func takePath(_ value: ByteView) {
    takePseudo(.path)
    guard !value.isEmpty, HeaderRules.holdsNothing(below: 0x21, value) else {
      seen.insert(.malformed)
      return
    }
    if value[0] == UInt8(ascii: "/") { seen.insert(.slash) }
    if value.equals("*") { seen.insert(.asterisk) }
  }

  @inline(__always)
  private mutating func takeAuthority(_ value: ByteView) {
    let isRight =
      authority == .opaque ? HeaderRules.isOpaque(value) : HeaderRules.isHostAndPort(value)
    if !isRight { seen.insert(.malformed) }
  }

  @inline(never)
  private mutating func takeContentLength(_ value: ByteView) {
    if seen.contains(.contentLength) || value.isEmpty { seen.insert(.malformed) }
    seen.insert([.contentLength, .regular])
    contentLength = 0
    for index in 0..<value.count {
      let digit = value[index] &- 48
      guard digit < 10, contentLength < UInt64(Int64.max) / 10 - 1 else {
        seen.insert(.malformed)
        return
      }
      contentLength = contentLength * 10 + UInt64(digit)
    }
  }
}
