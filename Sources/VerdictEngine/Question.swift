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
    let principals = view.table(.principals)
    let sought = principals.seek(tag: principal.kind.rawValue, principal.id)
    let text = question.resource
    let slash = text.firstIndex(of: UInt8(ascii: "/"))
    let type = text.isEmpty ? -1 : view.findType(slash < 0 ? text : text[0..<slash])
    var check = ResolvedCheck()
    if slash >= 0, type >= 0 {
      let id = text[slash &+ 1..<text.count]
      let resources = view.table(.resources)
      let tag = UInt8(truncatingIfNeeded: type)
      let soughtResource = resources.seek(tag: tag, id)
      setNames(&check, question, view)
      check.resource = ResolvedOperand(
        type: type, id: id, slot: resources.find(soughtResource, tag: tag, id), in: resources)
    } else {
      setNames(&check, question, view)
      check.resource = ResolvedOperand(text, in: view)
    }
    check.principal = ResolvedPrincipal(
      principal.kind, principal.id,
      slot: principals.find(sought, tag: principal.kind.rawValue, principal.id), in: principals)
    return decide(view, check)
  }

  /// Looks up what is short and hot: action and workspace; and the target, which is rare.
  @inline(__always)
  private static func setNames(
    _ check: inout ResolvedCheck, _ question: Question, _ view: SnapshotView
  ) {
    check.workspace = ResolvedWorkspace(question.workspace, in: view.table(.workspaces))
    check.action = view.findAction(question.action)
    guard !question.target.isEmpty else { return }
    let targetsUser = check.action >= 0 && view.action(check.action).has(ActionFlag.targetsUser)
    check.target =
      targetsUser
      ? ResolvedOperand(user: question.target, in: view)
      : ResolvedOperand(target: question.target, in: view)
  }

  /// Decides a check of a principal on one resource, its ids as bytes, the rest as numbers.
  ///
  /// - Parameters:
  ///   - action: the action's number, or -1: unknown.
  ///   - type: the number of the resource's type.
  public static func decide(
    _ view: SnapshotView, principal: PrincipalName, workspace: ResolvedWorkspace, action: Int,
    type: Int, id: ByteView
  ) -> Decision {
    let principals = view.table(.principals)
    let resources = view.table(.resources)
    let kind = principal.kind.rawValue
    let tag = UInt8(truncatingIfNeeded: type)
    let soughtPrincipal = principals.seek(tag: kind, principal.id)
    let soughtResource = resources.seek(tag: tag, id)
    var check = ResolvedCheck()
    check.workspace = workspace
    check.action = action
    check.principal = ResolvedPrincipal(
      principal.kind, principal.id,
      slot: principals.find(soughtPrincipal, tag: kind, principal.id), in: principals)
    check.resource = ResolvedOperand(
      type: type, id: id, slot: resources.find(soughtResource, tag: tag, id), in: resources)
    return decide(view, check)
  }
}
