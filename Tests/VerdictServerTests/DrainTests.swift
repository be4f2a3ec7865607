import Synchronization
import Testing
import VerdictClient
import VerdictSystem

@testable import VerdictServer

@Suite("stopping the server")
struct DrainTests {
  @Test("idle connections are told and closed, and the server stops well before the time is up")
  func idle() throws {
    let echo = try EchoServer()
    let connection = try Connection(echo.tcp)
    _ = try connection.call(path: "/test.Echo/Same", message: [1], timeoutNanoseconds: seconds(5))
    let start = SystemClock.monotonicNanoseconds()
    echo.server.drain()
    echo.server.waitUntilStopped()
    // The client here reads nothing between calls, so the second GOAWAY comes after one second.
    #expect(SystemClock.monotonicNanoseconds() - start < seconds(2) + seconds(1) / 2)
    #expect(throws: ClientError.self) {
      try connection.call(path: "/test.Echo/Same", message: [1], timeoutNanoseconds: seconds(1))
    }
  }

  @Test("a call under way when the drain begins is answered, and none is lost")
  func underLoad() throws {
    let echo = try EchoServer()
    let outcome = Mutex<(answered: Int, ending: String)>((0, ""))
    let address = echo.tcp
    let caller = try Thread(name: "caller") {
      do throws(ClientError) {
        let connection = try Connection(address)
        while true {
          let reply = try connection.call(
            path: "/test.Echo/Same", message: [1, 2], timeoutNanoseconds: seconds(5))
          outcome.withLock { $0.answered += reply == [1, 2] ? 1 : 0 }
        }
      } catch {
        outcome.withLock { $0.ending = error.description }
      }
    }
    while outcome.withLock({ $0.answered }) < 100 { SystemClock.sleep(nanoseconds: 1_000_000) }
    echo.server.drain()
    caller.join()
    echo.server.waitUntilStopped()
    let (answered, ending) = outcome.withLock { $0 }
    // The client was told to go elsewhere, and nobody listens any more, or the new connection was
    // still waiting to be accepted when the listener closed.
    #expect(ending.contains("is the server running?") || ending.contains("reset by peer"))
    let requests = echo.server.loopCounters[0].requests
    #expect(requests == UInt64(answered))
  }

  @Test("a second wish to stop ends at once")
  func twice() throws {
    let echo = try EchoServer { $0.drainTimeoutNanoseconds = seconds(60) }
    let address = try SocketAddress(parsing: echo.tcp)
    // A peer that never says a word would hold a drain up.
    let silent = try Socket.connect(to: address, timeoutNanoseconds: seconds(1))
    let connection = try Connection(echo.unix)
    _ = try connection.call(path: "/test.Echo/Same", message: [1], timeoutNanoseconds: seconds(5))
    let start = SystemClock.monotonicNanoseconds()
    echo.server.drain()
    echo.server.drain()
    echo.server.waitUntilStopped()
    #expect(SystemClock.monotonicNanoseconds() - start < seconds(1))
    silent.close()
  }

  @Test("the Unix socket's name goes with the server, and a dead one is taken over")
  func unixName() throws {
    let path = "/tmp/verdict-test-\(SystemRandom.word()).sock"
    do {
      let listener = try ListeningSocket(.unix(path: path))
      #expect(File.exists(path))
      let error = #expect(throws: SystemError.self) { try ListeningSocket(.unix(path: path)) }
      #expect(error?.number == Errno.addressInUse)
      withExtendedLifetime(listener) {}
    }
    #expect(!File.exists(path))
  }
}
