public import VerdictModel
public import VerdictSnapshot

/// One check as a caller words it: views of the bytes of its request.
public struct Question {
  public var principal: ByteView
  /// Empty: none.
  public var workspace: ByteView
  public var action: ByteView
  /// `TYPE/ID` or `TYPE`; empty: none.
  public var resource: ByteView
  /// `TYPE/ID`, or `user:ID` for organization actions; empty: none.
  public var target: ByteView

  @inlinable
  public init(
    principal: ByteView, workspace: ByteView, action: ByteView, resource: ByteView,
    target: ByteView
  ) {
    self.principal = principal
    self.workspace = workspace
    self.action = action
    self.resource = resource
    self.target = target
  }
}

extension Engine {
  /// Decides one check from its bytes. Total: every input has an answer.
  ///
  /// Complexity: a constant number of look-ups; logarithmic in a user's workspaces and in the ids
  /// of a sparse scope; linear in the links of a resource whose action requires related ones.
  public static func decide(_ question: Question, in view: SnapshotView) -> Decision {
    let principal = PrincipalName(question.principal)
    let kind = principal.kind.rawValue
    let principals = view.table(.principals)
    let sought = principals.seek(tag: kind, principal.id)
    let text = question.resource
    let slash = text.firstIndex(of: UInt8(ascii: "/"))
    let type = text.isEmpty ? -1 : view.findType(slash < 0 ? text : text[0..<slash])
    guard slash >= 0, type >= 0, question.target.isEmpty else {
      return decideRare(
        question, principal, principals.find(sought, tag: kind, principal.id), in: view)
    }
    let id = text[slash &+ 1..<text.count]
    let resources = view.table(.resources)
    let tag = UInt8(truncatingIfNeeded: type)
    let soughtResource = resources.seek(tag: tag, id)
    let workspace = ResolvedWorkspace(question.workspace, in: view.table(.workspaces))
    let action = view.findAction(question.action)
    return decide(
      view, principal, principals.find(sought, tag: kind, principal.id), workspace, action: action,
      type: type, id, resources.find(soughtResource, tag: tag, id))
  }

  /// Checks with a target, and those that name no resource by type and id.
  @inline(never)
  private static func decideRare(
    _ question: Question, _ principal: PrincipalName, _ principalSlot: KeySlot,
    in view: SnapshotView
  ) -> Decision {
    var check = ResolvedCheck(
      principal: ResolvedPrincipal(principal, principalSlot),
      workspace: ResolvedWorkspace(question.workspace, in: view.table(.workspaces)),
      action: view.findAction(question.action),
      resource: ResolvedOperand(question.resource, in: view))
    if !question.target.isEmpty {
      let targetsUser = check.action >= 0 && view.action(check.action).has(ActionFlag.targetsUser)
      check.target =
        targetsUser
        ? ResolvedOperand(user: question.target, in: view)
        : ResolvedOperand(target: question.target, in: view)
    }
    return decideAny(view, check)
  }

  /// Decides a check of a principal on one resource of a workspace, its ids as bytes, the rest as
  /// numbers.
  ///
  /// All three look-ups are under way before the first is waited for: of a large organization the
  /// slots of principal and resource are in cold memory, the few workspaces in a cache.
  ///
  /// - Parameters:
  ///   - workspace: empty: none.
  ///   - action: the action's number, or -1: unknown.
  ///   - type: the number of the resource's type.
  public static func decide(
    _ view: SnapshotView, principal: PrincipalName, workspace: ByteView, action: Int, type: Int,
    id: ByteView
  ) -> Decision {
    let kind = principal.kind.rawValue
    let tag = UInt8(truncatingIfNeeded: type)
    let principals = view.table(.principals)
    let resources = view.table(.resources)
    let soughtPrincipal = principals.seek(tag: kind, principal.id)
    let soughtResource = resources.seek(tag: tag, id)
    let resolved = ResolvedWorkspace(workspace, in: view.table(.workspaces))
    return decide(
      view, principal, principals.find(soughtPrincipal, tag: kind, principal.id), resolved,
      action: action, type: type, id, resources.find(soughtResource, tag: tag, id))
  }

  /// The same with the workspace looked up before, for callers with many checks in one.
  public static func decide(
    _ view: SnapshotView, principal: PrincipalName, workspace: ResolvedWorkspace, action: Int,
    type: Int, id: ByteView
  ) -> Decision {
    let kind = principal.kind.rawValue
    let tag = UInt8(truncatingIfNeeded: type)
    let principals = view.table(.principals)
    let resources = view.table(.resources)
    let soughtPrincipal = principals.seek(tag: kind, principal.id)
    let soughtResource = resources.seek(tag: tag, id)
    return decide(
      view, principal, principals.find(soughtPrincipal, tag: kind, principal.id), workspace,
      action: action, type: type, id, resources.find(soughtResource, tag: tag, id))
  }

  /// A check on one resource without a target, looked up.
  @inline(__always)
  private static func decide(
    _ view: SnapshotView, _ principal: PrincipalName, _ principalSlot: KeySlot,
    _ workspace: ResolvedWorkspace, action: Int, type: Int, _ id: ByteView,
    _ resourceSlot: KeySlot
  ) -> Decision {
    if let decision = decideCommon(
      view, principal: principalSlot, workspace: Int(workspace.number), action: action, type: type,
      resource: resourceSlot)
    {
      return decision
    }
    return decideUncommon(
      view, principal, principalSlot, workspace, action: action, type: type, id, resourceSlot)
  }

  @inline(never)
  private static func decideUncommon(
    _ view: SnapshotView, _ principal: PrincipalName, _ principalSlot: KeySlot,
    _ workspace: ResolvedWorkspace, action: Int, type: Int, _ id: ByteView,
    _ resourceSlot: KeySlot
  ) -> Decision {
    decideAny(
      view,
      ResolvedCheck(
        principal: ResolvedPrincipal(principal, principalSlot), workspace: workspace,
        action: action, resource: ResolvedOperand(type: type, id: id, resourceSlot)))
  }
}
