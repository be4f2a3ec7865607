internal import VerdictModel

/// What comes of comparing live requests with the staged set. Of the present comparison: a newly
/// staged set begins at zero again.
extension MetricsText {
  mutating func add(_ report: ShadowReport) {
    let fields: [(name: String, kind: Kind, help: String, value: UInt64)] = [
      (
        "verdict_shadow_staged_set", .gauge, "The staged set that is compared; 0: none.",
        report.stagedSet
      ),
      (
        "verdict_shadow_refused", .gauge,
        "1: the newest staged set is refused; `verdict shadow report` says why.",
        report.refusal.isEmpty ? 0 : 1
      ),
      (
        "verdict_shadow_requests_total", .counter, "Requests decided by the staged set too.",
        report.requestCount
      ),
      (
        "verdict_shadow_checks_total", .counter, "Checks decided by the staged set too.",
        report.checkCount
      ),
      (
        "verdict_shadow_overflows_total", .counter,
        "Sampled requests that were not compared because too many waited.", report.overflowCount
      ),
      (
        "verdict_shadow_oversized_total", .counter,
        "Sampled requests that were not compared because they take too much memory.",
        report.oversizedCount
      ),
    ]
    for field in fields {
      family(field.name, field.kind, field.help)
      sample(field.name, [], field.value)
    }
    let name = "verdict_shadow_differences_total"
    family(name, .counter, "Checks that the staged set decides otherwise, by what differs.")
    sample(name, [("in", "effect")], report.effectChangeCount)
    sample(name, [("in", "reason")], report.reasonChangeCount)
  }
}
