public import VerdictModel

/// The size and shape of a generated organization, for measuring and for load.
///
/// It stands beside the documents and not in the test kit, because `verdict generate` is part of
/// the product, which never links the test kit.
public struct OrganizationProfile: Sendable {
  public var seed: UInt64
  public var memberCount: Int
  public var resourceCount: Int
  public var workspaceCount: Int
  public var groupCount: Int
  public var groupsPerMember: Int
  /// Members with a policy of their own, in percent.
  public var ownPolicyPercent: Int
  /// Resources that an own policy lists.
  public var idsPerOwnPolicy: Int
  public var tokenCount: Int
  /// Lengths of ids in bytes; at least 10.
  public var memberIDByteCount: Int
  public var resourceIDByteCount: Int

  public init(
    seed: UInt64 = 1, memberCount: Int, resourceCount: Int, workspaceCount: Int, groupCount: Int,
    groupsPerMember: Int = 5, ownPolicyPercent: Int = 1, idsPerOwnPolicy: Int = 20,
    tokenCount: Int = 10, memberIDByteCount: Int = 24, resourceIDByteCount: Int = 12
  ) {
    self.seed = seed
    self.memberCount = memberCount
    self.resourceCount = resourceCount
    self.workspaceCount = workspaceCount
    self.groupCount = groupCount
    self.groupsPerMember = groupsPerMember
    self.ownPolicyPercent = ownPolicyPercent
    self.idsPerOwnPolicy = idsPerOwnPolicy
    self.tokenCount = tokenCount
    self.memberIDByteCount = memberIDByteCount
    self.resourceIDByteCount = resourceIDByteCount
  }

  /// The profiles that have a name: a hundred, ten thousand and a million members and resources.
  public static func named(_ name: String) -> OrganizationProfile? {
    switch name {
    case "small":
      OrganizationProfile(memberCount: 100, resourceCount: 100, workspaceCount: 2, groupCount: 10)
    case "large":
      OrganizationProfile(
        memberCount: 10_000, resourceCount: 10_000, workspaceCount: 10, groupCount: 100)
    case "hundred-thousand":
      OrganizationProfile(
        memberCount: 100_000, resourceCount: 100_000, workspaceCount: 30, groupCount: 300)
    case "million":
      OrganizationProfile(
        memberCount: 1_000_000, resourceCount: 1_000_000, workspaceCount: 100, groupCount: 1_000)
    default: nil
    }
  }
}

extension OrganizationProfile {
  /// Makes the organization: the same profile gives the same document.
  ///
  /// - Parameter model: with policies, groups and instance scopes on its last plan.
  public func document(model: AccessModel, organization: String = "generated") -> PolicyDocument {
    var maker = OrganizationMaker(profile: self, model: model)
    return maker.document(organization)
  }
}

extension PolicyDocument.Scope {
  /// What is left of a scope on another type than that of its ids; nil: nothing.
  fileprivate var withoutIDs: PolicyDocument.Scope? {
    switch self {
    case .all: .all
    case .some(_, let future): future ? .some([], future: true) : nil
    }
  }
}

/// One organization in the making.
private struct OrganizationMaker {
  let profile: OrganizationProfile
  let model: AccessModel
  var symbols: SymbolTable
  var random: UInt64
  var members: [Name] = []
  /// Where there are no groups: the workspace of each member.
  var homes: [Int] = []

  init(profile: OrganizationProfile, model: AccessModel) {
    self.profile = profile
    self.model = model
    symbols = SymbolTable(minimumCapacity: profile.memberCount + profile.resourceCount)
    random = profile.seed
  }

  /// SplitMix64.
  mutating func below(_ bound: Int) -> Int {
    random &+= 0x9e37_79b9_7f4a_7c15
    var value = random
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return Int((value ^ (value >> 31)) % UInt64(bound))
  }

  mutating func name(_ text: String) -> Name {
    Name(symbol: symbols.intern(text), mark: Mark(line: 0, column: 0))
  }

  /// A prefix, a number, and zeros in between up to the length.
  mutating func name(_ prefix: String, _ number: Int, byteCount: Int) -> Name {
    let digits = String(number)
    let zeros = max(0, byteCount - prefix.utf8.count - digits.utf8.count)
    return name(prefix + String(repeating: "0", count: zeros) + digits)
  }

  mutating func document(_ organization: String) -> PolicyDocument {
    let owner = name("owner@generated.example")
    let id = name(organization)
    members = (0..<profile.memberCount).map {
      name("m", $0, byteCount: profile.memberIDByteCount)
    }
    var workspaces = (0..<profile.workspaceCount).map {
      PolicyDocument.Workspace(id: name("workspace-\($0)"))
    }
    addResources(&workspaces)
    let groups = makeGroups(&workspaces)
    addPolicies(&workspaces, groups)
    var document = PolicyDocument(
      path: organization, model: model, symbols: symbols,
      organization: PolicyDocument.Organization(
        id: id, plan: model.plans.count - 1, owner: owner, members: members),
      groups: groups, workspaces: workspaces)
    addTokens(&document)
    document.symbols = symbols
    return document
  }

