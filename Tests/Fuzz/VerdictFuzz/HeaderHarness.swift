import VerdictHTTP2
import VerdictModel
import VerdictTestKit

/// Our own rules for a request's headers beside nghttp2's.
///
/// Input: names and values in turn, each with its length before it; a length from 200 on is the
/// number of a name or value that is used often.
///
/// What holds: the same verdict. Authorities alone may differ, and where only they do, nothing is
/// compared: ours may be missing, and are free over Unix sockets.
final class HeaderHarness: FuzzHarness {
  private typealias Header = (name: [UInt8], value: [UInt8])

  private static let usual = [
    ":method", ":scheme", ":path", ":authority", "content-type", "te", "trailers", "POST", "http",
    "/t.S/Echo", "localhost", "application/grpc", "host", "content-length", "connection", "CONNECT",
    "OPTIONS", "*", "0", ":protocol", "upgrade", "keep-alive", "proxy-connection", "https",
    "transfer-encoding", "grpc-timeout", "1S", "GET", "priority",
  ].map { Array($0.utf8) }
  private static let headerCountMax = 32

  func run(_ input: ByteView) {
    var reader = InputReader(input)
    var headers: [Header] = []
    while !reader.isAtEnd, headers.count < Self.headerCountMax {
      let name = text(&reader)
      headers.append((name, text(&reader)))
    }
    // nghttp2 wants an authority and one that it likes.
    let authorities = headers.filter { $0.name == Array(":authority".utf8) || isHost($0.name) }
    guard !authorities.isEmpty, authorities.allSatisfy({ $0.value == Array("localhost".utf8) })
    else {
      _ = accepts(headers, .hostAndPort)
      _ = accepts(headers, .opaque)
      return
    }
    let ours = accepts(headers, .hostAndPort)
    precondition(ours == accepts(headers, .opaque), "every listener takes `localhost`")
    // A new one each time: memory that grows from run to run has the fuzzer look for leaks.
    precondition(ours == HeaderReference().accepts(headers), "nghttp2 says otherwise")
  }

  private func isHost(_ name: [UInt8]) -> Bool { name == Array("host".utf8) }

  private func text(_ reader: inout InputReader) -> [UInt8] {
    let count = Int(reader.byte())
    return count < 200 ? reader.bytes(count) : Self.usual[(count - 200) % Self.usual.count]
  }

  private func accepts(_ headers: [Header], _ authority: HeaderRules.Authority) -> Bool {
    var rules = HeaderRules(authority)
    for header in headers {
      header.name.withByteView { name in
        header.value.withByteView { rules.take(name: name, value: $0) }
      }
    }
    return rules.endHeaders()
  }
}
