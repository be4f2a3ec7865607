import Testing
import VerdictClient
import VerdictSystem

@testable import VerdictServer

@Suite("which loop gets a connection")
struct BalanceTests {
  private let second: UInt64 = 1_000_000_000

  /// Where connections go that come at once, with what each loop has by then.
  private func spread(
    _ count: Int, over connectionCounts: [Int], busyShares: [Double]
  ) -> [Int] {
    var choice = LoopChoice(loopCount: connectionCounts.count)
    var counts = connectionCounts
    var given = busyShares.map { _ in 0 }
    // What was before the first look is forgotten after a few more.
    for step in UInt64(1)...6 {
      let busy = busyShares.map { UInt64($0 * Double(step * second)) }
      for _ in 0..<(step < 6 ? 1 : count) {
        let index = choice.next(
          connectionCounts: counts, busyNanoseconds: busy, nowNanoseconds: step * second)
        guard step == 6 else { continue }
        given[index] += 1
        counts[index] += 1
      }
    }
    return given
  }

  @Test("while nobody has work, the numbers of connections decide")
  func idle() {
    #expect(spread(9, over: [0, 0, 0], busyShares: [0, 0, 0]) == [3, 3, 3])
    #expect(spread(6, over: [4, 0, 2], busyShares: [0.01, 0.02, 0.03]) == [0, 4, 2])
  }

  @Test("one connection with much to do counts more than many without")
  func heavy() {
    #expect(spread(2, over: [1, 8], busyShares: [0.9, 0.05]) == [0, 2])
    #expect(spread(4, over: [1, 1], busyShares: [0.95, 0.05]) == [1, 3])
  }

  @Test("a burst is spread, also where one loop is busier")
  func burst() {
    let given = spread(12, over: [4, 4], busyShares: [0.6, 0.2])
    #expect(given.reduce(0, +) == 12)
    // An average connection has a tenth: four of them make up for the difference.
    #expect(given[1] >= 7 && given[0] >= 3)
  }

  @Test("the spread is 1 for equal shares and the number of loops where one has all")
  func number() {
    #expect(LoopBalance(busyShares: [0.4, 0.4], connectionCounts: [1, 1]).spread == 1)
    #expect(LoopBalance(busyShares: [0.8, 0], connectionCounts: [1, 1]).spread == 2)
    #expect(LoopBalance(busyShares: [0, 0], connectionCounts: [0, 0]).spread == 1)
  }

  @Test("new connections avoid the loop that one caller keeps busy")
  func live() throws {
    let echo = try EchoServer(loopCount: 2)
    let address = echo.unix
    let busy = try Thread(name: "busy") {
      guard let connection = try? Connection(address) else { return }
      for _ in 0..<4 {
        _ = try? connection.call(
          path: "/test.Echo/Sliced", message: [200], timeoutNanoseconds: seconds(10))
      }
    }
    defer { busy.join() }
    while echo.server.loopCounters.allSatisfy({ $0.batches == 0 }) {
      SystemClock.sleep(nanoseconds: 1_000_000)
    }
    let loop = echo.server.loopCounters[0].batches > 0 ? 0 : 1
    SystemClock.sleep(nanoseconds: 100_000_000)
    _ = echo.server.takeBalance()
    var others: [VerdictClient.Connection] = []
    for number in 0..<6 {
      // Not a burst: each finds what the one before has brought.
      SystemClock.sleep(nanoseconds: LoopChoice.sampleNanoseconds + 5_000_000)
      let other = try VerdictClient.Connection(number % 2 == 0 ? echo.tcp : echo.unix)
      _ = try other.call(path: "/test.Echo/Same", message: [], timeoutNanoseconds: seconds(5))
      others.append(other)
    }
    let balance = echo.server.takeBalance()
    // The busy loop keeps its one.
    #expect(balance.connectionCounts[loop] <= 2 && balance.connectionCounts[1 - loop] >= 5)
    #expect(balance.busyShares[loop] > 0.5 && balance.spread > 1.5)
    withExtendedLifetime(others) {}
  }
}
