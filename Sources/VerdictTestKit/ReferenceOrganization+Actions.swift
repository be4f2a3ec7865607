import VerdictModel
import VerdictPolicy

extension ReferenceOrganization {
  /// Step 4: an action on the organization itself (2.5), asked in the order that 2.5 gives.
  func decide(
    _ rule: AccessModel.OrganizationRule, target: [UInt8]?, for principal: ReferencePrincipal
  ) -> ReferenceAnswer {
    if rule.who == .nobody { return ReferenceAnswer(.neverAllowed) }

    // The kind of token, then the scope of a personal token.
    switch principal {
    case .workspaceToken: return ReferenceAnswer(.tokenKind)
    case .organizationToken:
      if !rule.organizationTokens { return ReferenceAnswer(.tokenKind) }
    case .personalToken(_, _, .readOnly), .personalToken(_, _, .readWrite):
      return ReferenceAnswer(.tokenScope)
    case .personalToken(_, _, .admin), .user: break
    }

    // A user who is no admin, where the action is not open to every user.
    if let user = principal.user, rule.who == .admins, !isAdmin(user) {
      return ReferenceAnswer(.adminOnly)
    }

    // The target: a user of the organization, and not the owner.
    if rule.targetsUser {
      guard let target, hasUser(target) else { return ReferenceAnswer(.unknownTarget) }
      if target == owner { return ReferenceAnswer(.ownerProtected) }
    }

    // The plan, for admins too.
    if let gate = rule.plan, isClosed(gate) { return ReferenceAnswer(.planLimit) }

    if case .organizationToken = principal { return ReferenceAnswer(.organizationToken) }
    return ReferenceAnswer(rule.who == .selfService ? .selfService : .orgAdmin)
  }

  private func isClosed(_ gate: AccessModel.OrganizationRule.PlanGate) -> Bool {
    switch gate {
    case .atLimit(let limit):
      guard let most = plan.limits[limit] else { return false }
      return count(limit) >= most
    case .noneOf(let limit):
      return plan.limits[limit] == 0
    case .without(let feature):
      return !plan.features.contains(feature)
    }
  }

  /// How many there are already (2.6: owner, admins and pending invitations count as members).
  private func count(_ limit: AccessModel.PlanLimit) -> Int {
    switch limit {
    case .members: 1 + admins.count + members.count + invitationCount
    case .groups: groupCount
    case .workspaces: workspaces.count
    }
  }
}
