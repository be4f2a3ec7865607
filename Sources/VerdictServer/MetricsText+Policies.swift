internal import VerdictControl

/// What is in force, and how the attempts to renew it went.
extension MetricsText {
  mutating func add(_ status: PolicyStatus, _ active: LoadedSet?) {
    gauge("set_number", "The set in force; 0: none.", active?.setNumber ?? 0)
    gauge(
      "organizations", "Organizations of the set in force.",
      UInt64(active?.organizations.count ?? 0))
    gauge(
      "snapshot_bytes", "Bytes of the snapshots in force.",
      UInt64(active?.organizations.reduce(0) { $0 + $1.byteCount } ?? 0))
    time("set_created", "When the set in force was made.", status.createdSeconds)
    time("set_expires", "When the set in force expires.", status.expiresSeconds)
    if let age = status.ageSeconds {
      gauge("set_age_seconds", "The age of the set in force.", UInt64(max(0, age)))
    }
    let name = "verdict_policies_state"
    family(name, .gauge, "1 for how things stand: loaded, stale or error.")
    for state in PolicyStatus.State.allCases {
      sample(name, [("state", state.rawValue)], status.state == state ? 1 : 0)
    }
    gauge(
      "policies_closed", "1: the set in force is too old, and nothing is decided by it.",
      status.isClosed ? 1 : 0)
    time("set_last_success", "When a set last got or stayed in force.", status.lastSuccessSeconds)
    time("set_last_failure", "When a set was last refused.", status.lastFailureSeconds)
    histogram(
      "verdict_set_publication_seconds",
      "From a new set's pointer until no loop and no worker used the set before.",
      status.publicationCounts, unit: 1e-6, sum: Double(status.publicationNanosecondsSum) / 1e9)
    family("verdict_set_activations_total", .counter, "Sets that came into force.")
    sample("verdict_set_activations_total", [], status.activationCount)
    addFailures(status)
  }

  private mutating func addFailures(_ status: PolicyStatus) {
    let name = "verdict_set_failures_total"
    family(name, .counter, "Attempts to take a set into force that were refused, by cause.")
    for code in ControlError.Code.allCases {
      sample(name, [("cause", code.rawValue)], status.refusalCounts[code, default: 0])
    }
  }

  private mutating func gauge(_ name: String, _ help: String, _ value: UInt64) {
    family("verdict_" + name, .gauge, help)
    sample("verdict_" + name, [], value)
  }

  /// Nothing where there is no such time: 0 would be one.
  private mutating func time(_ name: String, _ help: String, _ seconds: Int64?) {
    guard let seconds else { return }
    gauge(
      name + "_timestamp_seconds", help + " In seconds since 1970.", UInt64(max(0, seconds)))
  }
}
