public import VerdictModel
public import VerdictSnapshot

extension Engine {
  /// What a principal may do in a workspace, and through what. Not for the hot path: it allocates.
  ///
  /// - Parameter workspace: empty for a token's own.
  ///
  /// Complexity: linear in what the contributing policies grant.
  public static func effectivePolicy(
    of principal: ByteView, in workspace: ByteView, _ view: SnapshotView
  ) -> EffectivePolicy {
    EffectiveUnion(principal, workspace, view).policy()
  }
}

/// The union of what contributes, taken apart by source.
private struct EffectiveUnion {
  let view: SnapshotView
  let name: PrincipalName
  let workspaceName: ByteView
  let principal: ResolvedPrincipal
  let slot: Int
  let workspace: ResolvedWorkspace

  init(_ principal: ByteView, _ workspace: ByteView, _ view: SnapshotView) {
    self.view = view
    name = PrincipalName(principal)
    workspaceName = workspace
    let principals = view.table(.principals)
    self.principal = ResolvedPrincipal(name, in: principals)
    slot = self.principal.slot.number
    self.workspace = ResolvedWorkspace(workspace, in: view.table(.workspaces))
  }

  func policy() -> EffectivePolicy {
    let access = refusalReason == nil ? Access(view, principal, workspace) : nil
    let isOpen = access?.isOpen ?? false
    var result = EffectivePolicy(
      principal: InspectedPrincipal(
        of: principal, slot: slot, workspace: isOpen ? access?.workspace ?? -1 : -1,
        named: workspaceName.text, in: view))
    guard let access, isOpen else {
      let reason = refusalReason ?? access?.reason ?? .unknownPrincipal
      result.refusal = AnswerWriter.answer(reason)
      return result
    }
    if access.classIndex < 0 {
      result.administers = true
      result.access = [RightSource(result.principal.userRank == .owner ? .owner : .admin)]
    } else {
      let holder = principal.kind == .personalToken ? view.user(ofToken: slot) : slot
      let contributors = Contributors(
        slot: holder, class: access.classIndex, workspace: access.workspace, in: view)
      result.administers = access.isAdmin
      let isAdmin = access.isAdmin
      result.access = contributors.all.filter { isAdmin ? $0.administers : $0.givesAccess }
        .map(\.source)
      if !access.isAdmin { result.entries = entries(contributors) }
    }
    result.openActions = openActions(on: 0..<view.typeCount)
    result.workspaceActions = openActions(on: view.typeCount..<view.typeCount + 1)
    return result
  }

  private var refusalReason: Reason? {
    if principal.resolution == .invalid || workspace.resolution == .invalid { return .invalidID }
    if principal.resolution != .known { return .unknownPrincipal }
    return principal.isOrganizationToken ? .tokenKind : nil
  }

  /// Whether only reading is left of the rights.
  private var isReadOnly: Bool { principal.kind == .personalToken && principal.rank == 0 }

  // MARK: Entries

  private func entries(_ contributors: Contributors) -> [EffectivePolicy.Entry] {
    let kept = isReadOnly ? readingPermissions : nil
    let cells = (0..<view.cellCount).map { ($0, view.grantable(cell: $0)) }.sorted { a, b in
      (a.1.type ?? .max, a.1.permission) < (b.1.type ?? .max, b.1.permission)
    }
    return cells.compactMap { cell, grantable in
      if let kept, !kept.contains(grantable.permission) { return nil }
      return entry(cell, grantable.permission, grantable.type, contributors)
    }
  }

  private func entry(
    _ cell: Int, _ permission: Int, _ type: Int?, _ contributors: Contributors
  ) -> EffectivePolicy.Entry? {
    var contributions: [EffectivePolicy.Contribution] = []
    var isAll = false
    var isFuture = false
    var ordinals: Set<UInt32> = []
    if view.isPII(permission), view.isPIIOpen {
      contributions.append(EffectivePolicy.Contribution(source: RightSource(.plan), scope: .all))
      isAll = true
    }
    for contributor in contributors.all {
      let word = contributors.word(contributor, cell: cell)
      if word == 0 { continue }
      contributions.append(
        EffectivePolicy.Contribution(
          source: contributor.source, scope: contributors.scope(word, type)))
      if word == 1 || type == nil {
        isAll = true
      } else {
        isFuture = isFuture || word & 3 == 3
        ordinals.formUnion(view.policyScopeOrdinals(word))
      }
    }
    guard !contributions.isEmpty else { return nil }
    var scope = GrantScope.all
    if !isAll, let type {
      scope = contributors.scope(ordinals.sorted(), future: isFuture, type)
    }
    return EffectivePolicy.Entry(
      permission: view.permissionName(permission).text,
      display: view.permissionDisplay(permission).text,
      type: type.map { view.typeName($0).text } ?? "",
      typePlural: type.map { view.typePlural($0).text } ?? "", isPII: view.isPII(permission),
      scope: scope, contributions: contributions)
  }

  // MARK: Actions

  /// Names of actions that are allowed to everybody with access: on resources of some type, or on
  /// the workspace itself.
  private func openActions(on types: Range<Int>) -> [String] {
    (0..<view.actionCount).compactMap { action in
      let record = view.action(action)
      if record.has(ActionFlag.organization | ActionFlag.adminOnly) { return nil }
      if isReadOnly, !record.has(ActionFlag.reads) { return nil }
      let isOpen = types.contains { type in
        let index = view.caseIndex(action: action, type: type)
        guard index >= 0 else { return false }
        let rule = view.caseRecord(index)
        return (0..<rule.alternativeCount).contains {
          view.alternative(rule.firstAlternative + $0).count == 0
        }
      }
      return isOpen ? view.actionName(action).text : nil
    }
  }

  private func rules(_ action: Int) -> [CaseRecord] {
    (0...view.typeCount).compactMap { type in
      let index = view.caseIndex(action: action, type: type)
      return index < 0 ? nil : view.caseRecord(index)
    }
  }

  /// Permissions that reading actions ask for.
  private var readingPermissions: Set<Int> {
    var result: Set<Int> = []
    for action in 0..<view.actionCount where view.action(action).has(ActionFlag.reads) {
      for rule in rules(action) {
        let linked = rule.firstLinkedTerm..<rule.firstLinkedTerm + rule.linkedTermCount
        for term in linked { result.insert(Int(view.term(term).permission)) }
        for place in 0..<rule.alternativeCount {
          let alternative = view.alternative(rule.firstAlternative + place)
          for term in alternative.first..<alternative.first + alternative.count {
            result.insert(Int(view.term(term).permission))
          }
        }
      }
    }
    return result
  }
}
