import VerdictModel
import VerdictPolicy

extension ReferenceOrganization {
  /// Steps 5 to 11: an action inside a workspace.
  func decide(
    _ question: ReferenceQuestion, workspace named: [UInt8]?, for principal: ReferencePrincipal
  ) -> ReferenceAnswer {
    // Step 5: the workspace; a token's own where the check names none.
    let own: [UInt8]? =
      switch principal {
      case .workspaceToken(let workspace, _): workspace
      case .personalToken(_, let workspace, _): workspace
      case .user, .organizationToken: nil
      }
    guard let id = named ?? own else { return ReferenceAnswer(.missingWorkspace) }
    guard let workspace = workspaces[id] else { return ReferenceAnswer(.unknownWorkspace) }
    if let own, own != id { return ReferenceAnswer(.noWorkspaceAccess) }
    if let user = principal.user, !isAdmin(user), !workspace.usersWithAccess.contains(user) {
      return ReferenceAnswer(.noWorkspaceAccess)
    }

    // Step 6: resources elsewhere and resources unknown, `self` before `target`.
    if let denial = placement(of: question.resource?.resource, named: "self", in: id) {
      return denial
    }
    if let denial = placement(of: question.target?.resource, named: "target", in: id) {
      return denial
    }

    // Steps 7 to 10, and of an allow step 11: a `read_only` token keeps views and PII views.
    let answer = rights(of: principal, in: workspace, to: question)
    if case .personalToken(_, _, .readOnly) = principal, answer.effect == .allow,
      !question.rule.reads
    {
      return ReferenceAnswer(.tokenScope)
    }
    return answer
  }

  /// Step 6 for one operand; nil: nothing against it.
  private func placement(
    of resource: ReferenceResource?, named operand: String, in workspace: [UInt8]
  ) -> ReferenceAnswer? {
    guard let resource else { return nil }
    if let place = workspaceOfResource[resource] {
      if place == workspace { return nil }
      return ReferenceAnswer(.resourceInOtherWorkspace, operand: Array(operand.utf8))
    }
    if unknownResourcesAreDenied {
      return ReferenceAnswer(.unknownResource, operand: Array(operand.utf8))
    }
    return nil
  }

  /// Steps 7 to 10.
  private func rights(
    of principal: ReferencePrincipal, in workspace: ReferenceWorkspace,
    to question: ReferenceQuestion
  ) -> ReferenceAnswer {
    // Step 7: owner or admin; in models with roles also who administers this workspace.
    if let user = principal.user, isAdmin(user) || workspace.administrators.contains(user) {
      return ReferenceAnswer(.orgAdmin)
    }

    // Step 8: what needs no more than access, and what no policy can grant.
    if question.rule.adminOnly { return ReferenceAnswer(.adminOnly) }
    if question.requirement.isViewFloor { return ReferenceAnswer(.viewFloor) }

    // Step 9: off enterprise every principal with access sees all PII.
    if question.rule.pii && !plan.features.contains(.pii) { return ReferenceAnswer(.planPIIOpen) }

    // Step 10: the terms, against the union of everything that applies.
    let policies: [ReferencePolicy]
    switch principal {
    case .user(let user), .personalToken(let user, _, _):
      policies = workspace.policies(of: user)
    case .workspaceToken(_, let own):
      policies = (workspace.baseline.map { [$0] } ?? []) + [own]
    case .organizationToken:
      policies = []
    }
    let terms = ReferenceTerms(
      model: model, workspace: workspace, policies: policies, question: question,
      isKnown: { workspaceOfResource[$0] != nil })
    guard let missing = terms.firstMissing() else { return ReferenceAnswer(.granted) }
    return missing
  }
}

extension AccessModel.Case {
  /// Access to the workspace is enough: there is nothing to require.
  var isViewFloor: Bool { alternatives == [[]] }
}
