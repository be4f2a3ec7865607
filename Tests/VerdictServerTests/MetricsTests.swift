import Testing
import VerdictHTTP2
import VerdictModel

@testable import VerdictServer

@Suite("metrics")
struct MetricsTests {
  @Test("a duration and a batch are counted in the bucket that ends at or above them")
  func buckets() {
    let tally = LoopTally()
    defer { tally.free() }
    for nanoseconds: UInt64 in [0, 1_000, 1_001, 2_000, 4_000, 4_001, .max / 2] {
      tally.count(latencyNanoseconds: nanoseconds, answers: 1)
    }
    let counts = (0..<LoopTally.latencyBucketCount).map { tally[LoopTally.latency + $0] }
    #expect(Array(counts.prefix(5)) == [2, 2, 1, 1, 0])
    #expect(counts.last == 1)
    #expect(counts.reduce(0, +) == 7)
    for count in [1, 2, 3, 10_000, 1 << 40] { tally.count(batchOf: count) }
    #expect(tally[LoopTally.batch] == 1)
    #expect(tally[LoopTally.batch + 1] == 1)
    #expect(tally[LoopTally.batch + 2] == 1)
    #expect(tally[LoopTally.batch + 14] == 1)
    #expect(tally[LoopTally.batch + LoopTally.batchBucketCount - 1] == 1)
  }

  @Test("a duration counts for each request that took so long")
  func durations() {
    let tally = LoopTally()
    defer { tally.free() }
    tally.count(latencyNanoseconds: 700, answers: 3)
    #expect(tally[LoopTally.latency] == 3)
    #expect(tally[LoopTally.latencySum] == 2_100)
  }

  @Test("every status, method and limit has a word of its own")
  func words() {
    let tally = LoopTally()
    defer { tally.free() }
    tally.count(method: UInt8(LoopTally.methodCount - 1), .unauthenticated)
    #expect(tally[LoopTally.reasons - 1] == 1)
    #expect(Int(RPCCode.unauthenticated.rawValue) == LoopTally.statusCount - 1)
    #expect(Limit.allCases.allSatisfy { $0.rawValue < LoopTally.limitCount })
    var limits = LimitCounts()
    limits.add(.pings)
    tally.show(limits)
    #expect(tally[LoopTally.limits + Int(Limit.pings.rawValue)] == 1)
  }

  @Test("labels and help are escaped")
  func escapes() {
    var text = MetricsText()
    text.family("a", .gauge, "x\\y\nz")
    text.sample("a", [("b", "\"c\\\n")], 1)
    #expect(text.text == "# HELP a x\\\\y\\nz\n# TYPE a gauge\na{b=\"\\\"c\\\\\\n\"} 1\n")
  }
}
