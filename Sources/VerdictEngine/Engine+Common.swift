internal import VerdictModel
internal import VerdictSnapshot

/// The commonest check at once: a member asks for a known resource of the workspace, and the
/// action requires one term on it.
///
/// Nothing is decided here that the steps would decide differently: each condition rules out a
/// step that could answer before step 10. In three parts, so that batches can ask for the memory
/// of the next before they need it.
extension Engine {
  /// Where the rights of the principal have the only term's word, or -1: not such a check, and
  /// `decideAny` answers.
  ///
  /// - Parameters:
  ///   - workspace: its number; negative: none, or not known.
  ///   - resource: found by the type that the rule is for, so that one of an unknown type, for
  ///     which any rule may be given, is none.
  ///   - rule: of the action for the resource's type, in a check without a target.
  @inline(__always)
  static func commonPlace(
    _ view: SnapshotView, principal: KeySlot, workspace: Int, resource: KeySlot, rule: RuleRecord
  ) -> Int {
    // Steps 3, 4, 7, 8 and 9 by the rule; step 6: the extra of nothing is no workspace's.
    guard rule.column != 0, Int(resource.extra) == workspace else { return -1 }
    // Steps 2 and 5: a user, whose kind is 0, who is no admin and has a class in the workspace.
    let form = principal.principalForm
    let number = Int(principal.value & PrincipalValue.numberMax)
    var found = -1
    if form == PrincipalValue.oneClass << 2 | PrincipalValue.member {
      if principal.extra == resource.extra { found = number }
    } else if form == PrincipalValue.classTable << 2 | PrincipalValue.member {
      found = view.classInTable(number, extra: principal.extra, of: workspace)
    } else if form == PrincipalValue.classList << 2 | PrincipalValue.member {
      found = view.classInList(number, of: workspace)
    }
    return found < 0 ? -1 : view.cellPlace(class: found, column: rule.column)
  }

  /// Step 10 for the word found there; nil: the class administers its workspace, and `decideAny`
  /// answers.
  @inline(__always)
  static func decideCommon(
    _ view: SnapshotView, word: UInt32, resource: KeySlot, rule: RuleRecord
  ) -> Decision? {
    if word == CellWord.all { return Decision(.granted) }
    if word & 3 >= 2, view.scope(word, contains: view.ordinal(resource.value)) {
      return Decision(.granted)
    }
    if word == CellWord.administers { return nil }
    return Decision(
      word == CellWord.nothing ? .missingPermission : .resourceNotInScope,
      permission: rule.permission, operand: .self)
  }

  /// All parts one after the other.
  @inline(__always)
  static func decideCommon(
    _ view: SnapshotView, principal: KeySlot, workspace: Int, action: Int, type: Int,
    resource: KeySlot
  ) -> Decision? {
    let rule = view.rule(action: action, type: type)
    let place = commonPlace(
      view, principal: principal, workspace: workspace, resource: resource, rule: rule)
    guard place >= 0 else { return nil }
    return decideCommon(view, word: view.cellWord(at: place), resource: resource, rule: rule)
  }
}
