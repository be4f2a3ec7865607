internal import VerdictModel

/// An explanation as lines of plain text.
struct ExplanationText {
  let check: Check
  let explanation: Explanation

  var lines: [String] {
    var lines = [headline, question, "", message]
    if !explanation.alternatives.allSatisfy(\.terms.isEmpty) { lines += [""] + termLines }
    if explanation.answer.effect == .allow, !explanation.basis.isEmpty {
      lines += ["", "The allow rests on \(InspectionText.joined(explanation.basis))."]
    }
    if !explanation.obstacle.isEmpty { lines += ["", explanation.obstacle] }
    lines += remedyLines
    if isAboutAccess {
      lines += [
        "",
        "Their access to the workspace comes from \(InspectionText.joined(explanation.access)).",
      ]
    }
    return lines
  }

  // MARK: What was asked and answered

  private var headline: String {
    let word =
      switch explanation.answer.effect {
      case .allow: "ALLOWED"
      case .deny: "DENIED"
      case .indeterminate: "NOT DECIDED, which is not an allow"
      }
    return "\(word) (\(explanation.answer.reason.name))"
  }

  private var question: String {
    var text = "\(who): \(check.action)"
    if let resource = check.resource { text += " \(resource)" }
    if let target = check.target { text += " with \(target)" }
    let workspace = explanation.principal.workspace
    if !workspace.isEmpty { text += " in workspace \(workspace)" }
    return text
  }

  private var who: String {
    let name = InspectionText.principal(check.principal)
    let rank = explanation.principal.rank
    if rank == .unknown || rank == .member { return name }
    return "\(name), \(InspectionText.rank(explanation.principal))"
  }

  /// What whoever asked is told, in the second person.
  private var message: String {
    "The caller is told: \(explanation.answer.message)"
  }

  private var isAboutAccess: Bool {
    !explanation.access.isEmpty && explanation.answer.effect == .deny
  }

  // MARK: Terms

  private var termLines: [String] {
    let alternatives = explanation.alternatives
    guard alternatives.count > 1 else {
      let terms = alternatives.first?.terms ?? []
      let count = terms.reduce(0) { $0 + $1.requirements.count }
      return [count > 1 ? "This takes all of:" : "This takes:"] + terms.flatMap(lines)
    }
    var lines = ["This takes one of these \(alternatives.count):"]
    for (index, alternative) in alternatives.enumerated() {
      lines.append("\(index + 1). \(alternative.holds ? "holds" : "doesn't hold")")
      lines += alternative.terms.flatMap(self.lines)
    }
    return lines
  }

  private func lines(_ term: Explanation.Term) -> [String] {
    if term.requirements.isEmpty {
      let what = "\(term.display) on \(term.operand)"
      return [
        term.holds ? "  [yes] \(what): there is none" : "  [no]  \(what): there is none that counts"
      ]
    }
    let isAny = term.operand.hasPrefix("any ") && term.requirements.count > 1
    var lines = isAny ? ["  \(term.holds ? "[yes]" : "[no] ") one of:"] : []
    lines += term.requirements.map { line(term, $0, indent: isAny ? "    " : "  ") }
    return lines
  }

  private func line(
    _ term: Explanation.Term, _ requirement: Explanation.Requirement, indent: String
  ) -> String {
    let what =
      requirement.display.isEmpty
      ? term.display : "\(term.display) on \(named(requirement))\(relation(term))"
    if requirement.holds {
      return "\(indent)[yes] \(what), from \(InspectionText.joined(requirement.sources))"
    }
    // "other" is what a new user needs to hear: the grant is there, and its list is too short.
    let elsewhere =
      requirement.isGrantedElsewhere
      ? "they have it on others, but not on this one" : "they don't have it at all"
    return "\(indent)[no]  \(what): \(elsewhere)"
  }

  /// The name for people, and the id where that is another.
  private func named(_ requirement: Explanation.Requirement) -> String {
    guard let slash = requirement.resource.firstIndex(of: "/") else { return requirement.display }
    let id = String(requirement.resource[requirement.resource.index(after: slash)...])
    return InspectionText.withID(requirement.display, id)
  }

  /// What a related resource is to the one asked about.
  private func relation(_ term: Explanation.Term) -> String {
    guard let space = term.operand.firstIndex(of: " ") else { return "" }
    let name = term.operand[term.operand.index(after: space)...]
    return ", linked by `\(name)`"
  }

  // MARK: Remedies

  private var remedyLines: [String] {
    let remedies = explanation.remedies
    guard let first = remedies.first else { return [] }
    let isAccessMissing = explanation.access.isEmpty
    let start =
      isAccessMissing ? "Besides access, allowing it takes at least" : "To allow it, grant at least"
    guard remedies.count > 1 else {
      return ["", "\(start):"] + first.grants.map { "  - \(line($0))" } + advice
    }
    var lines = ["", "\(start) one of these \(remedies.count):"]
    for (index, remedy) in remedies.enumerated() {
      lines.append("  \(index + 1). \(InspectionText.joined(remedy.grants.map(line)))")
    }
    return lines + advice
  }

  private func line(_ grant: Explanation.MissingGrant) -> String {
    var text =
      grant.resourceDisplay.isEmpty
      ? grant.display
      : "\(grant.display) on \(InspectionText.withID(grant.resourceDisplay, grant.id))"
    if grant.futureSuffices { text += " (or a list that includes future ones)" }
    if !grant.roles.isEmpty {
      text += " (by role \(InspectionText.joined(grant.roles, "or")))"
    }
    return text
  }

  /// Where such grants can be written.
  private var advice: [String] {
    switch explanation.principal.rank {
    case .workspaceToken:
      [
        "  in the workspace's baseline, or in the policy of a new token: a token's policy is fixed "
          + "when it is made."
      ]
    case .personalToken: ["  to the token's user, \(explanation.principal.user)."]
    case .member where explanation.remedies.allSatisfy { $0.grants.allSatisfy(\.roles.isEmpty) }:
      ["  in their own policy, in that of a group of theirs, or in the workspace's baseline."]
    default: []
    }
  }
}
