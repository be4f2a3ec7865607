import Testing
import VerdictSystem

@Suite("polling and threads")
struct PollerTests {
  @Test("a rung bell is one event with its word until it is cleared")
  func bell() throws {
    var poller = try Poller()
    let bell = try EventSignal()
    try poller.add(bell.rawDescriptor, .readable, word: 77)
    #expect(poller.poll() == 0)
    bell.ring()
    bell.ring()
    let soon = SystemClock.monotonicNanoseconds() + 5_000_000_000
    #expect(poller.wait(until: soon) == 1)
    #expect(poller.event(at: 0).word == 77)
    #expect(poller.event(at: 0).isReadable)
    #expect(!poller.event(at: 0).isWritable)
    bell.clear()
    #expect(poller.poll() == 0)
  }

  @Test("a wait ends at its time, though a later or an earlier one was waited for before")
  func times() throws {
    var poller = try Poller()
    let bell = try EventSignal()
    try poller.add(bell.rawDescriptor, .readable, word: 1)
    func now() -> UInt64 { SystemClock.monotonicNanoseconds() }
    let start = now()
    bell.ring()
    #expect(poller.wait(until: start + 60_000_000_000) == 1)
    bell.clear()
    #expect(poller.wait(until: start + 20_000_000) == 0, "earlier than before")
    #expect(now() >= start + 20_000_000 && now() < start + 5_000_000_000)
    #expect(poller.wait(until: start) == 0, "long ago")
    #expect(poller.wait(until: 0) == 0)
    let again = now()
    while now() < again + 10_000_000 { #expect(poller.wait(until: again + 10_000_000) == 0) }
    bell.ring()
    #expect(poller.wait(until: now() + 5_000_000_000) == 1, "what came due is not an event")
    #expect(poller.event(at: 0).word == 1)
  }

  @Test("a closed descriptor gives no more events")
  func closed() throws {
    var poller = try Poller()
    var bell: EventSignal? = try EventSignal()
    try poller.add(bell!.rawDescriptor, .readable, word: 1)
    bell?.ring()
    bell = nil
    #expect(poller.poll() == 0)
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
