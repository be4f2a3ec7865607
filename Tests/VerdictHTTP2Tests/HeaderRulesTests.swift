import Testing
import VerdictHTTP2
import VerdictModel
import VerdictTestKit

@Suite("HTTP's rules for headers")
struct HeaderRulesTests {
  typealias Header = (name: [UInt8], value: [UInt8])

  private func accepts(
    _ headers: [Header], _ authority: HeaderRules.Authority = .hostAndPort
  ) -> Bool {
    var rules = HeaderRules(authority)
    for header in headers {
      header.name.withByteView { name in
        header.value.withByteView { rules.take(name: name, value: $0) }
      }
    }
    return rules.endHeaders()
  }

  private func request(_ authority: String?, host: [String] = []) -> [Header] {
    var pairs = [(":method", "POST"), (":scheme", "http"), (":path", "/a.B/C")]
    if let authority { pairs.append((":authority", authority)) }
    pairs += host.map { ("host", $0) }
    return pairs.map { (Array($0.0.utf8), Array($0.1.utf8)) }
  }

  @Test(
    "over TCP an authority is a host and perhaps a port",
    arguments: [
      ("localhost", true), ("127.0.0.1:8080", true), ("[::1]:8080", true), ("[::1]", true),
      ("a.example:", true), ("xn--bcher-kva.example:1", true), ("a%2Fb", true),
      ("", false), ("/run/verdict.sock", false), ("user@host", false), ("host:http", false),
      ("host:123456", false), ("[::1", false), ("[]:1", false), (":80", false), ("a b", false),
      ("a%2", false), ("a%zz", false), ("ü", false), ("host:80:80", false), ("a/b", false),
    ])
  func hostAndPort(authority: String, isRight: Bool) {
    #expect(accepts(request(authority)) == isRight)
    #expect(accepts(request(nil, host: [authority])) == isRight)
  }

  @Test(
    "over a Unix socket an authority is any 255 printing characters",
    arguments: [
      ("localhost", true), ("", true), ("/run/verdict.sock", true), ("run%2Fverdict.sock", true),
      ("unix:/x@y|z", true), (String(repeating: "a", count: 255), true),
      (String(repeating: "a", count: 256), false), ("a b", false), ("a\u{7F}", false),
      ("a\n", false), ("ü", false),
    ])
  func opaque(authority: String, isRight: Bool) {
    #expect(accepts(request(authority), .opaque) == isRight)
  }

  @Test("an authority may be missing, and be said once, by either name")
  func authorityCount() {
    for rule in [HeaderRules.Authority.hostAndPort, .opaque] {
      #expect(accepts(request(nil), rule))
      #expect(accepts(request("a", host: ["b"]), rule))
      #expect(!accepts(request("a", host: ["b", "b"]), rule))
      #expect(!accepts(request(nil, host: ["b", "b"]), rule))
      #expect(!accepts(request("a") + request("a").suffix(1), rule))
    }
  }

  // MARK: Against nghttp2

  /// Headers that are mostly right, so that blocks of them are mostly accepted.
  private static let usual: [(String, [String])] = [
    (":method", ["POST", "GET", "OPTIONS", "CONNECT", "HEAD", "po st", "", "P(", "x"]),
    (":scheme", ["http", "https", "HTTP", "Https", "ftp", "h+1.-", "", "1x", "h:", "h\0"]),
    (
      ":path",
      ["/", "/a.B/C", "*", "**", "", "a", "/a b", "/a\u{7F}", "/\u{FF}", "/?#[]\"<>", "//"]
    ),
    (":authority", ["localhost", "a:80", "[::1]:1"]),
    ("host", ["localhost", "b:1"]),
    ("te", ["trailers", "Trailers", "TRAILERS", "gzip", "", "trailers ", "trailers,gzip"]),
    ("content-length", ["0", "5", "", "-1", "+1", "1 ", "99999999999999999999", "12a", "007"]),
    ("content-type", ["application/grpc", "", " x", "x ", "\tx", "x\t", "a\tb", "a\nb"]),
    ("connection", ["close"]), ("keep-alive", ["1"]), ("upgrade", ["h2c"]),
    ("proxy-connection", ["x"]), ("transfer-encoding", ["chunked"]),
    (":status", ["200"]), (":protocol", ["x"]), (":", ["x"]), (":x", ["y"]),
    ("grpc-timeout", ["1S", " 1S", ""]), ("grpc-encoding", ["gzip"]),
    ("user-agent", ["grpc/1", "a\0b"]), ("grpc-accept-encoding", ["identity", "\r"]),
    ("priority", ["u=1", "u=9, x"]), ("x-bin", ["AAE=", "\u{80}\u{FF}"]),
    ("", ["x"]), ("X-Upper", ["x"]), ("x y", ["x"]), ("x:y", ["x"]), ("~!#$%&'*+-.^_`|", ["x"]),
  ]

  private func value(_ random: inout SeededRandom) -> [UInt8] {
    (0..<random.below(24)).map { _ in
      random.below(4) == 0 ? UInt8(random.below(256)) : UInt8(97 + random.below(26))
    }
  }

  private func bytes(_ text: String) -> [UInt8] {
    // One byte for each character up to 255: these are no UTF-8.
    text.unicodeScalars.map { UInt8($0.value) }
  }

  private func block(_ random: inout SeededRandom) -> [Header] {
    var headers: [Header] = Self.usual.prefix(4).map { (bytes($0.0), bytes($0.1[0])) }
    if random.below(3) == 0 {
      let index = random.below(4)
      let values = Self.usual[index].1
      headers[index].value = bytes(values[random.below(values.count)])
    }
    // Either is enough for nghttp2, which wants one of them; without both the rules differ.
    if random.below(8) == 0 { headers[3].name = bytes("host") }
    for _ in 0..<random.below(4) {
      let (name, values) = Self.usual[4 + random.below(Self.usual.count - 4)]
      let isRandom = random.below(3) == 0
      let isAuthority = name == "host"
      headers.append(
        (
          isRandom && !isAuthority && random.below(2) == 0 ? value(&random) : bytes(name),
          isRandom && !isAuthority ? value(&random) : bytes(values[random.below(values.count)])
        ))
    }
    switch random.below(10) {
    case 0: headers.remove(at: random.below(headers.count))
    case 1: headers.append(headers[random.below(headers.count)])
    case 2: headers.swapAt(random.below(headers.count), random.below(headers.count))
    default: break
    }
    return headers
  }

  @Test("random header blocks get nghttp2's own verdict, but for the authority", arguments: 1...4)
  func againstReference(seed: Int) {
    var random = SeededRandom(seed: UInt64(seed))
    let reference = HeaderReference()
    var acceptedCount = 0
    let count = 20_000
    for _ in 0..<count {
      let headers = block(&random)
      if !headers.contains(where: { $0.name == bytes(":authority") || $0.name == bytes("host") }) {
        continue
      }
      let theirs = reference.accepts(headers)
      let ours = accepts(headers)
      acceptedCount += theirs ? 1 : 0
      if ours != theirs {
        let shown = headers.map {
          "\(String(decoding: $0.name, as: UTF8.self)): \($0.value)"
        }
        Issue.record("seed \(seed): nghttp2 says \(theirs), we say \(ours): \(shown)")
        return
      }
    }
    // The generator makes enough of both.
    #expect(acceptedCount > count / 5 && acceptedCount < count * 4 / 5)
  }
}
