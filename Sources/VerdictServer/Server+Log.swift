public import VerdictLog
internal import VerdictModel
internal import VerdictRPC

/// What the decision log has to add up to.
extension Server {
  /// Requests and checks as metrics count them, of the methods that are logged.
  ///
  /// - Parameter forwardAuth: whose decisions are in the log too.
  public func logTotals(forwardAuth: ForwardAuthServer?) -> LogCounts {
    var counts = LogCounts()
    let loops = mailboxes.map(\.tally)
    func sum(_ index: Int) -> UInt64 { loops.reduce(0) { $0 &+ $1[index] } }
    func ofForwardAuth(_ index: Int) -> UInt64 { forwardAuth?.tally.tally[index] ?? 0 }
    for method in LogVocabulary.verdict.methods {
      let count = method.number == LogVocabulary.forwardAuth ? ofForwardAuth : sum
      for status in 0..<LoopTally.statusCount {
        let index = LoopTally.requests + Int(method.number) * LoopTally.statusCount + status
        counts.add(count(index), method: method.number, status: UInt8(status))
      }
    }
    let groups = [
      (LoopTally.reasons, sum), (LoopTally.visibility, sum), (LoopTally.gateway, sum),
      (LoopTally.gateway, ofForwardAuth),
    ]
    for (group, (words, count)) in groups.enumerated() {
      counts.add(count(words), group: UInt8(group), reason: 0)
      for reason in Reason.allCases {
        let index = words + Int(reason.rawValue)
        counts.add(count(index), group: UInt8(group), reason: reason.rawValue)
      }
    }
    return counts
  }
}
