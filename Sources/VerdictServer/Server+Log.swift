public import VerdictLog
internal import VerdictModel
internal import VerdictRPC

/// What the decision log has to add up to.
extension Server {
  /// Requests and checks as metrics count them, of the methods that are logged.
  public var logTotals: LogCounts {
    var counts = LogCounts()
    let tallies = tallies
    func sum(_ index: Int) -> UInt64 { tallies.reduce(0) { $0 &+ $1[index] } }
    for method in LogVocabulary.verdict.methods {
      for status in 0..<LoopTally.statusCount {
        let index = LoopTally.requests + Int(method.number) * LoopTally.statusCount + status
        counts.add(sum(index), method: method.number, status: UInt8(status))
      }
    }
    let groups = [LoopTally.reasons, LoopTally.visibility, LoopTally.gateway]
    for (group, words) in groups.enumerated() {
      counts.add(sum(words), group: UInt8(group), reason: 0)
      for reason in Reason.allCases {
        let index = words + Int(reason.rawValue)
        counts.add(sum(index), group: UInt8(group), reason: reason.rawValue)
      }
    }
    return counts
  }
}
