import Testing
import VerdictClient
import VerdictControl
import VerdictHTTP2
import VerdictSystem

@testable import VerdictServer

@Suite("the server")
struct ServerTests {
  @Test("a unary call is answered over TCP and over a Unix socket")
  func unary() throws {
    let echo = try EchoServer()
    for address in [echo.tcp, echo.unix] {
      let connection = try Connection(address)
      for size in [0, 1, 511, 512, 513, 5_000, 70_000, 1_000_000] {
        let message = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let reply = try connection.call(
          path: "/test.Echo/Same", message: message, timeoutNanoseconds: seconds(10))
        #expect(reply == message)
      }
    }
  }

  @Test("a reply far bigger than a socket's buffer arrives whole, beside small ones")
  func bigReply() throws {
    let echo = try EchoServer()
    let other = try Connection(echo.unix)
    let connection = try Connection(echo.unix)
    for _ in 0..<3 {
      let reply = try connection.call(
        path: "/test.Echo/Big", message: [], timeoutNanoseconds: seconds(10))
      #expect(reply == [UInt8](repeating: 7, count: 1 << 20))
      #expect(
        try other.call(path: "/test.Echo/Same", message: [1], timeoutNanoseconds: seconds(10))
          == [1])
    }
  }

  @Test("a failure arrives with its code and its message, whatever bytes that has")
  func failure() throws {
    let echo = try EchoServer()
    let connection = try Connection(echo.tcp)
    let error = #expect(throws: ClientError.self) {
      try connection.call(
        path: "/test.Echo/Fail", message: Array("x%".utf8), timeoutNanoseconds: seconds(5))
    }
    guard case .status(let code, let message) = error else {
      Issue.record("expected a status, got \(String(describing: error))")
      return
    }
    #expect(code == 3)
    #expect(message == "100% wrong: `x%`\nsecond line ü")
  }

  @Test("a method that does not exist is unimplemented, and the connection goes on")
  func unknownMethod() throws {
    let echo = try EchoServer()
    let connection = try Connection(echo.tcp)
    for (path, words) in [
      ("/test.Echo/None", "unknown method in `/test.Echo/None`"),
      ("/none.Echo/Same", "unknown service `none.Echo`"),
      ("/test.Echo/Same/", "unknown method in `/test.Echo/Same/`"),
    ] {
      let error = #expect(throws: ClientError.self) {
        try connection.call(path: path, message: [], timeoutNanoseconds: seconds(5))
      }
      #expect(error?.description == "UNIMPLEMENTED: \(words)")
    }
    let reply = try connection.call(
      path: "/test.Echo/Same", message: [1], timeoutNanoseconds: seconds(5))
    #expect(reply == [1])
  }

  @Test("a message beyond the limit is refused with its reason")
  func tooLong() throws {
    let echo = try EchoServer { $0.session.messageByteCountMax = 1000 }
    let connection = try Connection(echo.tcp)
    let exact = [UInt8](repeating: 1, count: 1000)
    #expect(
      try connection.call(path: "/test.Echo/Same", message: exact, timeoutNanoseconds: seconds(5))
        == exact)
    let error = #expect(throws: ClientError.self) {
      try connection.call(
        path: "/test.Echo/Same", message: exact + [1], timeoutNanoseconds: seconds(5))
    }
    #expect(error?.description == "RESOURCE_EXHAUSTED: the message is longer than the limit")
  }

  @Test("an answer sees the pointer that was published last")
  func publication() throws {
    let echo = try EchoServer()
    let connection = try Connection(echo.unix)
    for bits: UInt in [0, 0x1234_5678, 0xFFFF_0000_1111_2222] {
      _ = echo.publication.publish(bits)
      let reply = try connection.call(
        path: "/test.Echo/Set", message: [], timeoutNanoseconds: seconds(5))
      let value = reply.reversed().reduce(UInt(0)) { $0 << 8 | UInt($1) }
      #expect(value == bits)
    }
  }

  @Test("connections spread evenly over the loops")
  func balance() throws {
    let echo = try EchoServer(loopCount: 3)
    let connections = try (0..<9).map { try Connection($0 % 2 == 0 ? echo.tcp : echo.unix) }
    for connection in connections {
      _ = try connection.call(path: "/test.Echo/Same", message: [], timeoutNanoseconds: seconds(5))
    }
    let counters = echo.server.loopCounters
    #expect(counters.map(\.connectionsAccepted) == [3, 3, 3])
    #expect(counters.reduce(LoopCounters(), +).connectionsAccepted == 9)
  }

  @Test("one connection more than the limit ends the one that is idle for the longest time")
  func connectionLimit() throws {
    let echo = try EchoServer(loopCount: 1) { $0.connectionCountMax = 2 }
    let first = try Connection(echo.tcp)
    let second = try Connection(echo.tcp)
    for connection in [first, second] {
      _ = try connection.call(path: "/test.Echo/Same", message: [], timeoutNanoseconds: seconds(5))
    }
    let third = try Connection(echo.tcp)
    for connection in [third, second] {
      _ = try connection.call(path: "/test.Echo/Same", message: [], timeoutNanoseconds: seconds(5))
    }
    let counters = echo.server.loopCounters.reduce(LoopCounters(), +)
    #expect(counters.connectionsAccepted == 3 && counters.connectionsOpen == 2)
    _ = consume first
  }

  @Test("bytes that are not HTTP/2 close the connection")
  func garbage() throws {
    let echo = try EchoServer()
    let address = try SocketAddress(parsing: echo.tcp)
    let raw = try Socket.connect(to: address, timeoutNanoseconds: seconds(1))
    let request = Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
    let written = unsafe request.withUnsafeBytes {
      unsafe Socket.write(raw.rawValue, $0.baseAddress!, $0.count)
    }
    #expect(written == request.count)
    var isClosed = false
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !isClosed, Socket.waitReadable(raw.rawValue, timeoutNanoseconds: seconds(5)) {
      let count = unsafe buffer.withUnsafeMutableBytes {
        unsafe Socket.read(raw.rawValue, $0.baseAddress!, $0.count)
      }
      if count <= 0 { isClosed = true }
    }
    #expect(isClosed)
  }
}
