internal import VerdictModel
internal import VerdictSnapshot

/// What stands in the way of a check that no grant can mend, or not by itself: a sentence that
/// says what to do, where something can be done.
enum Obstacle {
  static func of(_ check: InspectedCheck) -> String {
    switch check.decision.reason {
    case .missingPermission, .resourceNotInScope: return missing(check)
    case .unknownPrincipal: return unknownPrincipal(check)
    case .unknownWorkspace:
      return "The organization has no workspace \(quoted(check.question.workspace))."
    case .noWorkspaceAccess: return noAccess(check)
    case .resourceInOtherWorkspace: return misplaced(check)
    case .unknownResource:
      return "The organization denies whatever its policies don't know, to everybody; add the "
        + "resource to the policies first."
    case .adminOnly: return adminOnly(check)
    case .ownerProtected: return "This protects the owner from everybody, and nothing lifts it."
    case .unknownTarget: return "Name a user of the organization as the target."
    case .neverAllowed: return "No right allows it; it is ruled out for everybody."
    case .tokenKind: return tokenKind(check)
    case .tokenScope: return tokenScope(check)
    case .planLimit:
      return "The plan \(quoted(check.view.planID)) stops this for everybody, owner and admins "
        + "included; change the plan, or free some room where it sets a number."
    case .unknownAction:
      return "There are the actions \(list(check.view.actionCount) { check.view.actionName($0) })."
    case .unknownResourceType:
      return "There are the types \(list(check.view.typeCount) { check.view.typeName($0) })."
    case .wrongResourceType: return "The action applies to \(types(check))."
    case .missingWorkspace: return "A user works in many workspaces: say which one is meant."
    case .missingResource: return "Name a resource as TYPE/ID, or a type where one is to be made."
    case .missingTarget: return "Name the other end as TYPE/ID."
    default: return ""
    }
  }

  private static func list(_ count: Int, _ name: (Int) -> ByteView) -> String {
    (0..<count).map { quoted(name($0)) }.joined(separator: ", ")
  }

  /// The types that the action applies to.
  private static func types(_ check: InspectedCheck) -> String {
    let view = check.view
    let types = (0..<view.typeCount).filter { view.caseIndex(action: check.action, type: $0) >= 0 }
    return types.isEmpty
      ? "no resource" : types.map { quoted(view.typeName($0)) }.joined(separator: ", ")
  }

  private static func quoted(_ text: ByteView) -> String { "`\(text.text)`" }

  private static func missing(_ check: InspectedCheck) -> String {
    if check.isCutDown { return tokenScope(check) }
    let cell = check.view.cell(
      permission: Int(check.decision.permission), type: namedType(check) ?? check.view.typeCount)
    guard cell >= 0 else { return "" }
    if check.view.grantable(cell: cell).flags & GrantableFlag.grantable == 0 {
      return ofPlan(check.view)
    }
    return ""
  }

  /// A term that the plan has no way to grant.
  static func ofPlan(_ view: SnapshotView) -> String {
    "The plan \(quoted(view.planID)) has nothing that grants this"
      + (administeringRoles(view).isEmpty
        ? "; owner and admins may do it." : " but administering the workspace.")
  }

  private static func namedType(_ check: InspectedCheck) -> Int? {
    switch check.decision.operand {
    case .none: nil
    case .self: check.resource.type >= 0 ? Int(check.resource.type) : nil
    case .target: check.target.type >= 0 ? Int(check.target.type) : nil
    case .related:
      Int(check.view.table(.resources).slot(Int(check.decision.relatedSlot)).tag)
    }
  }

  private static func unknownPrincipal(_ check: InspectedCheck) -> String {
    let name = PrincipalName(check.question.principal)
    let id = quoted(name.id)
    switch name.kind {
    case .user: return "The organization has no user \(id); add them to it first."
    case .serviceToken: return "The organization has no service token \(id)."
    case .personalToken:
      return "The organization has no personal token \(id), or its user has left."
    }
  }

  private static func noAccess(_ check: InspectedCheck) -> String {
    let person = check.person
    switch check.principal.kind {
    case .serviceToken:
      return "A service token works in its own workspace alone, which this isn't."
    case .personalToken:
      if Int(check.workspace.number) >= 0,
        Int(check.workspace.number) != Int(check.principal.workspace)
      {
        return "A personal token works in its own workspace alone, which this isn't."
      }
      return "The token's user `\(person.user)` has no access to the workspace."
    case .user:
      let how =
        check.view.roleCount > 0
        ? "give them a role in it" : "add them to it, or to a group that is attached to it"
      return "They have no access to workspace `\(person.workspace)`: \(how)."
    }
  }

  private static func misplaced(_ check: InspectedCheck) -> String {
    let operand = check.decision.operand == .target ? check.target : check.resource
    let workspace = check.view.workspaceID(Int(operand.slot.extra))
    return "It belongs to workspace \(quoted(workspace)); nothing in one workspace reaches the "
      + "resources of another, so ask there."
  }

  private static func adminOnly(_ check: InspectedCheck) -> String {
    let roles =
      check.view.action(check.action).has(ActionFlag.organization)
      ? [] : administeringRoles(check.view)
    let others = roles.isEmpty ? "" : ", and who has the role \(roles.joined(separator: " or "))"
    return "No policy can grant this; the organization's owner and admins may do it\(others)."
  }

  private static func administeringRoles(_ view: SnapshotView) -> [String] {
    (0..<view.roleCount).compactMap { index in
      let role = view.role(index)
      let counts = role.has(RoleFlag.administers) && role.has(RoleFlag.available)
      return counts ? role.display.text : nil
    }
  }

  private static func tokenKind(_ check: InspectedCheck) -> String {
    check.principal.isOrganizationToken
      ? "A service token of the organization can only do what is meant for it, and nothing in "
        + "workspaces; use a token of the workspace."
      : "A service token of a workspace can do nothing for the organization; use a user or a token "
        + "of the organization."
  }

  private static func tokenScope(_ check: InspectedCheck) -> String {
    let scope = check.person.tokenScope
    return scope == "read_only"
      ? "The token's scope `read_only` keeps viewing and nothing else of what its user may do; use "
        + "a token with scope `read_write`."
      : "A token with scope `\(scope)` can do nothing for the organization; the user can."
  }
}
