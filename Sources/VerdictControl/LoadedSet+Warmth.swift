internal import VerdictEngine
internal import VerdictModel
internal import VerdictSnapshot

extension LoadedSet {
  /// Makes the first decision of each organization, so that no caller waits for what only the first
  /// one has to: code that is not in memory yet, and cold look-ups. The pages themselves are there:
  /// each was written when the snapshot was copied, and read when its digest was compared.
  ///
  /// Complexity: linear in organizations, with one decision each.
  func warm() {
    for organization in organizations where organization.view.actionCount > 0 {
      let view = organization.view
      let resource = Self.firstKey(view.table(.resources))
      let decision = Engine.decide(
        view, principal: PrincipalName(Self.firstKey(view.table(.principals)).text),
        workspace: ResolvedWorkspace(
          Self.firstKey(view.table(.workspaces)).text, in: view.table(.workspaces)), action: 0,
        type: resource.tag, id: resource.text)
      precondition(decision.reason.rawValue > 0, "every decision has a reason")
    }
  }

  /// The first key that a table holds, with its tag.
  private static func firstKey(_ table: KeyTable) -> (tag: Int, text: ByteView) {
    for number in 0..<table.slotCount {
      let slot = table.slot(number)
      if slot.isFound { return (Int(slot.tag), table.key(slot: number)) }
    }
    return (0, ByteView())
  }
}
