internal import VerdictModel
internal import VerdictPolicy
internal import VerdictSnapshot

/// Which users have access to which workspaces, through what, and with which class.
struct MemberAccess {
  /// A user of the organization.
  struct User {
    var symbol: Symbol
    var rank: UInt32
    var kind: Kind
  }

  enum Kind { case member, admin, owner }

  private let context: CompileContext
  /// In byte order of their ids.
  private(set) var users: [User] = []
  /// By symbol: place in `users`, or none.
  private var userNumbers: [UInt32]
  /// `starts[u]..<starts[u + 1]` are the accesses of user `u`, by workspace.
  private var starts: [Int] = [0]
  private var workspaces: [UInt32] = []
  private var classes: [UInt32] = []
  private var mixes: [UInt32] = []

  /// Bits of a user, a workspace and a group in one word; see `assignClasses`.
  private static let userCountMax = 1 << 28
  private static let groupCountMax = 1 << 20 - 1

  init(_ context: CompileContext) throws(CompileError) {
    self.context = context
    let organization = context.document.organization
    userNumbers = Array(repeating: CompileContext.none, count: context.document.symbols.count)
    var kinds: [(Name, Kind)] = [(organization.owner, .owner)]
    kinds += organization.admins.map { ($0, .admin) }
    kinds += organization.members.map { ($0, .member) }
    for workspace in context.document.workspaces {
      kinds += workspace.roles.map { ($0.user, .member) }
    }
    for (name, kind) in kinds
    where userNumbers[Int(name.symbol.rawValue)] == CompileContext.none {
      userNumbers[Int(name.symbol.rawValue)] = 0
      users.append(User(symbol: name.symbol, rank: context.rank(name), kind: kind))
    }
    guard users.count <= MemberAccess.userCountMax,
      context.document.groups.count < MemberAccess.groupCountMax
    else {
      throw context.error(
        "\(users.count) users and \(context.document.groups.count) groups are more than a snapshot "
          + "holds; split the organization")
    }
    users.sort { $0.rank < $1.rank }
    for (number, user) in users.enumerated() {
      userNumbers[Int(user.symbol.rawValue)] = UInt32(number)
    }
  }

  func user(_ symbol: Symbol) -> Int? {
    let number = userNumbers[Int(symbol.rawValue)]
    return number == CompileContext.none ? nil : Int(number)
  }

  /// The class of a user in a workspace before renumbering, or nil without access.
  func classNumber(user: Int, workspace: Int) -> UInt32? {
    for index in starts[user]..<starts[user + 1] where Int(workspaces[index]) == workspace {
      return classes[index]
    }
    return nil
  }

  /// How many users have access to several workspaces.
  var severalCount: Int { users.indices.count { starts[$0 + 1] - starts[$0] > 1 } }

  /// Workspaces and classes, before renumbering, of a user: by workspace.
  func accesses(user: Int) -> (workspaces: ArraySlice<UInt32>, classes: ArraySlice<UInt32>) {
    let range = starts[user]..<starts[user + 1]
    return (workspaces[range], classes[range])
  }

  /// The mixes of a user, by workspace.
  func mixes(user: Int) -> ArraySlice<UInt32> { mixes[starts[user]..<starts[user + 1]] }

  // MARK: Assigning classes

  /// Finds every member's access, and the mix and the class that go with it.
  mutating func assignClasses(_ table: inout ClassTable, _ provenance: inout Provenance)
    throws(CompileError)
  {
    let own = ownContributions(table)
    // One word per access: user, workspace, and the group's number plus one (zero: without a
    // group), so that sorting brings together what belongs together.
    let accesses = byUser(accesses(provenance.groupRanks))
    var hasOwn = [Bool](repeating: false, count: users.count)
    for pair in own.keys { hasOwn[Int(pair >> 16)] = true }
    classes.reserveCapacity(accesses.count)
    mixes.reserveCapacity(accesses.count)
    workspaces.reserveCapacity(accesses.count)
    var groups: [UInt32] = []
    var index = 0
    for user in users.indices {
      while index < accesses.count, Int(accesses[index] >> 36) == user {
        let pair = accesses[index] >> 20
        let isDirect = accesses[index] & 0xf_ffff == 0
        groups.removeAll(keepingCapacity: true)
        while index < accesses.count, accesses[index] >> 20 == pair {
          let source = UInt32(accesses[index] & 0xf_ffff)
          if source > 0, groups.last != source - 1 { groups.append(source - 1) }
          index += 1
        }
        let workspace = Int(pair & 0xffff)
        workspaces.append(UInt32(workspace))
        mixes.append(
          try MemberAccess.mix(
            in: workspace, isDirect, groups, hasOwn[user] ? own[pair] ?? [] : [], &table,
            &provenance))
        classes.append(provenance.classNumber(mix: mixes[mixes.count - 1]))
      }
      starts.append(classes.count)
    }
  }

