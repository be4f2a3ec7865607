public import VerdictModel
public import VerdictRPC

/// A request that a gateway asks about, whatever way it asks. Views into the arena, valid until it
/// is reset.
public struct GatewayRequest {
  public var method: ByteView
  /// Path and query, as on the request line.
  public var target: ByteView
  /// Names are lower-case.
  public var headers: TextPairs
  /// As much of the body as the gateway passes on; empty where there is none.
  public var body: ByteView
  /// What the gateway's configuration says of the route: trusted, not the client's.
  public var context: TextPairs
  /// By name space what the gateway has found out: `google.protobuf.Struct` each.
  public var metadata: TextPairs
  /// The caller whose certificate the gateway verified, or empty.
  public var peer: ByteView
  /// Who is asked who is calling.
  public var sources = IdentitySources.ofServer

  public init(_ request: ExternalAuthorizationRequest) {
    method = request.method
    target = request.target
    headers = request.headers
    body = request.body
    context = request.contextExtensions
    metadata = request.metadata
    peer = request.peer
  }

  /// A request whose gateway passes on no body, and found out nothing about its caller.
  init(method: ByteView, target: ByteView, headers: TextPairs, context: TextPairs) {
    self.method = method
    self.target = target
    self.headers = headers
    self.context = context
    body = ByteView()
    metadata = TextPairs()
    peer = ByteView()
  }

  /// The body, where all of it is here and says that it is JSON.
  var wholeBody: ByteView? {
    guard !body.isEmpty, isBodyWhole, isBodyJSON else { return nil }
    return body
  }

  /// Whether the gateway has not cut the body. It says so in a header; a client that sends the same
  /// header can only make it worse, because a second one is none.
  private var isBodyWhole: Bool {
    switch headers.find("x-envoy-auth-partial-body") {
    case .absent: break
    case .once(let value): guard value.isWord("false") else { return false }
    case .repeated: return false
    }
    switch headers.find("content-length") {
    case .absent: return true
    case .once(let value): return value.decimal == body.count
    case .repeated: return false
    }
  }

  /// Whether no header says that the body is something else, or is encoded.
  private var isBodyJSON: Bool {
    if case .absent = headers.find("content-encoding") {} else { return false }
    switch headers.find("content-type") {
    case .absent: return true
    case .once(let value): return MediaType.isJSON(value)
    case .repeated: return false
    }
  }
}

/// The media type of a body.
enum MediaType {
  /// `application/json` or `application/NAME+json`, with no parameter but `charset=utf-8`.
  static func isJSON(_ value: ByteView) -> Bool {
    let mark = value.firstIndex(of: UInt8(ascii: ";"))
    let type = (mark < 0 ? value : value[0..<mark]).trimmed
    guard type.count >= 16, type[0..<12].isWord("application/"),
      type[type.count - 4..<type.count].isWord("json")
    else { return false }
    guard type.count == 16 || type[type.count - 5] == UInt8(ascii: "+") else { return false }
    guard mark >= 0 else { return true }
    let parameter = value[mark + 1..<value.count].trimmed
    return parameter.isWord("charset=utf-8") || parameter.isWord("charset=\"utf-8\"")
  }
}

extension ByteView {
  /// Equality with a word in lower case, ASCII letters alike in both cases.
  func isWord(_ word: StaticString) -> Bool {
    guard count == word.utf8CodeUnitCount else { return false }
    for index in 0..<count {
      let byte = self[index]
      let lower = byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
      // SAFETY: a static string's own bytes, below its own count.
      guard unsafe lower == word.utf8Start[index] else { return false }
    }
    return true
  }

  /// Without spaces and tabs around it.
  var trimmed: ByteView {
    var start = 0
    var end = count
    while start < end, self[start] == 0x20 || self[start] == 0x09 { start += 1 }
    while end > start, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
    return self[start..<end]
  }

  /// A number in at most nine digits, or nil.
  var decimal: Int? {
    guard count >= 1, count <= 9 else { return nil }
    var number = 0
    for index in 0..<count {
      let digit = self[index] &- 48
      guard digit < 10 else { return nil }
      number = number * 10 + Int(digit)
    }
    return number
  }
}
