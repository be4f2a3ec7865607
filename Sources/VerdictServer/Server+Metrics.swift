public import VerdictControl
internal import VerdictHTTP2
public import VerdictLog
public import VerdictModel
internal import VerdictRPC
internal import VerdictSystem

/// The metrics page. No id is ever in it: ids of organizations, too, are the business of those who
/// may ask for decisions, and there may be thousands of them; `/info` and `GetServerInfo` list
/// them.
extension Server {
  /// In the text format of Prometheus.
  ///
  /// - Parameters:
  ///   - forwardAuth: whose decisions are to be in it too.
  ///   - shadow: nil where nothing is compared with a staged set.
  ///   - log: nil where there is no decision log.
  ///   - limits: of the endpoint that asks, to be added to the others.
  public func metrics(
    _ policies: PolicyStatus, _ active: LoadedSet?, forwardAuth: ForwardAuthServer? = nil,
    shadow: Shadow?, log: LogStatus?, limits: LimitCounts, version: String
  ) -> String {
    var text = MetricsText()
    let tallies = mailboxes.map(\.tally) + [acceptorTally.tally]
    func sum(_ index: Int) -> UInt64 { tallies.reduce(0) { $0 &+ $1[index] } }
    text.family("verdict_build_info", .gauge, "Always 1; the version is its label.")
    text.sample("verdict_build_info", [("version", version)], 1)
    Server.addRequests(&text, sum, forwardAuth?.tally.tally)
    Server.addChecks(&text, sum, forwardAuth?.tally.tally)
    text.histogram(
      "verdict_request_duration_seconds",
      "From the turn of the loop in which a request was whole until its answer was written, or for "
        + "one that took longer than its turn, queued.",
      (0..<LoopTally.latencyBucketCount).map { sum(LoopTally.latency + $0) }, unit: 1e-6,
      sum: Double(sum(LoopTally.latencySum)) / 1e9)
    text.histogram(
      "verdict_batch_checks", "Checks of one Authorize request.",
      (0..<LoopTally.batchBucketCount).map { sum(LoopTally.batch + $0) }, unit: 1,
      sum: Double(sum(LoopTally.batchSum)))
    text.add(loopCounters)
    let limited = tallies + (forwardAuth.map { [$0.tally.tally] } ?? [])
    Server.addLimits(&text, limited, limits)
    text.add(policies, active)
    if let shadow { text.add(shadow.report(rowCountMax: 0)) }
    if let log { text.add(log) }
    return text.text
  }

  private static func addRequests(
    _ text: inout MetricsText, _ sum: (Int) -> UInt64, _ forwardAuth: LoopTally?
  ) {
    let name = "verdict_requests_total"
    text.family(name, .counter, "Requests answered, by method and status of gRPC.")
    for method in Method.allCases {
      for status in 0..<LoopTally.statusCount {
        let index = Int(method.rawValue) * LoopTally.statusCount + status
        let count = sum(LoopTally.requests + index)
        guard count > 0 || status == 0 else { continue }
        // Two services have a method called `Check`.
        let words = method.path.split(separator: "/").map(String.init)
        let code = RPCCode(rawValue: UInt8(status)).map { "\($0)" } ?? "\(status)"
        text.sample(
          name, [("service", words[0]), ("method", words.last ?? ""), ("code", code)], count)
      }
    }
    guard let forwardAuth else { return }
    for code in [RPCCode.ok, .unavailable] {
      let index = Int(LogVocabulary.forwardAuth) * LoopTally.statusCount + Int(code.rawValue)
      text.sample(
        name, [("service", "forward-auth"), ("method", "ForwardAuth"), ("code", "\(code)")],
        forwardAuth[LoopTally.requests + index])
    }
  }

  private static func addChecks(
    _ text: inout MetricsText, _ sum: (Int) -> UInt64, _ forwardAuth: LoopTally?
  ) {
    let name = "verdict_checks_total"
    text.family(
      name, .counter,
      "Checks decided, by method, effect and reason. Of CheckVisibility the pairs of principal and "
        + "permission; `mixed` is a pair whose cells differ or are visible. Of Check and "
        + "ForwardAuth the requests of gateways. AuthorizeStream's are with Authorize's.")
    func add(
      _ method: String, _ words: Int, _ sum: (Int) -> UInt64, showsAll: Bool = false
    ) {
      for reason in Reason.allCases {
        let count = sum(words + Int(reason.rawValue))
        guard showsAll || count > 0 else { continue }
        let labels = [("method", method), ("effect", reason.effect.name), ("reason", reason.name)]
        text.sample(name, labels, count)
      }
    }
    // Of the method that everybody uses also what has not happened yet, so that rates begin at 0.
    add("Authorize", LoopTally.reasons, sum, showsAll: true)
    add("CheckVisibility", LoopTally.visibility, sum)
    add("Check", LoopTally.gateway, sum)
    if let forwardAuth { add("ForwardAuth", LoopTally.gateway) { forwardAuth[$0] } }
    text.sample(
      name, [("method", "CheckVisibility"), ("effect", "mixed"), ("reason", "mixed")],
      sum(LoopTally.visibility))
  }

  private static func addLimits(
    _ text: inout MetricsText, _ tallies: [LoopTally], _ others: LimitCounts
  ) {
    let name = "verdict_limit_hits_total"
    text.family(name, .counter, "How often a limit was reached, by limit.")
    for limit in Limit.allCases {
      let index = LoopTally.limits + Int(limit.rawValue)
      text.sample(
        name, [("limit", "\(limit.name)")], tallies.reduce(others[limit]) { $0 &+ $1[index] })
    }
  }
}
