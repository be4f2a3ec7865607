import Testing
import VerdictSystem

@Suite("polling and threads")
struct PollerTests {
  @Test("a rung bell is one event with its word until it is cleared")
  func bell() throws {
    let poller = try Poller()
    let bell = try EventSignal()
    try poller.add(bell.rawDescriptor, .readable, word: 77)
    #expect(poller.wait(timeoutMilliseconds: 0) == 0)
    bell.ring()
    bell.ring()
    #expect(poller.wait(timeoutMilliseconds: 5000) == 1)
    #expect(poller.event(at: 0).word == 77)
    #expect(poller.event(at: 0).isReadable)
    #expect(!poller.event(at: 0).isWritable)
    bell.clear()
    #expect(poller.wait(timeoutMilliseconds: 0) == 0)
  }

  @Test("a closed descriptor gives no more events")
  func closed() throws {
    let poller = try Poller()
    var bell: EventSignal? = try EventSignal()
    try poller.add(bell!.rawDescriptor, .readable, word: 1)
    bell?.ring()
    bell = nil
    #expect(poller.wait(timeoutMilliseconds: 0) == 0)
  }

  @Test("a thread runs its body once and can be waited for")
  func thread() throws {
    let bell = try EventSignal()
    let thread = try Thread(name: "a name longer than fifteen bytes") {
      bell.ring()
    }
    thread.join()
    #expect(Readiness.wait(readable: [bell.rawDescriptor], timeoutMilliseconds: 0) == 0)
  }

  @Test("connecting to a port where nobody listens is refused by name")
  func refused() throws {
    let listener = try ListeningSocket(.tcp(host: "127.0.0.1", port: 0))
    guard case .tcp(_, let port) = listener.address else {
      Issue.record("a TCP listener has a TCP address")
      return
    }
    #expect(port != 0)
    let path = "/tmp/verdict-test-none-\(SystemRandom.word()).sock"
    let error = #expect(throws: SystemError.self) {
      _ = try Socket.connect(to: .unix(path: path), timeoutNanoseconds: 1_000_000_000)
    }
    #expect(error?.number == Errno.notFound)
    #expect(error?.description == "`unix:\(path)`: connect: No such file or directory")
  }

  @Test("the clock goes forward by at least the time slept")
  func clock() {
    let start = SystemClock.monotonicNanoseconds()
    SystemClock.sleep(nanoseconds: 3_000_000)
    #expect(SystemClock.monotonicNanoseconds() - start >= 3_000_000)
  }
}