  /// The mix of somebody with some groups and contributions of his own, with its class.
  private static func mix(
    in workspace: Int, _ isDirect: Bool, _ groups: [UInt32], _ own: [OwnContribution],
    _ table: inout ClassTable, _ provenance: inout Provenance
  ) throws(CompileError) -> UInt32 {
    // By content, because the order in which a document tells them doesn't matter.
    let own = own.count > 1 ? own.sorted { $0.precedes($1) } : own
    let policies = own.map {
      provenance.policy($0.kind, in: workspace, name: $0.name, $0.contribution)
    }.sorted()
    let mix = provenance.mix(in: workspace, isDirect: isDirect, groups: groups, own: policies)
    guard mix.isNew else { return mix.number }
    let ranks = groups.map { provenance.groupRanks[Int($0)] }
    let number = try table.number(in: workspace, ranks[...], own: own.map(\.contribution))
    let groupPolicies = zip(groups, ranks).map { group, rank in
      provenance.policy(
        .group, in: workspace, name: Int(group),
        table.groupContribution(rank: rank, in: workspace))
    }
    provenance.define(class: number, isDirect: isDirect, policies: groupPolicies + policies)
    return mix.number
  }

  private func accesses(_ groupRanks: [UInt32]) -> [UInt64] {
    var result: [UInt64] = []
    let groups = context.document.groups
    result.reserveCapacity(
      context.document.workspaces.reduce(0) { $0 + $1.members.count + $1.roles.count }
        + groups.reduce(0) { $0 + $1.workspaces.count * $1.members.count })
    func add(_ name: Name, _ workspace: Int, source: Int) {
      guard let user = user(name.symbol), users[user].kind == .member else { return }
      result.append(UInt64(user) << 36 | UInt64(workspace) << 20 | UInt64(source))
    }
    for (number, place) in context.workspaceOrder.enumerated() {
      let workspace = context.document.workspaces[place]
      for member in workspace.members { add(member, number, source: 0) }
      for assignment in workspace.roles { add(assignment.user, number, source: 0) }
    }
    var sources: [UInt32: Int] = [:]
    for (index, rank) in groupRanks.enumerated() { sources[rank] = index + 1 }
    for group in groups {
      let source = sources[context.rank(group.id)] ?? 0
      for workspace in group.workspaces {
        let number = context.workspaceNumber(workspace.symbol)
        for member in group.members { add(member, number, source: source) }
      }
    }
    return result
  }

  /// Sorts accesses: first to their users by counting, then the few of each.
  private func byUser(_ accesses: [UInt64]) -> [UInt64] {
    var ends = [Int](repeating: 0, count: users.count)
    for access in accesses { ends[Int(access >> 36)] += 1 }
    var total = 0
    for user in ends.indices {
      total += ends[user]
      ends[user] = total - ends[user]
    }
    var sorted = [UInt64](repeating: 0, count: accesses.count)
    for access in accesses {
      sorted[ends[Int(access >> 36)]] = access
      ends[Int(access >> 36)] += 1
    }
    var start = 0
    for end in ends {
      if end - start > 1 { sorted[start..<end].sort() }
      start = end
    }
    return sorted
  }

  /// A policy or role that a user has by itself.
  private struct OwnContribution {
    var kind: PolicyKind
    /// The role's number; 0 for a policy.
    var name: Int
    var contribution: ClassTable.Contribution

    /// An order of different contributions: by role, then by what they cover.
    func precedes(_ other: OwnContribution) -> Bool {
      if name != other.name { return name < other.name }
      let (mine, theirs) = (contribution.scopes, other.contribution.scopes)
      if mine.count != theirs.count { return mine.count < theirs.count }
      for (a, b) in zip(mine, theirs) where a.scope != b.scope {
        return a.scope.precedes(b.scope)
      }
      return false
    }
  }

  /// What users have by themselves in a workspace: member policies or roles, by user and
  /// workspace.
  private func ownContributions(_ table: ClassTable) -> [UInt64: [OwnContribution]] {
    var own: [UInt64: [OwnContribution]] = [:]
    func add(_ name: Name, _ workspace: Int, _ contribution: OwnContribution) {
      guard let user = user(name.symbol) else { return }
      own[UInt64(user) << 16 | UInt64(workspace), default: []].append(contribution)
    }
    for (number, place) in context.workspaceOrder.enumerated() {
      let workspace = context.document.workspaces[place]
      for policy in workspace.memberPolicies {
        add(
          policy.holder, number,
          OwnContribution(
            kind: .member, name: 0, contribution: table.contribution(policy.policy)))
      }
      for assignment in workspace.roles {
        add(
          assignment.user, number,
          OwnContribution(
            kind: .role, name: assignment.role, contribution: table.contribution(assignment)))
      }
    }
    return own
  }
}
