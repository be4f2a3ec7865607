internal import VerdictModel
internal import VerdictSnapshot

extension Engine {
  /// The commonest check at once: a member asks for a known resource of the workspace, and the
  /// action requires one term on it. Nil: not such a check; `decideAny` answers the same and every
  /// other.
  ///
  /// Nothing is decided here that the steps would decide differently: each condition rules out a
  /// step that could answer before step 10.
  @inline(__always)
  static func decideCommon(_ view: SnapshotView, _ check: ResolvedCheck) -> Decision? {
    // Steps 1 and 2, and half of 5 and 6: all that is named is known, and a member asks.
    guard check.principal.resolution == .known, check.principal.kind == .user,
      check.principal.rank == PrincipalValue.member, check.workspace.resolution == .known,
      check.resource.resolution == .known, check.target.form == .absent, check.action >= 0
    else { return nil }
    // Step 3: the action takes an id and, of this type, one term on it. Organization actions have
    // no cases.
    let record = view.action(check.action)
    guard record.takes(.id), !record.has(ActionFlag.adminOnly),
      !(record.has(ActionFlag.pii) && view.isPIIOpen)
    else { return nil }
    let caseIndex = view.caseIndex(action: check.action, type: Int(check.resource.type))
    guard caseIndex >= 0 else { return nil }
    let rule = view.caseRecord(caseIndex)
    let cell = rule.onlyCell
    guard cell >= 0, rule.target != AccessModel.Case.TargetOperand.required.rawValue else {
      return nil
    }
    // Steps 5 and 6.
    let workspace = Int(check.workspace.number)
    guard Int(check.resource.workspace) == workspace else { return nil }
    let classIndex = Access.classIndex(view, check.principal, workspace)
    guard classIndex >= 0, view.classFlags(classIndex) & ClassFlag.administers == 0 else {
      return nil
    }
    // Step 10.
    let word = view.cellWord(class: classIndex, cell: cell)
    if word == 1 { return Decision(.granted) }
    if word > 1, view.scope(word, contains: view.ordinal(check.resource.value)) {
      return Decision(.granted)
    }
    return Decision(
      word == 0 ? .missingPermission : .resourceNotInScope, permission: rule.onlyPermission,
      operand: .self)
  }
}
