import Synchronization
import Testing
import VerdictClient
import VerdictControl
import VerdictSystem

@testable import VerdictServer

@Suite("requests in slices")
struct SliceTests {
  private static let sliced = "/test.Echo/Sliced"
  private static let set = "/test.Echo/Set"

  /// Calls on a connection of its own, on a thread of its own: so many slices of a millisecond.
  private static func calling(
    _ address: String, slices: UInt8, timeoutNanoseconds: UInt64 = seconds(30),
    _ outcome: @escaping @Sendable (Result<[UInt8], ClientError>) -> Void
  ) throws -> Thread {
    try Thread(name: "caller") {
      outcome(
        Result { () throws(ClientError) in
          try Connection(address).call(
            path: sliced, message: [slices], timeoutNanoseconds: timeoutNanoseconds)
        })
    }
  }

  private static func bytes(_ bits: UInt) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
  }

  private static func waitUntil(_ isTrue: () -> Bool) {
    let end = SystemClock.monotonicNanoseconds() + seconds(20)
    while !isTrue(), SystemClock.monotonicNanoseconds() < end {
      SystemClock.sleep(nanoseconds: 1_000_000)
    }
    #expect(isTrue())
  }

  @Test("a sliced request keeps its set to the end, while others get the new one at once")
  func publication() throws {
    let echo = try EchoServer()
    _ = echo.publication.publish(64)
    let answer = Mutex<[UInt8]>([])
    let caller = try Self.calling(echo.unix, slices: 200) { result in
      answer.withLock { $0 = (try? result.get()) ?? [] }
    }
    Self.waitUntil { echo.server.loopCounters[0].batches == 1 }
    let publisher = try PublishingThread(echo.publication, 128)
    let other = try Connection(echo.tcp)
    Self.waitUntil {
      let reply = try? other.call(path: Self.set, message: [], timeoutNanoseconds: seconds(5))
      return reply == Self.bytes(128)
    }
    // The new set answers, the old one is still in use.
    #expect(answer.withLock { $0.isEmpty } && !publisher.hasReturned)
    caller.join()
    #expect(answer.withLock { $0 } == Self.bytes(64))
    #expect(publisher.joined() == 64)
  }

  @Test("sliced requests that overlap without end don't keep an old set for ever")
  func overlapping() throws {
    let echo = try EchoServer()
    _ = echo.publication.publish(64)
    let isOver = StopFlag()
    let address = echo.unix
    let callers = try (0..<3).map { number in
      try Thread(name: "caller-\(number)") {
        guard let connection = try? Connection(address) else { return }
        while !isOver.isSet {
          _ = try? connection.call(
            path: Self.sliced, message: [UInt8(20 + number)], timeoutNanoseconds: seconds(5))
        }
      }
    }
    Self.waitUntil { echo.server.loopCounters[0].batches > 6 }
    for round in UInt(2)..<6 {
      let before = echo.server.loopCounters[0].batches
      #expect(echo.publication.publish(64 * round) == 64 * (round - 1))
      // It waited for those that were under way, and for few that came later.
      #expect(echo.server.loopCounters[0].batches < before + 12)
    }
    isOver.set()
    for caller in callers { caller.join() }
  }

  @Test("others are served between the slices of many")
  func fairness() throws {
    let echo = try EchoServer()
    let callers = try (0..<8).map { _ in try Self.calling(echo.unix, slices: 50) { _ in } }
    Self.waitUntil { echo.server.loopCounters[0].batches == 8 }
    let other = try Connection(echo.tcp)
    var slowest: UInt64 = 0
    var count = 0
    // Four hundred milliseconds of slices: a call waits for one of them, not for all.
    while echo.server.loopCounters[0].requests < 8 + 40 {
      let start = SystemClock.monotonicNanoseconds()
      _ = try other.call(path: Self.set, message: [], timeoutNanoseconds: seconds(5))
      slowest = max(slowest, SystemClock.monotonicNanoseconds() - start)
      count += 1
    }
    #expect(count > 20 && slowest < 100_000_000)
    for caller in callers { caller.join() }
  }

  @Test("a deadline ends a sliced request, and a closed connection does; its place is free again")
  func ended() throws {
    let echo = try EchoServer()
    for _ in 0..<SlicedRequest.countMax + 4 {
      do {
        let connection = try Connection(echo.unix)
        let error = #expect(throws: ClientError.self) {
          try connection.call(path: Self.sliced, message: [250], timeoutNanoseconds: 10_000_000)
        }
        if case .status(let code, _) = error { #expect(code == 4) }
      }
    }
    let connection = try Connection(echo.unix)
    #expect(
      try connection.call(path: Self.sliced, message: [1], timeoutNanoseconds: seconds(5))
        == Self.bytes(0))
    // Nobody holds on to the set any more.
    #expect(echo.publication.publish(64) == 0)
  }

  @Test("more than there are places for wait, and are all answered")
  func waiting() throws {
    let echo = try EchoServer()
    let answered = Mutex(0)
    let callers = try (0..<SlicedRequest.countMax * 2).map { _ in
      try Self.calling(echo.unix, slices: 5) { result in
        if (try? result.get()) == Self.bytes(0) { answered.withLock { $0 += 1 } }
      }
    }
    for caller in callers { caller.join() }
    #expect(answered.withLock { $0 } == SlicedRequest.countMax * 2)
    #expect(echo.server.loopCounters[0].batches == UInt64(SlicedRequest.countMax * 2))
  }

  @Test("what can't be answered before its deadline is refused at once")
  func hopeless() throws {
    let echo = try EchoServer()
    // What one takes is known from those that have ended.
    try Self.calling(echo.unix, slices: 60) { _ in }.join()
    let callers = try (0..<SlicedRequest.countMax).map { _ in
      try Self.calling(echo.unix, slices: 60) { _ in }
    }
    Self.waitUntil { echo.server.loopCounters[0].batches == UInt64(SlicedRequest.countMax + 1) }
    let other = try Connection(echo.tcp)
    let start = SystemClock.monotonicNanoseconds()
    let error = #expect(throws: ClientError.self) {
      try other.call(path: Self.sliced, message: [60], timeoutNanoseconds: 300_000_000)
    }
    #expect(SystemClock.monotonicNanoseconds() - start < 200_000_000)
    guard case .status(let code, _) = error else {
      Issue.record("expected a status, got \(String(describing: error))")
      return
    }
    #expect(code == 14)
    Self.waitUntil { echo.server.loopCounters[0].hopeless == 1 }
    #expect(echo.server.loopCounters[0].overloads == 1)
    for caller in callers { caller.join() }
  }

  @Test("what can't be sliced, and what is long, is answered by a worker")
  func forWorkers() throws {
    let echo = try EchoServer()
    let connection = try Connection(echo.tcp)
    #expect(
      try connection.call(
        path: "/test.Echo/ForWorkers", message: [], timeoutNanoseconds: seconds(5)) == [])
    let long = [UInt8](repeating: 3, count: LoopLimits.messageByteCountMax + 1)
    #expect(
      try connection.call(path: "/test.Echo/Same", message: long, timeoutNanoseconds: seconds(5))
        == long)
    Self.waitUntil { echo.server.loopCounters[0].handedOver == 2 }
    // In slices there too.
    let reply = try connection.call(
      path: Self.sliced, message: [2] + long, timeoutNanoseconds: seconds(5))
    #expect(reply == Self.bytes(0))
    #expect(echo.server.loopCounters[0].batches == 0)
  }
}

/// Publishes on a thread of its own, because that waits for readers.
private final class PublishingThread: Sendable {
  private let old = Mutex<UInt?>(nil)
  private let thread: Mutex<Thread?> = Mutex(nil)

  init(_ publication: Publication, _ bits: UInt) throws {
    let thread = try Thread(name: "publisher") { [self] in
      let before = publication.publish(bits)
      old.withLock { $0 = before }
    }
    self.thread.withLock { $0 = thread }
  }

  var hasReturned: Bool { old.withLock { $0 != nil } }

  func joined() -> UInt? {
    thread.withLock { $0.take() }?.join()
    return old.withLock { $0 }
  }
}

private final class StopFlag: Sendable {
  private let word = Atomic<Bool>(false)
  func set() { word.store(true, ordering: .sequentiallyConsistent) }
  var isSet: Bool { word.load(ordering: .sequentiallyConsistent) }
}
