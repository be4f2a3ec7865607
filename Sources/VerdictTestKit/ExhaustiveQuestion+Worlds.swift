import VerdictModel
import VerdictPolicy

extension ExhaustiveQuestion {
  func forEachWorld(_ body: (ExhaustiveWorld) throws -> Void) rethrows {
    switch model.access {
    case .roles: try body(rolesWorld())
    case .policies:
      try body(membersWorld())
      var symbols = SymbolTable()
      for baseline in policies(&symbols).indices
      where depth == .full || baseline.isMultiple(of: 9) {
        try body(tokensWorld(baseline: baseline))
      }
    }
  }

  /// Each of the policies as a group's, met by each as a member's; personal tokens of all scopes
  /// where that stays small.
  func membersWorld() -> ExhaustiveWorld {
    var draft = ExhaustiveDraft(self)
    let policies = policies(&draft.symbols)
    for (index, policy) in policies.enumerated() {
      let group = draft.name("group-\(index)")
      var members: [Name] = []
      for (own, ownPolicy) in policies.enumerated()
      where depth == .full || policies.count < 10 || own % 5 == index % 5 {
        let member = draft.addUser("member-\(index)-\(own)")
        members.append(member)
        draft.main.memberPolicies.append(
          PolicyDocument.HolderPolicy(holder: member, policy: ownPolicy))
        if policies.count <= 16 { draft.addPersonalTokens(of: "member-\(index)-\(own)") }
      }
      draft.groups.append(
        PolicyDocument.Group(id: group, members: members, workspaces: [draft.main.id]))
      draft.main.groupPolicies.append(PolicyDocument.HolderPolicy(holder: group, policy: policy))
    }
    return draft.world("\(action): groups and members")
  }

  /// Each pair of role assignments in one user's hands.
  func rolesWorld() -> ExhaustiveWorld {
    var draft = ExhaustiveDraft(self)
    let assignments = assignments(&draft.symbols)
    for first in assignments.indices {
      for second in assignments.indices where second >= first {
        let id = "member-\(first)-\(second)"
        let user = draft.name(id)
        draft.principals.append("user:\(id)")
        for index in Set([first, second]) {
          var assignment = assignments[index]
          assignment.user = user
          draft.main.roles.append(assignment)
        }
      }
    }
    return draft.world("\(action): roles")
  }

  /// One of the policies as the baseline, met by each as a service token's and as a member's.
  func tokensWorld(baseline: Int) -> ExhaustiveWorld {
    var draft = ExhaustiveDraft(self)
    let policies = policies(&draft.symbols)
    draft.main.baseline = policies[baseline]
    for (index, policy) in policies.enumerated() {
      let token = draft.name("token-\(index)")
      draft.serviceTokens.append(
        PolicyDocument.ServiceToken(id: token, workspace: draft.main.id, policy: policy))
      draft.principals.append("service_token:token-\(index)")
      let member = draft.addUser("member-\(index)")
      draft.main.members.append(member)
      draft.main.memberPolicies.append(
        PolicyDocument.HolderPolicy(holder: member, policy: policy))
    }
    return draft.world("\(action): baseline \(baseline), tokens and members")
  }
}
