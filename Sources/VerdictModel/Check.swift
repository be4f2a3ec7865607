/// One check as people write it (domain.md section 7): the same shape on the command line, in
/// batch files, in tests and in logs. The data plane uses views of request bytes instead.
public struct Check: Sendable, Equatable {
  public var organization: String?
  /// `user:ID`, `service_token:ID` or `personal_token:ID`; without a prefix a user.
  public var principal: String
  public var workspace: String?
  public var action: String
  /// `TYPE/ID`, or `TYPE` alone where the action takes a type.
  public var resource: String?
  /// `TYPE/ID`, or `user:ID` for organization actions that act on a member.
  public var target: String?

  public init(
    organization: String? = nil, principal: String, workspace: String? = nil, action: String,
    resource: String? = nil, target: String? = nil
  ) {
    self.organization = organization
    self.principal = principal
    self.workspace = workspace
    self.action = action
    self.resource = resource
    self.target = target
  }
}

/// The answer to one `Check`.
public struct CheckAnswer: Sendable, Equatable {
  public var effect: Effect
  public var reason: Reason
  /// The first missing term's permission, by name.
  public var permission: String?
  /// `self`, `target` or `related:TYPE/ID`.
  public var operand: String?
  /// One sentence for people.
  public var message: String

  public init(
    reason: Reason, permission: String? = nil, operand: String? = nil, message: String = ""
  ) {
    self.effect = reason.effect
    self.reason = reason
    self.permission = permission
    self.operand = operand
    self.message = message
  }
}