  private mutating func addResources(_ workspaces: inout [PolicyDocument.Workspace]) {
    for number in 0..<profile.resourceCount {
      let workspace = number % workspaces.count
      let type = number / workspaces.count % model.resourceTypes.count
      workspaces[workspace].resources.append(
        PolicyDocument.Resource(
          type: type, id: name("r", number, byteCount: profile.resourceIDByteCount)))
    }
  }

  private mutating func makeGroups(
    _ workspaces: inout [PolicyDocument.Workspace]
  ) -> [PolicyDocument.Group] {
    var groups = (0..<profile.groupCount).map { number in
      PolicyDocument.Group(
        id: name("group-\(number)"), members: [],
        workspaces: [workspaces[number % workspaces.count].id])
    }
    for member in members {
      var chosen: Set<Int> = []
      while chosen.count < min(profile.groupsPerMember, groups.count) {
        let group = below(groups.count)
        if chosen.insert(group).inserted { groups[group].members.append(member) }
      }
      if groups.isEmpty {
        homes.append(below(workspaces.count))
        workspaces[homes[homes.count - 1]].members.append(member)
      }
    }
    return groups
  }

  private mutating func addPolicies(
    _ workspaces: inout [PolicyDocument.Workspace], _ groups: [PolicyDocument.Group]
  ) {
    for index in workspaces.indices {
      workspaces[index].baseline = policy(workspaces[index], idCount: 5, grantCount: 3)
    }
    for (number, group) in groups.enumerated() {
      let place = number % workspaces.count
      workspaces[place].groupPolicies.append(
        PolicyDocument.HolderPolicy(
          holder: group.id, policy: policy(workspaces[place], idCount: 40, grantCount: 6)))
    }
    for (number, member) in members.enumerated() where number % 100 < profile.ownPolicyPercent {
      let place = groups.isEmpty ? homes[number] : below(workspaces.count)
      // Without groups the member may have this workspace already.
      if !groups.isEmpty { workspaces[place].members.append(member) }
      workspaces[place].memberPolicies.append(
        PolicyDocument.HolderPolicy(
          holder: member,
          policy: policy(workspaces[place], idCount: profile.idsPerOwnPolicy, grantCount: 1)))
    }
  }

  /// Grants on random types with a scope of each form in turn; some switches.
  private mutating func policy(
    _ workspace: PolicyDocument.Workspace, idCount: Int, grantCount: Int
  ) -> PolicyDocument.Policy {
    var policy = PolicyDocument.Policy()
    var taken: Set<Int> = []
    for _ in 0..<grantCount {
      let permission = below(model.permissions.count)
      guard taken.insert(permission).inserted else { continue }
      guard
        let grantable = model.permissions[permission].types.first(where: { _ in below(3) == 0 })
          ?? model.permissions[permission].types.first
      else {
        policy.switches.append(permission)
        continue
      }
      let scope = scope(workspace, grantable, idCount)
      // A PII permission over several types is written as one scope: `all` is all of each, and
      // so is the flag.
      for one in model.permissions[permission].types {
        let isGiven = one.type == grantable.type
        guard isGiven || model.permissions[permission].kind == .pii else { continue }
        guard let own = isGiven ? scope : scope.withoutIDs else { continue }
        policy.grants.append(
          PolicyDocument.Grant(
            permission: permission, type: one.type, scope: own, mark: Mark(line: 0, column: 0)))
      }
    }
    policy.switches.sort()
    return policy
  }

  private mutating func scope(
    _ workspace: PolicyDocument.Workspace, _ grantable: AccessModel.Grantable, _ idCount: Int
  ) -> PolicyDocument.Scope {
    guard grantable.narrowable, below(4) > 0 else { return .all }
    var ids: [Name] = []
    var taken: Set<Int> = []
    for _ in 0..<idCount * 4 where ids.count < idCount && !workspace.resources.isEmpty {
      let place = below(workspace.resources.count)
      let resource = workspace.resources[place]
      if resource.type == grantable.type, taken.insert(place).inserted { ids.append(resource.id) }
    }
    return .some(ids, future: below(4) == 0)
  }

  private mutating func addTokens(_ document: inout PolicyDocument) {
    for number in 0..<profile.tokenCount where !members.isEmpty {
      let place = below(document.workspaces.count)
      let workspace = document.workspaces[place]
      document.serviceTokens.append(
        PolicyDocument.ServiceToken(
          id: name("service-\(number)"), workspace: workspace.id,
          policy: policy(workspace, idCount: 10, grantCount: 3)))
      document.personalTokens.append(
        PolicyDocument.PersonalToken(
          id: name("personal-\(number)"), user: members[below(members.count)],
          workspace: workspace.id,
          scope: PolicyDocument.TokenScope.allCases[number % 3]))
    }
  }
}
