internal import VerdictSystem

/// To which loop the next connection goes: the one with the least work.
///
/// A gateway opens few connections and sends much over each, so their number says little; and what
/// a new one will bring is not known. So a loop is judged by how busy it was of late, plus an
/// average connection's share for each that it was given since that was looked at. Loops that are
/// about as busy are told apart by the number of their connections.
struct LoopChoice {
  /// How often loops are looked at, in nanoseconds.
  static let sampleNanoseconds: UInt64 = 20_000_000
  /// Differences below this share of a processor are noise.
  static let noiseShare = 0.1

  private var meter: BusyMeter
  private var shares: [Double]
  /// By loop: connections given since the last look.
  private var given: [Int]

  init(loopCount: Int) {
    meter = BusyMeter(loopCount: loopCount)
    shares = Array(repeating: 0, count: loopCount)
    given = Array(repeating: 0, count: loopCount)
  }

  /// The loop for one more connection.
  ///
  /// - Parameters:
  ///   - connectionCounts: by loop, those that it was given and that are not closed yet.
  ///   - busyNanoseconds: by loop, since it began.
  mutating func next(
    connectionCounts: [Int], busyNanoseconds: [UInt64], nowNanoseconds: UInt64
  ) -> Int {
    if nowNanoseconds &- meter.sampledNanoseconds >= LoopChoice.sampleNanoseconds {
      meter.blend(busyNanoseconds, nowNanoseconds: nowNanoseconds, into: &shares)
      for index in given.indices { given[index] = 0 }
    }
    // Of those that were there at the last look: the others are not in the shares yet.
    let measuredCount = connectionCounts.reduce(0, +) - given.reduce(0, +)
    let usual = shares.reduce(0, +) / Double(max(1, measuredCount))
    let best = connectionCounts.indices.min { a, b in
      let steps = [a, b].map { index in
        ((shares[index] + usual * Double(given[index])) / LoopChoice.noiseShare).rounded(.down)
      }
      if steps[0] != steps[1] { return steps[0] < steps[1] }
      if connectionCounts[a] != connectionCounts[b] {
        return connectionCounts[a] < connectionCounts[b]
      }
      return a < b
    }
    guard let best else { preconditionFailure("a server has at least one loop") }
    given[best] += 1
    return best
  }
}

/// Which share of the time loops were busy, between two looks at their counters.
struct BusyMeter {
  private var busyNanoseconds: [UInt64]
  private(set) var sampledNanoseconds: UInt64 = 0

  init(loopCount: Int) { busyNanoseconds = Array(repeating: 0, count: loopCount) }

  /// Moves `shares` half-way to those since the last call. Allocates nothing.
  mutating func blend(_ busy: [UInt64], nowNanoseconds: UInt64, into shares: inout [Double]) {
    let passed = Double(max(1, nowNanoseconds &- sampledNanoseconds))
    for index in shares.indices {
      let fresh = min(1, Double(busy[index] &- busyNanoseconds[index]) / passed)
      shares[index] = (shares[index] + fresh) / 2
    }
    sampledNanoseconds = nowNanoseconds
    busyNanoseconds = busy
  }

  /// By loop, from 0 to 1, since the last call; the first call counts from the clock's start.
  mutating func shares(_ busy: [UInt64], nowNanoseconds: UInt64) -> [Double] {
    let passed = Double(max(1, nowNanoseconds &- sampledNanoseconds))
    defer {
      sampledNanoseconds = nowNanoseconds
      busyNanoseconds = busy
    }
    return zip(busy, busyNanoseconds).map { min(1, Double($0 &- $1) / passed) }
  }
}

/// How the work is spread over the loops.
public struct LoopBalance: Sendable, Equatable {
  /// By loop: which share of the time it was busy since the last look, from 0 to 1.
  public let busyShares: [Double]
  /// By loop.
  public let connectionCounts: [Int]

  /// The busiest loop's share over the mean: 1 where all have the same, the number of loops where
  /// one has everything. 1 where nobody has anything to do.
  public var spread: Double {
    let mean = busyShares.reduce(0, +) / Double(max(1, busyShares.count))
    guard mean > 0.001, let most = busyShares.max() else { return 1 }
    return most / mean
  }
}
