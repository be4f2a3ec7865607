import VerdictModel
import VerdictPolicy
import VerdictTestKit

/// Changes to a document under which the laws of the decision model say what must stay.
extension PolicyDocument {
  func bytes(_ name: Name) -> [UInt8] { symbols.withBytes(of: name.symbol) { $0.array } }

  /// Every policy of the document, replaced by what `change` makes of it.
  mutating func changePolicies(_ change: (inout Policy) -> Void) {
    for index in workspaces.indices {
      if var baseline = workspaces[index].baseline {
        change(&baseline)
        workspaces[index].baseline = baseline
      }
      for held in workspaces[index].groupPolicies.indices {
        change(&workspaces[index].groupPolicies[held].policy)
      }
      for held in workspaces[index].memberPolicies.indices {
        change(&workspaces[index].memberPolicies[held].policy)
      }
    }
    for index in serviceTokens.indices where serviceTokens[index].workspace != nil {
      change(&serviceTokens[index].policy)
    }
  }

  /// Some more grants and switches in every policy.
  mutating func addGrants(using random: inout SeededRandom) {
    let permissions = model.permissions
    let names = workspaces.flatMap(\.resources).map(\.id)
    changePolicies { policy in
      for _ in 0..<3 {
        let permission = random.below(permissions.count)
        guard let grantable = random.pickAny(permissions[permission].types) else {
          policy.switches.append(permission)
          continue
        }
        let ids = random.some(of: names, percent: 30)
        let scope: Scope = random.chance(50) ? .all : .some(ids, future: random.chance(50))
        policy.grants.append(
          Grant(
            permission: permission, type: grantable.type, scope: scope,
            mark: Mark(line: 0, column: 0)))
      }
    }
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
    document.changePolicies { policy in
      policy.grants = source.shuffled(policy.grants)
      policy.switches = source.shuffled(policy.switches)
    }
    return document
  }

  func withEveryGrantTwice() -> PolicyDocument {
    var document = self
    document.changePolicies { policy in
      policy.grants += policy.grants
      policy.switches += policy.switches
    }
    return document
  }

  /// Documents that keep one of the three sources of rights each.
  var parts: [PolicyDocument] {
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

  /// Takes every right out of one workspace; its resources stay where they are.
  mutating func emptyWorkspace(_ index: Int) {
    workspaces[index].members = []
    workspaces[index].connections = []
    workspaces[index].baseline = nil
    workspaces[index].groupPolicies = []
    workspaces[index].memberPolicies = []
    for resource in workspaces[index].resources.indices {
      workspaces[index].resources[resource].links = []
    }
    let id = workspaces[index].id.symbol
    for group in groups.indices { groups[group].workspaces.removeAll { $0.symbol == id } }
    for token in serviceTokens.indices where serviceTokens[token].workspace?.symbol == id {
      serviceTokens[token].policy = Policy()
    }
  }
}
