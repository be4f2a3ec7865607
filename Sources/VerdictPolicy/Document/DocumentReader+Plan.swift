internal import VerdictModel

/// The rules of the plans (domain.md 2.6). Each error names the rule, the place and the plan.
extension DocumentReader {
  /// Reports the first name beyond what the plan allows.
  mutating func checkLimit(_ rule: AccessModel.PlanLimit, _ names: [Name], _ noun: String) {
    guard let limit = model.plans[plan].limits[rule], names.count > limit else { return }
    reading.diagnostics.error(
      names[limit].mark,
      "the plan `\(model.plans[plan].name)` allows \(limit) \(noun) (rule `\(rule.rawValue)`), "
        + "but there are \(names.count); remove some or change the plan")
  }

  /// Whether the plan has a feature; otherwise an error is out.
  mutating func requireFeature(
    _ rule: AccessModel.PlanFeature, _ mark: Mark, _ noun: String
  ) -> Bool {
    if model.plans[plan].features.contains(rule) { return true }
    let plans = model.plans.filter { $0.features.contains(rule) }.map(\.name)
    let advice = plans.isEmpty ? "" : " or change the plan to \(Spelling.choice(plans))"
    reading.diagnostics.error(
      mark,
      "the plan `\(model.plans[plan].name)` does not have \(noun) (rule "
        + "`\(rule.rawValue)`); remove it\(advice)")
    return false
  }
}
