import Synchronization
import Testing
import VerdictClient
import VerdictControl
import VerdictSystem

@testable import VerdictServer

@Suite("inspections on workers")
struct WorkerTests {
  private static let slow = "/test.Echo/Slow"
  private static let same = "/test.Echo/Same"

  /// Makes a call on a connection of its own, on a thread of its own.
  private static func calling(
    _ address: String, _ message: [UInt8],
    _ outcome: @escaping @Sendable (Result<[UInt8], ClientError>) -> Void
  ) throws -> Thread {
    try Thread(name: "caller") {
      outcome(
        Result { () throws(ClientError) in
          try Connection(address).call(
            path: slow, message: message, timeoutNanoseconds: seconds(60))
        })
    }
  }

  @Test("an inspection is answered, with its reply or its failure")
  func answered() throws {
    let echo = try EchoServer()
    let connection = try Connection(echo.unix)
    for _ in 0..<100 {
      let reply = try connection.call(
        path: Self.slow, message: [0, 1, 2], timeoutNanoseconds: seconds(20))
      #expect(reply == [0, 1, 2])
    }
    let big = [0] + [UInt8](repeating: 9, count: 300_000)
    #expect(
      try connection.call(path: Self.slow, message: big, timeoutNanoseconds: seconds(20)) == big)
    let error = #expect(throws: ClientError.self) {
      try connection.call(path: Self.slow, message: [], timeoutNanoseconds: seconds(20))
    }
    #expect(error?.description == "NOT_FOUND: nothing to say: ü")
  }

  @Test("a listener that doesn't serve inspections says UNIMPLEMENTED, and where to turn them on")
  func refused() throws {
    let echo = try EchoServer()
    let connection = try Connection(echo.tcp)
    let error = #expect(throws: ClientError.self) {
      try connection.call(path: Self.slow, message: [0], timeoutNanoseconds: seconds(20))
    }
    #expect(error?.description.hasPrefix("UNIMPLEMENTED: ") == true)
    #expect(error?.description.contains("--inspect-on") == true)
    let nowhere = try EchoServer { $0.listeners[1].servesInspection = false }
    #expect(throws: ClientError.self) {
      try Connection(nowhere.unix).call(
        path: Self.slow, message: [0], timeoutNanoseconds: seconds(20))
    }
  }

  @Test("a loop answers others while a worker is busy")
  func loopsGoOn() throws {
    let echo = try EchoServer { $0.workerCount = 1 }
    let isDone = Flag()
    let slow = try Self.calling(echo.unix, [150]) { _ in isDone.set() }
    let connection = try Connection(echo.unix)
    for _ in 0..<20 {
      #expect(
        try connection.call(path: Self.same, message: [7], timeoutNanoseconds: seconds(20)) == [7])
    }
    #expect(!isDone.isSet)
    slow.join()
  }

  @Test("beyond the bound of the queue a request is refused at once, and none is lost")
  func bounded() throws {
    let echo = try EchoServer { $0.workerCount = 1 }
    let counts = Counts()
    var callers = [try Self.calling(echo.unix, [200]) { counts.note($0) }]
    SystemClock.sleep(nanoseconds: 200_000_000)
    for _ in 0..<WorkerPool.waitingCountMax + 8 {
      callers.append(try Self.calling(echo.unix, [0]) { counts.note($0) })
    }
    for caller in callers { caller.join() }
    #expect(counts.answered + counts.refused == WorkerPool.waitingCountMax + 9)
    #expect(counts.refused >= 1 && counts.refused <= 8)
  }

  @Test("who goes away before the answer is missed by nobody")
  func gone() throws {
    let echo = try EchoServer { $0.workerCount = 1 }
    let connection = try Connection(echo.unix)
    // The stream is given up; the connection lives.
    #expect(throws: ClientError.self) {
      try connection.call(path: Self.slow, message: [30], timeoutNanoseconds: 50_000_000)
    }
    #expect(
      try connection.call(path: Self.slow, message: [0, 5], timeoutNanoseconds: seconds(20))
        == [0, 5])
    // The whole connection goes.
    do {
      let other = try Connection(echo.unix)
      #expect(throws: ClientError.self) {
        try other.call(path: Self.slow, message: [30], timeoutNanoseconds: 50_000_000)
      }
    }
    #expect(
      try connection.call(path: Self.slow, message: [0, 6], timeoutNanoseconds: seconds(20))
        == [0, 6])
  }

  @Test("a drain waits for an inspection that is under way")
  func drained() throws {
    let echo = try EchoServer()
    let counts = Counts()
    let caller = try Self.calling(echo.unix, [100]) { counts.note($0) }
    while echo.server.loopCounters[0].requests == 0 { SystemClock.sleep(nanoseconds: 1_000_000) }
    echo.server.drain()
    echo.server.waitUntilStopped()
    caller.join()
    #expect(counts.answered == 1 && counts.refused == 0)
  }

  @Test("an idle worker keeps no set, a busy one keeps its own")
  func publication() throws {
    let echo = try EchoServer { $0.workerCount = 1 }
    let counts = Counts()
    // Nobody is online: publishing doesn't wait.
    _ = echo.publication.publish(64)
    let caller = try Self.calling(echo.unix, [60]) { counts.note($0) }
    while echo.server.loopCounters[0].requests == 0 { SystemClock.sleep(nanoseconds: 1_000_000) }
    SystemClock.sleep(nanoseconds: 50_000_000)
    #expect(counts.answered == 0)
    // Returns only once the worker is done with the set from before.
    #expect(echo.publication.publish(128) == 64)
    caller.join()
    #expect(counts.answered == 1)
  }

  private final class Flag: Sendable {
    private let word = Atomic<Bool>(false)
    func set() { word.store(true, ordering: .sequentiallyConsistent) }
    var isSet: Bool { word.load(ordering: .sequentiallyConsistent) }
  }

  private final class Counts: Sendable {
    private let words = Mutex((answered: 0, refused: 0))

    func note(_ result: Result<[UInt8], ClientError>) {
      words.withLock {
        switch result {
        case .success: $0.answered += 1
        case .failure(.status(code: 14, _)): $0.refused += 1
        case .failure(let error): Issue.record("\(error)")
        }
      }
    }

    var answered: Int { words.withLock { $0.answered } }
    var refused: Int { words.withLock { $0.refused } }
  }
}
