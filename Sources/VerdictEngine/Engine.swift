internal import VerdictModel
public import VerdictSnapshot

/// Decides checks over a validated snapshot: total, never throws, never allocates.
///
/// The steps and their order are those of domain.md 2.7; the model's data says what each action
/// takes and requires, and nothing here knows a product.
public enum Engine {
  /// Decides one check whose names have been looked up.
  ///
  /// - Parameters:
  ///   - action: the action's number, or -1: unknown.
  ///   - target: for an organization action on a member made by `ResolvedOperand(user:in:)`.
  public static func decide(
    _ view: SnapshotView, principal: ResolvedPrincipal, workspace: ResolvedWorkspace, action: Int,
    resource: ResolvedOperand, target: ResolvedOperand
  ) -> Decision {
    if target.form == .absent,
      let decision = decideCommon(
        view, principal: principal.slot, workspace: Int(workspace.number), action: action,
        type: Int(resource.type), resource: resource.slot)
    {
      return decision
    }
    return decideUncommon(
      view, principal: principal, workspace: workspace, action: action, resource: resource,
      target: target)
  }

  /// Out of the way of the commonest, so that they need not make room for it.
  @inline(never)
  private static func decideUncommon(
    _ view: SnapshotView, principal: ResolvedPrincipal, workspace: ResolvedWorkspace, action: Int,
    resource: ResolvedOperand, target: ResolvedOperand
  ) -> Decision {
    decideAny(
      view,
      ResolvedCheck(
        principal: principal, workspace: workspace, action: action, resource: resource,
        target: target))
  }

  /// Every check, step by step.
  @inline(never)
  static func decideAny(_ view: SnapshotView, _ check: ResolvedCheck) -> Decision {
    let principal = check.principal
    let workspace = check.workspace
    let action = check.action
    let resource = check.resource
    let target = check.target
    // Step 1.
    if principal.resolution == .invalid || workspace.resolution == .invalid
      || resource.resolution == .invalid || target.resolution == .invalid
    {
      return Decision(.invalidID)
    }
    // Step 2.
    guard principal.resolution == .known else { return Decision(.unknownPrincipal) }
    // Step 3.
    guard action >= 0 else { return Decision(.unknownAction) }
    let record = view.action(action)
    if record.has(ActionFlag.organization) {
      return decideOrganization(record, principal, resource, target)
    }
    let shape = shape(view, record, action, resource, target)
    guard shape.caseIndex >= 0 else { return Decision(shape.reason) }
    let rule = view.caseRecord(shape.caseIndex)
    // Step 4.
    if principal.isOrganizationToken { return Decision(.tokenKind) }
    // Step 5.
    let access = Access(view, principal, workspace)
    guard access.isOpen else { return Decision(access.reason) }
    // Step 6.
    if let decision = misplaced(view, access.workspace, resource, target) { return decision }
    // Steps 7 to 10.
    let decision = decideInside(view, record, rule, access, resource, target)
    // Step 11.
    if principal.kind == .personalToken, principal.rank == 0, !record.has(ActionFlag.reads),
      decision.isAllow
    {
      return Decision(.tokenScope)
    }
    return decision
  }

  // MARK: Step 6: resources in the wrong place

  @inline(__always)
  static func misplaced(
    _ view: SnapshotView, _ workspace: Int, _ resource: ResolvedOperand, _ target: ResolvedOperand
  ) -> Decision? {
    misplaced(view, workspace, resource, .self) ?? misplaced(view, workspace, target, .target)
  }

  @inline(__always)
  private static func misplaced(
    _ view: SnapshotView, _ workspace: Int, _ resource: ResolvedOperand,
    _ operand: Decision.Operand
  ) -> Decision? {
    if resource.resolution == .known {
      if Int(resource.slot.extra) == workspace { return nil }
      return Decision(.resourceInOtherWorkspace, operand: operand)
    }
    guard resource.resolution == .unknown, view.deniesUnknownResources else { return nil }
    return Decision(.unknownResource, operand: operand)
  }

  // MARK: Steps 7 to 10: what the union grants

  @inline(__always)
  private static func decideInside(
    _ view: SnapshotView, _ record: ActionRecord, _ rule: CaseRecord, _ access: Access,
    _ resource: ResolvedOperand, _ target: ResolvedOperand
  ) -> Decision {
    if access.isAdmin { return Decision(.orgAdmin) }
    if record.has(ActionFlag.adminOnly) { return Decision(.adminOnly) }
    if record.has(ActionFlag.pii), view.isPIIOpen { return Decision(.planPIIOpen) }
    return decide(
      rule,
      Terms(view: view, classIndex: access.classIndex, resource: resource, target: target))
  }

  private static func decide(_ rule: CaseRecord, _ terms: Terms) -> Decision {
    if rule.linkedBy != .max, terms.isLinked(by: Int(rule.linkedBy)) {
      return terms.firstMissing(rule.firstLinkedTerm, rule.linkedTermCount) ?? Decision(.granted)
    }
    var first = Decision(.internal)
    for index in 0..<rule.alternativeCount {
      let alternative = terms.view.alternative(rule.firstAlternative &+ index)
      guard let missing = terms.firstMissing(alternative.first, alternative.count) else {
        return Decision(alternative.count == 0 ? .viewFloor : .granted)
      }
      if index == 0 { first = missing }
    }
    return first
  }
}
