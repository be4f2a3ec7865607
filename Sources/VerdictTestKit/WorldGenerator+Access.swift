import VerdictModel
import VerdictPolicy

/// Who may enter, and what they may do there.
extension World {
  mutating func addGroups() {
    let most = min(limit(.groups) ?? 3, 3)
    let ids = random.shuffled(IdentifierPool.legal).map { name($0) }
    groups = ids.prefix(most == 0 ? 0 : random.below(most + 1)).map { id in
      PolicyDocument.Group(
        id: id, members: random.some(of: peopleOfNote(), percent: 50),
        workspaces: random.some(of: workspaces.map(\.id), percent: 60))
    }
  }

  /// The members, and now and then an admin, whose membership has no effect.
  private mutating func peopleOfNote() -> [Name] {
    members + random.some(of: [owner] + admins, percent: 10)
  }

  mutating func addPolicies() {
    for place in workspaces.indices {
      let id = workspaces[place].id
      workspaces[place].members = random.some(of: peopleOfNote(), percent: 60)
      if allows(.baseline) && random.chance(60) {
        workspaces[place].baseline = policy(in: place)
      }
      let attached = groups.filter { $0.workspaces.contains { $0.symbol == id.symbol } }
      if allows(.groupPolicies) {
        for group in attached where random.chance(70) {
          workspaces[place].groupPolicies.append(
            PolicyDocument.HolderPolicy(holder: group.id, policy: policy(in: place)))
        }
      }
      if allows(.memberPolicies) {
        let inside = workspaces[place].members + attached.flatMap(\.members)
        for member in members + admins
        where inside.contains(where: { $0.symbol == member.symbol }) && random.chance(50) {
          workspaces[place].memberPolicies.append(
            PolicyDocument.HolderPolicy(holder: member, policy: policy(in: place)))
        }
      }
    }
  }

  /// A policy that the plan allows.
  mutating func policy(in place: Int) -> PolicyDocument.Policy {
    var policy = PolicyDocument.Policy()
    for (index, permission) in model.permissions.enumerated() where random.chance(density) {
      switch permission.kind {
      case .switch:
        policy.switches.append(index)
      case .resource:
        for grantable in permission.types where random.chance(density) {
          addGrant(index, on: [grantable], to: &policy, in: place)
        }
      case .pii:
        // One key in the document, so one form of scope for all its types.
        if allows(.pii) { addGrant(index, on: permission.types, to: &policy, in: place) }
      }
    }
    return policy
  }

  /// Almost half of the ids; of many often only a few.
  private mutating func some(of ids: [Name]) -> [Name] {
    if ids.count > 20 && random.chance(50) {
      return (0..<1 + random.below(6)).map { _ in random.pick(ids) }
    }
    return random.some(of: random.shuffled(ids), percent: 45)
  }

  private mutating func addGrant(
    _ permission: Int, on types: [AccessModel.Grantable], to policy: inout PolicyDocument.Policy,
    in place: Int
  ) {
    let narrowed = types.allSatisfy(\.narrowable) && allows(.instanceScopes) && random.chance(75)
    let future = random.chance(40)
    for grantable in types {
      let ids = workspaces[place].resources.filter { $0.type == grantable.type }.map(\.id)
      let chosen = some(of: ids)
      policy.grants.append(
        PolicyDocument.Grant(
          permission: permission, type: grantable.type,
          scope: narrowed ? .some(chosen, future: future) : .all, mark: Mark(line: 0, column: 0)))
    }
  }

  mutating func addRoles() {
    let legal = model.roles.indices.filter { model.roles[$0].plans.contains(plan) }
    for place in workspaces.indices {
      for user in peopleOfNote() where random.chance(75) {
        for role in random.shuffled(legal).prefix(random.below(4)) {
          let assignment = PolicyDocument.RoleAssignment(
            user: user, role: role, scope: roleScope(model.roles[role], in: place))
          workspaces[place].roles.append(assignment)
        }
      }
    }
  }

  private mutating func roleScope(
    _ role: AccessModel.Role, in place: Int
  ) -> PolicyDocument.Scope {
    guard let scope = role.scope, random.chance(60) else { return .all }
    let ids = workspaces[place].resources.filter { $0.type == scope.type }.map(\.id)
    let chosen = some(of: ids)
    return chosen.isEmpty ? .all : .some(chosen, future: false)
  }

  mutating func serviceTokens() -> [PolicyDocument.ServiceToken] {
    guard allows(.serviceTokens) else { return [] }
    return (0..<random.below(5)).map { number in
      let workspace = random.chance(70) ? random.below(max(workspaces.count, 1)) : nil
      let place = workspaces.isEmpty ? nil : workspace
      return PolicyDocument.ServiceToken(
        id: name(Array("token-\(number)".utf8)), workspace: place.map { workspaces[$0].id },
        policy: place.map { policy(in: $0) } ?? PolicyDocument.Policy(), secret: secret())
    }
  }

  mutating func personalTokens() -> [PolicyDocument.PersonalToken] {
    guard !workspaces.isEmpty else { return [] }
    return (0..<random.below(8)).map { number in
      // A personal token outlives its user; it is then nobody.
      let users = [owner] + admins + members + members + members
      let user = random.chance(7) ? name(Array("gone@acme.example".utf8)) : random.pick(users)
      return PolicyDocument.PersonalToken(
        id: name(Array("token-\(number)".utf8)), user: user,
        workspace: random.pick(workspaces.map(\.id)),
        scope: random.pick(PolicyDocument.TokenScope.allCases), secret: secret())
    }
  }

  /// Half of the tokens have a secret, and half of those an end.
  private mutating func secret() -> PolicyDocument.Secret {
    guard random.chance(50) else { return PolicyDocument.Secret() }
    let digest = (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    // Whole seconds between 1970 and 2096.
    let end = random.chance(50) ? Int64(random.below(4_000_000_000)) : nil
    return PolicyDocument.Secret(sha256: digest, expiresAtSeconds: end)
  }
}
