public import VerdictModel
public import VerdictSnapshot

extension Engine {
  /// Explains a check: the decision that `decide` gives, what it rests on, and what would change
  /// it. Not for the hot path: it allocates.
  ///
  /// Complexity: linear in the policies that contribute to the principal's rights, in the links of
  /// the resource, and in the workspaces.
  public static func explain(_ question: Question, in view: SnapshotView) -> Explanation {
    Explainer(InspectedCheck(question, in: view)).explanation()
  }
}

/// The steps of a decision once more, with a record of what each came to.
struct Explainer {
  let view: SnapshotView
  let check: InspectedCheck
  let decision: Decision

  init(_ check: InspectedCheck) {
    view = check.view
    self.check = check
    decision = check.decision
  }

  func explanation() -> Explanation {
    var result = Explanation(
      answer: AnswerWriter(view: view).answer(decision, check.question), principal: check.person)
    if decision.effect == .indeterminate {
      result.obstacle = Obstacle.of(check)
      return result
    }
    if check.principal.resolution != .known || check.action < 0 {
      result.obstacle = Obstacle.of(check)
      return result
    }
    if view.action(check.action).has(ActionFlag.organization) {
      explainOrganization(&result)
    } else if !check.principal.isOrganizationToken, let access = check.access {
      explainWorkspace(&result, access)
    }
    if decision.effect == .deny {
      let obstacle = Obstacle.of(check)
      if !obstacle.isEmpty { result.obstacle = obstacle }
    }
    return result
  }

  // MARK: Organization actions

  private func explainOrganization(_ result: inout Explanation) {
    switch decision.reason {
    case .orgAdmin: result.basis = [administrator]
    case .selfService: result.basis = [RightSource(.membership)]
    case .organizationToken: result.basis = [RightSource(.organizationToken)]
    default: break
    }
  }

  private var administrator: RightSource {
    RightSource(result(of: check.person) == .owner ? .owner : .admin)
  }

  private func result(of person: InspectedPrincipal) -> InspectedPrincipal.Rank { person.userRank }

  // MARK: Workspace actions

  private func explainWorkspace(_ result: inout Explanation, _ access: Access) {
    guard access.isOpen else {
      if access.reason == .noWorkspaceAccess { proposeAfterAccess(&result) }
      return
    }
    if access.classIndex < 0 {
      result.access = [administrator]
      if decision.effect == .allow { result.basis = [administrator] }
      return
    }
    let contributors = Contributors(
      slot: check.holderSlot, class: access.classIndex, workspace: access.workspace, in: view)
    result.access = contributors.all.filter(\.givesAccess).map(\.source)
    if access.isAdmin {
      let roles = contributors.all.filter(\.administers).map(\.source)
      result.access = roles
      if decision.effect == .allow { result.basis = Array(roles.prefix(1)) }
      return
    }
    guard isDecidedByTerms, let rule = check.rule else {
      if decision.reason == .planPIIOpen {
        result.basis = [RightSource(.plan)] + smallest(contributors, []).map(\.source)
      }
      return
    }
    let terms = RequiredTerms(check, rule)
    result.alternatives = terms.alternatives.map { alternative in
      Explanation.Alternative(terms: alternative.map { recorded($0, contributors) })
    }
    if decision.effect == .allow {
      result.basis = basis(terms, contributors).map(\.source)
    } else if decision.permission != Decision.none, !isCutDown {
      result.remedies = Remedies(view: view, contributors: contributors).of(terms)
      // The first missing term may be one that a grant mends, and a later one none.
      if result.remedies.isEmpty, terms.hasWhatThePlanGrantsNobody {
        result.obstacle = Obstacle.ofPlan(view)
      }
    }
  }

  /// Whether the check came as far as the action's terms.
  private var isDecidedByTerms: Bool {
    switch decision.reason {
    case .granted, .viewFloor, .missingPermission, .resourceNotInScope: true
    // The cut comes last: what the user may do decides before it, unless the plan does.
    case .tokenScope: true
    default: false
    }
  }

  /// Whether a personal token's scope would deny what its user may do.
  private var isCutDown: Bool { check.isCutDown }

