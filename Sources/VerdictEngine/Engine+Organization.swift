internal import VerdictModel
internal import VerdictSnapshot

extension Engine {
  /// Steps 3 and 4 for organization actions (domain.md 2.5), which take no workspace.
  static func decideOrganization(
    _ record: ActionRecord, _ principal: ResolvedPrincipal, _ resource: ResolvedOperand,
    _ target: ResolvedOperand
  ) -> Decision {
    let targetsUser = record.has(ActionFlag.targetsUser)
    if targetsUser, target.form == .absent { return Decision(.missingTarget) }
    if resource.form != .absent || !targetsUser && target.form != .absent {
      return Decision(.unexpectedOperand)
    }
    // No raw value is unknown: validation has refused others.
    let who = AccessModel.OrganizationRule.Who(rawValue: record.who) ?? .nobody
    if who == .nobody { return Decision(.neverAllowed) }

    var allow = Reason.orgAdmin
    if principal.kind == .serviceToken {
      guard principal.isOrganizationToken, record.has(ActionFlag.organizationTokens) else {
        return Decision(.tokenKind)
      }
      allow = .organizationToken
    } else {
      let isLegacyAdmin = principal.rank == 2
      if principal.kind == .personalToken, !isLegacyAdmin { return Decision(.tokenScope) }
      if who == .selfService {
        allow = .selfService
      } else if !principal.isAdmin {
        return Decision(.adminOnly)
      }
    }
    if targetsUser {
      guard target.resolution == .known else { return Decision(.unknownTarget) }
      if (target.slot.value >> PrincipalValue.rankShift) & 3 == PrincipalValue.owner {
        return Decision(.ownerProtected)
      }
    }
    return Decision(record.has(ActionFlag.planLimited) ? .planLimit : allow)
  }
}
