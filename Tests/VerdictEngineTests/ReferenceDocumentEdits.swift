import VerdictModel
import VerdictPolicy
import VerdictTestKit

/// Changes to a document under which the laws of the decision model say what must stay.
extension PolicyDocument {
  func bytes(_ name: Name) -> [UInt8] { symbols.withBytes(of: name.symbol) { $0.array } }

  /// Every policy of the document, replaced by what `change` makes of it, given its workspace.
  mutating func changePolicies(_ change: (inout Policy, Workspace) -> Void) {
    for index in workspaces.indices {
      let workspace = workspaces[index]
      if var baseline = workspace.baseline {
        change(&baseline, workspace)
        workspaces[index].baseline = baseline
      }
      for held in workspace.groupPolicies.indices {
        change(&workspaces[index].groupPolicies[held].policy, workspace)
      }
      for held in workspace.memberPolicies.indices {
        change(&workspaces[index].memberPolicies[held].policy, workspace)
      }
    }
    for index in serviceTokens.indices {
      let id = serviceTokens[index].workspace?.symbol
      guard let workspace = workspaces.first(where: { $0.id.symbol == id }) else { continue }
      change(&serviceTokens[index].policy, workspace)
    }
  }

  /// Some more grants and switches in every policy, some more roles for everybody who has one.
  mutating func addGrants(using random: inout SeededRandom) {
    let model = model
    var source = random
    changePolicies { policy, workspace in
      for _ in 0..<3 {
        let permission = source.below(model.permissions.count)
        guard let grantable = source.pickAny(model.permissions[permission].types) else {
          policy.switches.append(permission)
          continue
        }
        let ids = workspace.resources.filter { $0.type == grantable.type }.map(\.id)
        let scope: Scope =
          source.chance(30)
          ? .all : .some(source.some(of: ids, percent: 50), future: source.chance(50))
        policy.grants.append(
          Grant(
            permission: permission, type: grantable.type, scope: scope,
            mark: Mark(line: 0, column: 0)))
      }
    }
    for index in workspaces.indices {
      for user in Set(workspaces[index].roles.map(\.user.symbol)) {
        let name = Name(symbol: user, mark: Mark(line: 0, column: 0))
        let role = source.below(model.roles.count)
        let ids = workspaces[index].resources.filter { $0.type == model.roles[role].scope?.type }
        let chosen = source.some(of: ids.map(\.id), percent: 50)
        let scope: Scope =
          chosen.isEmpty || source.chance(30) ? .all : .some(chosen, future: false)
        workspaces[index].roles.append(RoleAssignment(user: name, role: role, scope: scope))
      }
    }
    random = source
  }

  /// The same document, told in another order.
  func reordered(using random: inout SeededRandom) -> PolicyDocument {
    var document = self
    document.organization.admins = random.shuffled(organization.admins)
    document.organization.members = random.shuffled(organization.members)
    document.groups = random.shuffled(groups)
    document.workspaces = random.shuffled(workspaces)
    document.serviceTokens = random.shuffled(serviceTokens)
    document.personalTokens = random.shuffled(personalTokens)
    for index in document.groups.indices {
      document.groups[index].members = random.shuffled(document.groups[index].members)
    }
    for index in document.workspaces.indices {
      let workspace = document.workspaces[index]
      document.workspaces[index].members = random.shuffled(workspace.members)
      document.workspaces[index].resources = random.shuffled(workspace.resources)
      document.workspaces[index].connections = random.shuffled(workspace.connections)
      document.workspaces[index].groupPolicies = random.shuffled(workspace.groupPolicies)
      document.workspaces[index].memberPolicies = random.shuffled(workspace.memberPolicies)
      document.workspaces[index].roles = random.shuffled(workspace.roles)
    }
    var source = random
    document.changePolicies { policy, _ in
      policy.grants = source.shuffled(policy.grants)
      policy.switches = source.shuffled(policy.switches)
    }
    return document
  }

  func withEveryGrantTwice() -> PolicyDocument {
    var document = self
    document.changePolicies { policy, _ in
      policy.grants += policy.grants
      policy.switches += policy.switches
    }
    for index in document.workspaces.indices {
      document.workspaces[index].roles += workspaces[index].roles
    }
    return document
  }

  /// Documents that keep one of the sources of rights each: baseline, groups or members; the first
  /// or the last of each user's roles.
  var parts: [PolicyDocument] {
    if model.access == .roles {
      return [firstRoles(of: \.self), firstRoles(of: { $0.reversed() })]
    }
    var parts = [self, self, self]
    for index in workspaces.indices {
      parts[0].workspaces[index].groupPolicies = []
      parts[0].workspaces[index].memberPolicies = []
      parts[1].workspaces[index].baseline = nil
      parts[1].workspaces[index].memberPolicies = []
      parts[2].workspaces[index].baseline = nil
      parts[2].workspaces[index].groupPolicies = []
    }
    for index in serviceTokens.indices { parts[0].serviceTokens[index].policy = Policy() }
    return parts
  }

  private func firstRoles(of order: ([RoleAssignment]) -> [RoleAssignment]) -> PolicyDocument {
    var document = self
    for index in workspaces.indices {
      var seen: Set<Symbol> = []
      document.workspaces[index].roles = order(workspaces[index].roles).filter {
        seen.insert($0.user.symbol).inserted
      }
    }
    return document
  }

  /// The document with a member for every workspace token, whose own policy is the token's; and
  /// their names, by the token's.
  var withMembersLikeTokens: (document: PolicyDocument, members: [[UInt8]: [UInt8]]) {
    var document = self
    var members: [[UInt8]: [UInt8]] = [:]
    for (number, token) in serviceTokens.enumerated() {
      let id = token.workspace?.symbol
      guard let place = workspaces.firstIndex(where: { $0.id.symbol == id }) else { continue }
      let text = "like-token-\(number)"
      let name = Name(symbol: document.symbols.intern(text), mark: Mark(line: 0, column: 0))
      document.organization.members.append(name)
      document.workspaces[place].members.append(name)
      document.workspaces[place].memberPolicies.append(
        HolderPolicy(holder: name, policy: token.policy))
      members[Array("service_token:".utf8) + bytes(token.id)] = Array("user:\(text)".utf8)
    }
    return (document, members)
  }

  /// Takes every right out of one workspace; its resources stay where they are, and whoever is
  /// somebody only by a role here keeps one that grants nothing.
  mutating func emptyWorkspace(_ index: Int) {
    let bare = model.roles.firstIndex { $0.grants.isEmpty && !$0.administers }
    workspaces[index].roles = workspaces[index].roles.compactMap { assignment in
      bare.map { RoleAssignment(user: assignment.user, role: $0, scope: .all) }
    }
    workspaces[index].members = []
    workspaces[index].connections = []
    workspaces[index].baseline = nil
    workspaces[index].groupPolicies = []
    workspaces[index].memberPolicies = []
    for resource in workspaces[index].resources.indices {
      // A resource without the one link that its type must have can't be written.
      workspaces[index].resources[resource].links.removeAll { !model.relations[$0.relation].single }
    }
    let id = workspaces[index].id.symbol
    for group in groups.indices { groups[group].workspaces.removeAll { $0.symbol == id } }
    for token in serviceTokens.indices where serviceTokens[token].workspace?.symbol == id {
      serviceTokens[token].policy = Policy()
    }
  }
}
