import Testing
import VerdictHTTP2
import VerdictModel

@Suite("request headers")
struct RequestHeadersTests {
  private func headers(_ pairs: [(String, String)]) -> RequestHeaders {
    let methods = MethodTable([
      ServedMethod(path: "/pkg.Svc/One", number: 1), ServedMethod(path: "/pkg.Svc/Two", number: 2),
    ])
    var headers = RequestHeaders(.hostAndPort)
    for (name, value) in pairs {
      name.withByteView { name in
        value.withByteView { value in
          _ = headers.take(name: name, value: value, methods: methods)
        }
      }
    }
    return headers
  }

  private func valid(_ changes: [String: String?]) -> [(String, String)] {
    let base = [
      (":method", "POST"), (":scheme", "http"), (":path", "/pkg.Svc/Two"),
      ("content-type", "application/grpc"), ("te", "trailers"),
    ]
    var result = base.compactMap { (name, value) -> (String, String)? in
      guard let change = changes[name] else { return (name, value) }
      return change.map { (name, $0) }
    }
    for (name, value) in changes where !base.contains(where: { $0.0 == name }) {
      if let value { result.append((name, value)) }
    }
    return result
  }

  @Test("a valid request is accepted and knows its method and size")
  func accepted() {
    let headers = headers(valid([:]))
    #expect(headers.refusal == .none)
    #expect(headers.methodNumber == 2)
    #expect(headers.count == 5)
    #expect(headers.byteCount == valid([:]).reduce(0) { $0 + $1.0.count + $1.1.count + 32 })
    #expect(headers.timeoutNanoseconds == .max)
  }

  @Test(
    "only gRPC's content types are accepted",
    arguments: [
      ("application/grpc", true), ("application/grpc+proto", true),
      ("application/grpc;charset=x", true), ("application/grpc+proto;x", true),
      ("application/grpc+json", false), ("application/grpcfoo", false),
      ("application/grpc-web", false), ("application/grpc+proto2", false), ("text/plain", false),
      ("", false), ("application/grp", false), ("Application/grpc", false),
    ])
  func contentType(value: String, isAccepted: Bool) {
    let refusal = headers(valid(["content-type": value])).refusal
    #expect(refusal == (isAccepted ? .none : .contentType))
  }

  @Test("a missing content type and two of them are refused")
  func contentTypeCount() {
    #expect(headers(valid(["content-type": String?.none])).refusal == .contentType)
    let two = valid([:]) + [("content-type", "application/grpc")]
    #expect(headers(two).refusal == .contentType)
  }

  @Test(
    "a path is found only byte for byte",
    arguments: [
      "pkg.Svc/Two", "//pkg.Svc/Two", "/pkg.Svc/Two/", "/pkg.Svc/Two?x", "/PKG.Svc/Two",
      "/pkg.svc/two", "/pkg.Svc%2FTwo", "/", "", "*", "/pkg.Svc/Tw", "/pkg.Svc/Two\0",
      "/pkg.Svc/Twö", "/pkg.Svc", "/pkg.Svc/", "/./pkg.Svc/Two", "http://x/pkg.Svc/Two",
    ])
  func path(value: String) {
    #expect(headers(valid([":path": value])).refusal == .path)
  }

  @Test("a method other than POST is refused")
  func method() {
    for value in ["GET", "PUT", "CONNECT", "OPTIONS", "post", "POS", "POSTS"] {
      #expect(headers(valid([":method": value])).refusal == .method)
    }
  }

  @Test(
    "a timeout is one to eight digits and a unit",
    arguments: [
      ("1n", 1), ("0m", 0), ("5u", 5_000), ("200m", 200_000_000), ("3S", 3_000_000_000),
      ("2M", 120_000_000_000), ("1H", 3_600_000_000_000), ("99999999H", UInt64.max),
      ("00000001S", 1_000_000_000),
    ] as [(String, UInt64)])
  func timeout(value: String, nanoseconds: UInt64) {
    let headers = headers(valid(["grpc-timeout": value]))
    #expect(headers.refusal == .none)
    #expect(headers.timeoutNanoseconds == nanoseconds)
  }

  @Test(
    "what is no timeout is refused",
    arguments: ["123456789S", "5", "5x", "", "-5S", "+5S", " 5S", "5 S", "S", "5s", "1.5S", "5SS"])
  func badTimeout(value: String) {
    #expect(headers(valid(["grpc-timeout": value])).refusal == .timeout)
  }

  @Test("a status message survives its encoding")
  func percent() {
    let text = Array("100% \u{1}\n ünï ~ end".utf8)
    let encoded = Array("100%25 %01%0A %C3%BCn%C3%AF ~ end".utf8)
    #expect(PercentEncoding.decode(encoded) == text)
    #expect(PercentEncoding.decode(Array("%zz%4".utf8)) == Array("%zz%4".utf8))
  }
}