  /// What would be missing once the principal had access and nothing else.
  private func proposeAfterAccess(_ result: inout Explanation) {
    guard check.principal.kind == .user, check.workspace.resolution == .known,
      let rule = check.rule
    else { return }
    let record = view.action(check.action)
    if record.has(ActionFlag.adminOnly) || record.has(ActionFlag.pii) && view.isPIIOpen { return }
    let workspace = Int(check.workspace.number)
    if Engine.misplaced(view, workspace, check.resource, check.target) != nil { return }
    let contributors = Contributors(baselineOf: workspace, in: view)
    let terms = RequiredTerms(check, rule)
    let isAllowed = terms.alternatives.contains { alternative in
      alternative.allSatisfy { recorded($0, contributors).holds }
    }
    if isAllowed { return }
    result.remedies = Remedies(view: view, contributors: contributors).of(terms)
  }

  // MARK: Terms

  private func recorded(
    _ term: RequiredTerms.Term, _ contributors: Contributors
  ) -> Explanation.Term {
    let requirements = term.leaves.map { recorded($0, contributors) }
    let holds =
      !term.isImpossible
      && (term.isAny ? requirements.contains(where: \.holds) : requirements.allSatisfy(\.holds))
    let permission = Int(term.record.permission)
    return Explanation.Term(
      permission: view.permissionName(permission).text,
      display: view.permissionDisplay(permission).text, operand: operand(term.record),
      holds: holds, requirements: requirements)
  }

  private func operand(_ term: TermRecord) -> String {
    let relation = { view.relationName(Int(term.relation)).text }
    switch term.operand {
    case TermOperand.selfResource: return "self"
    case TermOperand.target: return "target"
    case TermOperand.every: return "every \(relation())"
    case TermOperand.any: return "any \(relation())"
    case TermOperand.parent: return "parent \(relation())"
    default: return ""
    }
  }

  private func recorded(
    _ leaf: RequirementLeaf, _ contributors: Contributors
  ) -> Explanation.Requirement {
    let holders = contributors.all.filter { contributors.covers($0, leaf) }
    let isGranted =
      !holders.isEmpty
      || contributors.all.contains { contributors.word($0, cell: leaf.cell) != 0 }
    let words = LeafWords(view: view, leaf: leaf)
    return Explanation.Requirement(
      resource: words.resource, display: words.display, holds: !holders.isEmpty,
      isGrantedElsewhere: isGranted && holders.isEmpty, sources: holders.map(\.source))
  }

  // MARK: What an allow rests on

  private func basis(
    _ terms: RequiredTerms, _ contributors: Contributors
  ) -> [Contributors.Contributor] {
    var best: [Contributors.Contributor]?
    for alternative in terms.alternatives {
      guard alternative.allSatisfy({ recorded($0, contributors).holds }) else { continue }
      let found = smallest(contributors, alternative)
      if found.count < best?.count ?? .max { best = found }
    }
    return best ?? []
  }

  /// The fewest contributors that give access and make every term hold.
  private func smallest(
    _ contributors: Contributors, _ terms: [RequiredTerms.Term]
  ) -> [Contributors.Contributor] {
    let all = contributors.all
    var needs = [all.indices.filter { all[$0].givesAccess }]
    for term in terms {
      let holders = term.leaves.map { leaf in
        all.indices.filter { contributors.covers(all[$0], leaf) }
      }
      if term.isAny {
        needs.append(Set(holders.flatMap { $0 }).sorted())
      } else {
        needs += holders
      }
    }
    return (SmallestCover.of(needs) ?? []).map { all[$0] }
  }
}

extension InspectedCheck {
  /// Whether a personal token's scope denies this action, whatever its user may do.
  var isCutDown: Bool {
    principal.kind == .personalToken && principal.rank == 0 && action >= 0
      && !view.action(action).has(ActionFlag.reads)
  }
}

/// A requirement in words.
struct LeafWords {
  let view: SnapshotView
  let leaf: RequirementLeaf

  /// `TYPE/ID`, `TYPE`, or empty.
  var resource: String {
    guard let type = leaf.type else { return "" }
    let name = view.typeName(type).text
    guard let slot = leaf.slot else { return leaf.id.isEmpty ? name : "\(name)/\(leaf.id)" }
    return "\(name)/\(view.table(.resources).key(slot: slot).text)"
  }

  /// For people.
  var display: String {
    guard let type = leaf.type else { return "" }
    if let slot = leaf.slot {
      return "\(view.typeDisplay(type).text) \(view.displayName(slot: slot).text)"
    }
    return leaf.id.isEmpty
      ? "new \(view.typePlural(type).text)" : "\(view.typeDisplay(type).text) \(leaf.id)"
  }
}
