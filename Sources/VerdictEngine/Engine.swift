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
    let access = access(view, principal, workspace)
    guard access.isOpen else { return Decision(access.reason) }
    // Step 6.
    if let decision = misplaced(view, access.workspace, resource, target) { return decision }
    // Steps 7 to 10.
    let decision = decideInside(view, record, rule, access, resource, target)
    // Step 11.
    if principal.kind == .personalToken, principal.rank == 0, !record.has(ActionFlag.reads),
      decision.effect == .allow
    {
      return Decision(.tokenScope)
    }
    return decision
  }

  // MARK: Step 5: the workspace

  /// What a principal has in the workspace of a check.
  @usableFromInline
  struct Access {
    /// Why there is none.
    let reason: Reason
    let isOpen: Bool
    let isAdmin: Bool
    let workspace: Int
    /// -1 for the organization's admins, who need none.
    let classIndex: Int

    init(refused reason: Reason) {
      self.reason = reason
      isOpen = false
      isAdmin = false
      workspace = -1
      classIndex = -1
    }

    init(workspace: Int, classIndex: Int, isAdmin: Bool) {
      reason = .granted
      isOpen = true
      self.isAdmin = isAdmin
      self.workspace = workspace
      self.classIndex = classIndex
    }
  }

  @inline(__always)
  static func access(
    _ view: SnapshotView, _ principal: ResolvedPrincipal, _ workspace: ResolvedWorkspace
  ) -> Access {
    var number = Int(workspace.number)
    if workspace.resolution != .known {
      guard workspace.resolution == .absent else { return Access(refused: .unknownWorkspace) }
      guard principal.kind != .user else { return Access(refused: .missingWorkspace) }
      number = Int(principal.workspace)
    }
    if principal.kind != .user, number != Int(principal.workspace) {
      return Access(refused: .noWorkspaceAccess)
    }
    if principal.isAdmin { return Access(workspace: number, classIndex: -1, isAdmin: true) }
    let found =
      switch principal.form {
      case PrincipalValue.oneClass:
        view.classes(of: number).contains(UInt32(principal.number)) ? principal.number : -1
      case PrincipalValue.classList: view.classInList(principal.number, of: number)
      default: -1
      }
    guard found >= 0 else { return Access(refused: .noWorkspaceAccess) }
    return Access(
      workspace: number, classIndex: found,
      isAdmin: view.classFlags(found) & ClassFlag.administers != 0)
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
      if Int(resource.workspace) == workspace { return nil }
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
    if rule.onlyCell >= 0, covers(view, access.classIndex, rule.onlyCell, resource) {
      return Decision(.granted)
    }
    return decide(
      rule,
      Terms(view: view, classIndex: access.classIndex, resource: resource, target: target))
  }

  /// Whether a class's cell covers a resource of the cell's type.
  @inline(__always)
  private static func covers(
    _ view: SnapshotView, _ classIndex: Int, _ cell: Int, _ resource: ResolvedOperand
  ) -> Bool {
    let word = view.cellWord(class: classIndex, cell: cell)
    if word <= 1 { return word == 1 }
    if resource.resolution != .known { return word & 3 == 3 }
    return view.scope(word, contains: view.ordinal(resource.value))
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
