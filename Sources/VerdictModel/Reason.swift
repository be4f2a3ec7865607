/// Why a check came out as it did. A closed list: the raw value is the wire value of
/// `verdict.v1.Reason`, the case's snake-case `name` is the stable code in JSON and logs.
///
/// Source: domain.md section 2.8. One table, `Reason.table`, holds what each one means.
public enum Reason: UInt8, Sendable, CaseIterable {
  case granted = 1
  case orgAdmin = 2
  case viewFloor = 3
  case planPIIOpen = 4
  case organizationToken = 5
  case selfService = 6

  case missingPermission = 20
  case resourceNotInScope = 21
  case unknownPrincipal = 22
  case unknownWorkspace = 23
  case noWorkspaceAccess = 24
  case resourceInOtherWorkspace = 25
  case unknownResource = 26
  case adminOnly = 27
  case ownerProtected = 28
  case unknownTarget = 29
  case neverAllowed = 30
  case tokenKind = 31
  case tokenScope = 32
  case planLimit = 33

  case noRoute = 40
  case badRequest = 41
  case unidentified = 42
  case ambiguousIdentity = 43
  case ambiguousResource = 44

  case unknownOrganization = 60
  case invalidID = 61
  case unknownAction = 62
  case missingResource = 63
  case missingTarget = 64
  case unknownResourceType = 65
  case wrongResourceType = 66
  case invalidPair = 67
  case unexpectedOperand = 68
  case missingWorkspace = 69

  case noSnapshot = 80
  case stale = 81
  case deadline = 82
  case overload = 83
  case `internal` = 84
}

/// One row of the closed list of reasons.
public struct ReasonRow: Sendable {
  public let reason: Reason
  /// The stable code, as in JSON.
  public let name: String
  /// One sentence for people. `{permission}`, `{operand}` and `{type}` are filled in by
  /// `verdict`'s message writer where the decision names them.
  public let text: String
}

extension Reason {
  /// The closed list, in wire order.
  public static let table: [ReasonRow] = [
    row(.granted, "granted", "Your policies grant this."),
    row(.orgAdmin, "org_admin", "Owners and admins may do everything here."),
    row(.viewFloor, "view_floor", "Everyone with access to the workspace may view it."),
    row(.planPIIOpen, "plan_pii_open", "On this plan everyone with access may see this data."),
    row(.organizationToken, "organization_token", "Organization tokens may do this."),
    row(.selfService, "self_service", "Every user may do this for themselves."),

    row(.missingPermission, "missing_permission", "You don't have {permission} permission."),
    row(
      .resourceNotInScope, "resource_not_in_scope",
      "You don't have {permission} permission for {operand}."),
    row(.unknownPrincipal, "unknown_principal", "This principal is not in the organization."),
    row(.unknownWorkspace, "unknown_workspace", "There is no such workspace in the organization."),
    row(.noWorkspaceAccess, "no_workspace_access", "You don't have access to this workspace."),
    row(
      .resourceInOtherWorkspace, "resource_in_other_workspace",
      "The {operand} resource belongs to another workspace."),
    row(
      .unknownResource, "unknown_resource",
      "The {operand} resource is not known, and unknown resources are denied here."),
    row(.adminOnly, "admin_only", "Only owners and admins may do this."),
    row(
      .ownerProtected, "owner_protected", "Nobody may change or remove the organization's owner."),
    row(.unknownTarget, "unknown_target", "The target is not a user of the organization."),
    row(.neverAllowed, "never_allowed", "Nobody may do this."),
    row(.tokenKind, "token_kind", "This kind of token can't do this."),
    row(.tokenScope, "token_scope", "The token's scope doesn't allow this."),
    row(.planLimit, "plan_limit", "The organization's plan doesn't allow this."),

    row(.noRoute, "no_route", "No route is configured for this request."),
    row(.badRequest, "bad_request", "The request could not be read."),
    row(.unidentified, "unidentified", "The request doesn't say who is calling."),
    row(.ambiguousIdentity, "ambiguous_identity", "The request names two different callers."),
    row(.ambiguousResource, "ambiguous_resource", "The id stands for more than one resource."),

    row(
      .unknownOrganization, "unknown_organization", "The organization is not loaded or not named."),
    row(.invalidID, "invalid_id", "An id is empty, too long, not UTF-8, or contains a NUL."),
    row(.unknownAction, "unknown_action", "There is no such action."),
    row(.missingResource, "missing_resource", "This action needs a resource."),
    row(.missingTarget, "missing_target", "This action needs a target."),
    row(.unknownResourceType, "unknown_resource_type", "There is no such resource type."),
    row(
      .wrongResourceType, "wrong_resource_type",
      "This action doesn't apply to this type of resource."),
    row(.invalidPair, "invalid_pair", "These two types of resources can't be combined."),
    row(
      .unexpectedOperand, "unexpected_operand",
      "This action doesn't take that resource, id or target."),
    row(.missingWorkspace, "missing_workspace", "The check doesn't say which workspace."),

    row(.noSnapshot, "no_snapshot", "The server has no policies yet."),
    row(.stale, "stale", "The server's policies are too old."),
    row(.deadline, "deadline", "The deadline passed before the decision."),
    row(.overload, "overload", "The server is overloaded."),
    row(.internal, "internal", "The server failed."),
  ]

  private static func row(_ reason: Reason, _ name: String, _ text: String) -> ReasonRow {
    ReasonRow(reason: reason, name: name, text: text)
  }

  /// The effect that this reason always has (domain.md 2.8: the ranges of the list).
  @inlinable
  public var effect: Effect {
    switch rawValue {
    case 1..<20: .allow
    case 20..<60: .deny
    default: .indeterminate
    }
  }

  /// The wire value of `effect` from that of the reason, without a branch that a processor could
  /// guess wrong.
  @inlinable @inline(__always)
  public static func effectByte(_ reason: UInt8) -> UInt8 {
    1 &+ (reason >= 20 ? 1 : 0) &+ (reason >= 60 ? 1 : 0)
  }

  /// The stable code, as in JSON. Complexity: linear in the list; not for the hot path.
  public var name: String { row.name }

  /// The table's row. Complexity: linear in the list; not for the hot path.
  public var row: ReasonRow {
    guard let row = Reason.table.first(where: { $0.reason == self }) else {
      preconditionFailure("every reason has a row in the table")
    }
    return row
  }

  /// The reason with this stable code, or nil.
  public init?(name: String) {
    guard let row = Reason.table.first(where: { $0.name == name }) else { return nil }
    self = row.reason
  }
}
