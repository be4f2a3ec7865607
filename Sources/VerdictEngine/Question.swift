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
    let action = view.findAction(question.action)
    let targetsUser = action >= 0 && view.action(action).has(ActionFlag.targetsUser)
    return decide(
      view,
      principal: ResolvedPrincipal(PrincipalName(question.principal), in: view.table(.principals)),
      workspace: ResolvedWorkspace(question.workspace, in: view.table(.workspaces)),
      action: action,
      resource: ResolvedOperand(question.resource, in: view),
      target: targetsUser
        ? ResolvedOperand(user: question.target, in: view)
        : ResolvedOperand(target: question.target, in: view))
  }
}
