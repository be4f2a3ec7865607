internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSystem

/// What is in force and how it came about, as metrics tell it; the server does not know.
public struct PolicyMetrics: Sendable {
  public var setNumber: UInt64 = 0
  public var organizationCount = 0
  public var snapshotByteCount = 0
  /// Real time in seconds when the set was made; 0 where there is none.
  public var createdSeconds: Int64 = 0
  public var activationCount: UInt64 = 0
  /// By cause.
  public var failures: [(cause: String, count: UInt64)] = []

  public init() {}
}

/// The metrics page. No id is ever in it: ids of organizations, too, are the business of those who
/// may ask for decisions, and there may be thousands of them; `/info` and `GetServerInfo` list them.
extension Server {
  /// In the text format of Prometheus.
  public func metrics(_ policies: PolicyMetrics, version: String) -> String {
    var text = MetricsText()
    let tallies = mailboxes.map(\.tally)
    func sum(_ index: Int) -> UInt64 { tallies.reduce(0) { $0 &+ $1[index] } }
    text.family("verdict_build_info", .gauge, "Always 1; the version is its label.")
    text.sample("verdict_build_info", [("version", version)], 1)
    Server.addRequests(&text, sum)
    Server.addChecks(&text, sum)
    text.histogram(
      "verdict_request_duration_seconds",
      "From the turn of the loop that read a request to the turn's end, when its answer is written. "
        + "Requests that workers answer are not in it.",
      (0..<LoopTally.latencyBucketCount).map { sum(LoopTally.latency + $0) }, unit: 1e-6,
      sum: Double(sum(LoopTally.latencySum)) / 1e9)
    text.histogram(
      "verdict_batch_checks", "Checks of one Authorize request.",
      (0..<LoopTally.batchBucketCount).map { sum(LoopTally.batch + $0) }, unit: 1,
      sum: Double(sum(LoopTally.batchSum)))
    addLoops(&text)
    Server.addLimits(&text, sum)
    Server.addPolicies(&text, policies)
    return text.text
  }

  private static func addRequests(_ text: inout MetricsText, _ sum: (Int) -> UInt64) {
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
  }

  private static func addChecks(_ text: inout MetricsText, _ sum: (Int) -> UInt64) {
    let name = "verdict_checks_total"
    text.family(
      name, .counter,
      "Checks decided, by method, effect and reason. Of CheckVisibility the pairs of principal and "
        + "permission; `mixed` is a pair whose cells differ or are visible.")
    for reason in Reason.allCases {
      let count = sum(LoopTally.reasons + Int(reason.rawValue))
      let labels = [
        ("method", "Authorize"), ("effect", reason.effect.name), ("reason", reason.name),
      ]
      text.sample(name, labels, count)
    }
    for reason in Reason.allCases {
      let count = sum(LoopTally.visibility + Int(reason.rawValue))
      if count == 0 { continue }
      let labels = [
        ("method", "CheckVisibility"), ("effect", reason.effect.name), ("reason", reason.name),
      ]
      text.sample(name, labels, count)
    }
    let mixed = sum(LoopTally.visibility)
    text.sample(
      name, [("method", "CheckVisibility"), ("effect", "mixed"), ("reason", "mixed")], mixed)
  }

  /// What each loop has done: the spread over loops is seen in it.
  private func addLoops(_ text: inout MetricsText) {
    let counters = loopCounters
    typealias Field = (
      name: String, kind: MetricsText.Kind, help: String, value: (LoopCounters) -> UInt64
    )
    let fields: [Field] = [
      ("verdict_connections", .gauge, "Connections that are open.", \.connectionsOpen),
      (
        "verdict_connections_accepted_total", .counter, "Connections accepted.",
        \.connectionsAccepted
      ),
      (
        "verdict_connections_broken_total", .counter,
        "Connections closed because of a limit, a protocol error or a stall.", \.connectionsBroken
      ),
      ("verdict_streams_total", .counter, "Requests whose headers have begun.", \.streams),
      (
        "verdict_streams_refused_total", .counter,
        "Requests refused because of their headers or their framing.", \.refusals
      ),
      (
        "verdict_streams_cancelled_total", .counter,
        "Streams that ended before they were answered.", \.cancellations
      ),
      (
        "verdict_deadlines_exceeded_total", .counter,
        "Requests whose deadline was over before they were looked at.", \.deadlinesExceeded
      ),
      ("verdict_received_bytes_total", .counter, "Bytes read from peers.", \.bytesReceived),
      ("verdict_sent_bytes_total", .counter, "Bytes written to peers.", \.bytesSent),
      ("verdict_handshakes_total", .counter, "Connections that became secure.", \.handshakes),
      (
        "verdict_calls_refused_total", .counter,
        "Calls by somebody who is not on the listener's list.", \.callsRefused
      ),
      ("verdict_loop_turns_total", .counter, "Turns of the event loop.", \.turns),
    ]
    for field in fields {
      text.family(field.name, field.kind, field.help)
      for (loop, one) in counters.enumerated() {
        text.sample(field.name, [("loop", "\(loop)")], field.value(one))
      }
    }
    let name = "verdict_loop_busy_seconds_total"
    text.family(name, .counter, "Time that the loop did not wait; its rate is the busy share.")
    for (loop, mailbox) in mailboxes.enumerated() {
      let busy = Double(mailbox.tally[LoopTally.busy]) / 1e9
      text.sample(name, [("loop", "\(loop)")], seconds: busy)
    }
  }

  private static func addLimits(_ text: inout MetricsText, _ sum: (Int) -> UInt64) {
    let name = "verdict_limit_hits_total"
    text.family(name, .counter, "How often a limit was reached, by limit.")
    for limit in Limit.allCases {
      text.sample(
        name, [("limit", "\(limit.name)")], sum(LoopTally.limits + Int(limit.rawValue)))
    }
  }

  private static func addPolicies(_ text: inout MetricsText, _ policies: PolicyMetrics) {
    text.family("verdict_set_number", .gauge, "The set in force; 0: none.")
    text.sample("verdict_set_number", [], policies.setNumber)
    text.family("verdict_organizations", .gauge, "Organizations of the set in force.")
    text.sample("verdict_organizations", [], UInt64(policies.organizationCount))
    text.family("verdict_snapshot_bytes", .gauge, "Bytes of the snapshots in force.")
    text.sample("verdict_snapshot_bytes", [], UInt64(policies.snapshotByteCount))
    if policies.createdSeconds > 0 {
      text.family(
        "verdict_set_created_timestamp_seconds", .gauge,
        "When the set in force was made; time() minus it is its age.")
      text.sample(
        "verdict_set_created_timestamp_seconds", [], UInt64(max(0, policies.createdSeconds)))
    }
    text.family("verdict_set_activations_total", .counter, "Sets that came into force.")
    text.sample("verdict_set_activations_total", [], policies.activationCount)
    text.family(
      "verdict_set_failures_total", .counter, "Sets that were refused, by cause; each told once.")
    for failure in policies.failures {
      text.sample("verdict_set_failures_total", [("cause", failure.cause)], failure.count)
    }
  }
}
