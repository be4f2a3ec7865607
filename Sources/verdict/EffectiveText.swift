internal import VerdictModel

/// An effective policy as lines of plain text.
struct EffectiveText {
  let principal: String
  let policy: EffectivePolicy

  var lines: [String] {
    let who = InspectionText.principal(principal)
    let workspace = policy.principal.workspace
    let place = workspace.isEmpty ? "" : " in workspace \(workspace)"
    if let refusal = policy.refusal {
      return ["\(who) can do nothing\(place): \(refusal.message) [\(refusal.reason.name)]"]
    }
    var lines = ["\(who), \(InspectionText.rank(policy.principal)),\(place):"]
    if policy.administers {
      lines.append(
        "May do everything here, by \(InspectionText.joined(policy.access))."
          + (isReadOnly ? " The token's scope leaves viewing of that." : ""))
      return lines
    }
    lines.append("Access: \(InspectionText.joined(policy.access)).")
    let open =
      policy.openActions
      + policy.workspaceActions.filter { !policy.openActions.contains($0) }
      .map { "\($0) of the workspace itself" }
    if !open.isEmpty { lines.append("With access alone: \(InspectionText.joined(open)).") }
    if policy.entries.isEmpty { return lines + ["No grants."] }
    lines.append("Grants:")
    for entry in policy.entries { lines += self.lines(entry) }
    return lines
  }

  private var isReadOnly: Bool { policy.principal.tokenScope == "read_only" }

  private func lines(_ entry: EffectivePolicy.Entry) -> [String] {
    let what =
      entry.type.isEmpty
      ? entry.display : "\(entry.display) on \(InspectionText.text(entry.scope, entry.typePlural))"
    // One source that gives all of it needs no scope of its own.
    if entry.type.isEmpty || entry.contributions.allSatisfy({ $0.scope == entry.scope }) {
      return ["  \(what), from \(InspectionText.joined(entry.contributions.map(\.source)))"]
    }
    return ["  \(what)"]
      + entry.contributions.map {
        "    from \(InspectionText.text($0.source)): "
          + InspectionText.text($0.scope, entry.typePlural)
      }
  }
}
