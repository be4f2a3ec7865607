import VerdictModel
import VerdictPolicy

/// A document's content under the names that checks use: plain dictionaries of bytes, built once.
struct ReferenceOrganization {
  let model: AccessModel
  let plan: AccessModel.Plan
  let unknownResourcesAreDenied: Bool
  let id: [UInt8]
  let owner: [UInt8]
  let admins: Set<[UInt8]>
  let members: Set<[UInt8]>
  /// Whoever holds a role in some workspace: in models with roles that is what makes a member.
  let roleHolders: Set<[UInt8]>
  let invitationCount: Int
  let groupCount: Int
  let workspaces: [[UInt8]: ReferenceWorkspace]
  /// The workspace that every known resource lives in.
  let workspaceOfResource: [ReferenceResource: [UInt8]]
  let serviceTokens: [[UInt8]: ServiceToken]
  let personalTokens: [[UInt8]: PersonalToken]

  struct ServiceToken {
    /// nil: a token of the organization.
    var workspace: [UInt8]?
    var policy: ReferencePolicy
  }

  struct PersonalToken {
    var user: [UInt8]
    var workspace: [UInt8]
    var scope: PolicyDocument.TokenScope
  }

  init(_ document: PolicyDocument) {
    func bytes(_ name: Name) -> [UInt8] { document.symbols.withBytes(of: name.symbol) { $0.array } }
    func set(_ names: [Name]) -> Set<[UInt8]> { Set(names.map(bytes)) }

    let organization = document.organization
    model = document.model
    plan = document.model.plans[organization.plan]
    unknownResourcesAreDenied = organization.unknownResources == .deny
    id = bytes(organization.id)
    owner = bytes(organization.owner)
    admins = set(organization.admins)
    members = set(organization.members)
    roleHolders = set(document.workspaces.flatMap(\.roles).map(\.user))
    invitationCount = organization.invitations.count
    groupCount = document.groups.count

    var workspaces: [[UInt8]: ReferenceWorkspace] = [:]
    var places: [ReferenceResource: [UInt8]] = [:]
    for workspace in document.workspaces {
      let id = bytes(workspace.id)
      workspaces[id] = ReferenceWorkspace(workspace, in: document, bytes: bytes)
      for resource in workspace.resources {
        places[ReferenceResource(type: resource.type, id: bytes(resource.id))] = id
      }
    }
    self.workspaces = workspaces
    workspaceOfResource = places

    var serviceTokens: [[UInt8]: ServiceToken] = [:]
    for token in document.serviceTokens {
      serviceTokens[bytes(token.id)] = ServiceToken(
        workspace: token.workspace.map(bytes), policy: ReferencePolicy(token.policy, bytes: bytes))
    }
    self.serviceTokens = serviceTokens
    var personalTokens: [[UInt8]: PersonalToken] = [:]
    for token in document.personalTokens {
      personalTokens[bytes(token.id)] = PersonalToken(
        user: bytes(token.user), workspace: bytes(token.workspace), scope: token.scope)
    }
    self.personalTokens = personalTokens
  }

  /// Whether this user is in the organization. A pending invitation is not.
  func hasUser(_ user: [UInt8]) -> Bool {
    user == owner || admins.contains(user) || members.contains(user)
      || roleHolders.contains(user)
  }

  /// The owner is one of the admins (2.5).
  func isAdmin(_ user: [UInt8]) -> Bool { user == owner || admins.contains(user) }
}

/// A known resource, or one that a check names: its type in the model and its id.
struct ReferenceResource: Hashable {
  var type: Int
  var id: [UInt8]
}

/// A workspace: the boundary of every policy.
struct ReferenceWorkspace {
  /// Who was added to it, belongs to a group attached to it, or holds a role in it.
  let usersWithAccess: Set<[UInt8]>
  let baseline: ReferencePolicy?
  /// Policies of groups here, each with the group's members.
  let groupPolicies: [(members: Set<[UInt8]>, policy: ReferencePolicy)]
  let memberPolicies: [[UInt8]: ReferencePolicy]
  /// What each user's roles grant here (`access: roles`).
  let rolePolicies: [[UInt8]: [ReferencePolicy]]
  /// Who holds a role here that administers the workspace.
  let administrators: Set<[UInt8]>
  /// What each resource is linked to, by relation.
  let links: [Link: Set<[UInt8]>]

  struct Link: Hashable {
    var relation: Int
    var from: [UInt8]
  }

  init(
    _ workspace: PolicyDocument.Workspace, in document: PolicyDocument, bytes: (Name) -> [UInt8]
  ) {
    let id = bytes(workspace.id)
    var users = Set(workspace.members.map(bytes))
    var membersOfGroup: [[UInt8]: Set<[UInt8]>] = [:]
    for group in document.groups where group.workspaces.contains(where: { bytes($0) == id }) {
      let members = Set(group.members.map(bytes))
      membersOfGroup[bytes(group.id)] = members
      users.formUnion(members)
    }

    baseline = workspace.baseline.map { ReferencePolicy($0, bytes: bytes) }
    groupPolicies = workspace.groupPolicies.map { held in
      (membersOfGroup[bytes(held.holder)] ?? [], ReferencePolicy(held.policy, bytes: bytes))
    }
    var memberPolicies: [[UInt8]: ReferencePolicy] = [:]
    for held in workspace.memberPolicies {
      memberPolicies[bytes(held.holder)] = ReferencePolicy(held.policy, bytes: bytes)
    }
    self.memberPolicies = memberPolicies

    var rolePolicies: [[UInt8]: [ReferencePolicy]] = [:]
    var administrators: Set<[UInt8]> = []
    for assignment in workspace.roles {
      let user = bytes(assignment.user)
      let role = document.model.roles[assignment.role]
      users.insert(user)
      if role.administers { administrators.insert(user) }
      let policy = ReferencePolicy(role, scope: ReferenceScope(assignment.scope, bytes: bytes))
      rolePolicies[user, default: []].append(policy)
    }
    self.rolePolicies = rolePolicies
    self.administrators = administrators
    usersWithAccess = users
    links = ReferenceWorkspace.links(of: workspace, model: document.model, bytes: bytes)
  }

  /// Links that resources carry, and those that connections make: "a transformation end acts like
  /// connected_to" (section 6).
  private static func links(
    of workspace: PolicyDocument.Workspace, model: AccessModel, bytes: (Name) -> [UInt8]
  ) -> [Link: Set<[UInt8]>] {
    var links: [Link: Set<[UInt8]>] = [:]
    for resource in workspace.resources {
      for link in resource.links {
        let key = Link(relation: link.relation, from: bytes(resource.id))
        links[key, default: []].insert(bytes(link.id))
      }
    }
    for connection in workspace.connections {
      let ends = [connection.source, connection.destination]
      for (index, relation) in model.relations.enumerated() where relation.throughConnections {
        for (from, to) in [(ends[0], ends[1]), (ends[1], ends[0])]
        where from.type == relation.from && to.type == relation.to {
          links[Link(relation: index, from: bytes(from.id)), default: []].insert(bytes(to.id))
        }
      }
    }
    return links
  }

  /// Everything that applies to a user here (2.1): the baseline, the policy of every group that the
  /// user is in, the user's own policy, and the user's roles.
  func policies(of user: [UInt8]) -> [ReferencePolicy] {
    var policies: [ReferencePolicy] = []
    if let baseline { policies.append(baseline) }
    for group in groupPolicies where group.members.contains(user) { policies.append(group.policy) }
    if let own = memberPolicies[user] { policies.append(own) }
    policies += rolePolicies[user] ?? []
    return policies
  }
}
