import Testing
import VerdictHTTP1
import VerdictModel

@Suite("Heads of HTTP/1.1")
struct RequestReaderTests {
  /// What was read of a head.
  private struct Head: Equatable {
    var target = ""
    var headers: [String] = []
    var keepsAlive = false
  }

  private struct Reading: Equatable {
    var heads: [Head] = []
    var fault: RequestReader.Fault?
  }

  /// Reads a text in pieces of `pieceByteCount` bytes.
  private func read(_ text: String, pieceByteCount: Int = .max) -> Reading {
    let reader = RequestReader()
    var reading = Reading()
    let bytes = Array(text.utf8)
    var start = 0
    while start < bytes.count {
      let end = start + min(pieceByteCount, bytes.count - start)
      var piece = Array(bytes[start..<end])
      while !piece.isEmpty {
        let (outcome, used) = piece.withByteView { reader.read($0) }
        piece.removeFirst(used)
        switch outcome {
        case .needsMore: break
        case .head:
          let headers = (0..<reader.headerCount).map {
            let (name, value) = reader.header($0)
            return "\(name.text)=\(value.text)"
          }
          reading.heads.append(
            Head(target: reader.target.text, headers: headers, keepsAlive: reader.keepsAlive))
        case .refused(let fault):
          reading.fault = fault
          return reading
        }
      }
      start = end
    }
    return reading
  }

  @Test("every header is there as often as it came, with its name in lower case")
  func repeatedHeaders() {
    let text = "GET /a?b HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nx-a:  2 \r\nX-a:\r\nY: 3\r\nZ: \r\n\r\n"
    let headers = ["host=x", "x-a=1", "x-a=2", "x-a=", "y=3", "z="]
    let wanted = Head(target: "/a?b", headers: headers, keepsAlive: true)
    for count in 1...text.utf8.count {
      #expect(read(text, pieceByteCount: count) == Reading(heads: [wanted]), "pieces of \(count)")
    }
  }

  @Test("requests behind one another are read one by one")
  func pipelined() {
    let text = "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: y\r\n\r\n"
    for count in [1, 7, .max] {
      #expect(read(text, pieceByteCount: count).heads.map(\.target) == ["/1", "/2"])
    }
  }

  @Test(
    "whoever can't or won't go on does not keep the connection",
    arguments: [
      "GET / HTTP/1.0\r\n\r\n",
      "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ])
  func lastRequests(text: String) {
    let reading = read(text)
    #expect(reading.heads.count == 1 && reading.heads.first?.keepsAlive == false)
  }

  @Test("a body of no bytes is none")
  func emptyBody() {
    #expect(read("GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n").heads.first?.keepsAlive == true)
  }

  @Test(
    "what can be read in two ways is refused",
    arguments: [
      "GET / HTTP/1.1\r\nX-A: 1\r\n 2\r\n\r\n",
      "GET / HTTP/1.1\r\nX-A:\r\n 2\r\n\r\n",
      "GET / HTTP/1.1\r\nX-A: \t\r\n\t 2\r\n\r\n",
      "GET / HTTP/1.1\r\nX-A: 1\r\n\t2\r\n\r\n",
      "GET / HTTP/1.1\r\nX-A : 1\r\n\r\n",
      "GET / HTTP/1.1\r\nX-A: 1\u{0}\r\n\r\n",
      "GET / HTTP/1.1\r\nX\u{0}A: 1\r\n\r\n",
      "GET / HTTP/1.1\r\nX-A: 1\rX-B: 2\r\n\r\n",
      "GET / HTTP/1.1\r\nX-A\r\n\r\n",
      "GET / HTTP/1.1\r\n: 1\r\n\r\n",
      "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "GET /\r\n\r\n",
      "GET / HTTP/2.0\r\n\r\nx",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "\u{16}\u{3}\u{1}hello",
    ])
  func malformed(text: String) {
    for count in [1, 2, 5, .max] {
      #expect(read(text, pieceByteCount: count).fault == .malformed, "pieces of \(count)")
    }
  }

  @Test("a head beyond the limits is refused, one within them is not")
  func limits() {
    let line = "X-A: " + String(repeating: "a", count: 1_000) + "\r\n"
    let begin = "GET / HTTP/1.1\r\n"
    let small = begin + String(repeating: line, count: 60) + "\r\n"
    #expect(read(small).heads.first?.headers.count == 60)
    for text in [
      begin + String(repeating: line, count: 70) + "\r\n",
      begin + "X-A: " + String(repeating: "a", count: 70_000),
      "GET /" + String(repeating: "a", count: 70_000),
      begin + String(repeating: "A: 1\r\n", count: HeadLimits.headerCountMax + 1) + "\r\n",
    ] {
      for count in [997, .max] {
        let reading = read(text, pieceByteCount: count)
        #expect(reading == Reading(fault: .tooLarge))
      }
    }
  }

  @Test("after a fault nothing is read any more")
  func over() {
    #expect(read("NONSENSE\r\n\r\nGET / HTTP/1.1\r\n\r\n", pieceByteCount: 10).heads.isEmpty)
  }
}
