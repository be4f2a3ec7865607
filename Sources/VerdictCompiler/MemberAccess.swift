internal import VerdictModel
internal import VerdictPolicy

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

  /// Workspaces and classes, before renumbering, of a user: by workspace.
  func accesses(user: Int) -> (workspaces: ArraySlice<UInt32>, classes: ArraySlice<UInt32>) {
    let range = starts[user]..<starts[user + 1]
    return (workspaces[range], classes[range])
  }

  // MARK: Assigning classes

  /// Finds every member's access and the class that goes with it.
  mutating func assignClasses(_ table: inout ClassTable) {
    let own = ownContributions(table)
    // One word per access: user, workspace, and the place of the group's policy plus one (zero:
    // access without a policy), so that sorting brings together what belongs together.
    let groupRanks = context.document.groups.map { context.rank($0.id) }.sorted()
    let accesses = accesses(table, groupRanks).sorted()
    var hasOwn = [Bool](repeating: false, count: users.count)
    for pair in own.keys { hasOwn[Int(pair >> 16)] = true }
    classes.reserveCapacity(accesses.count)
    workspaces.reserveCapacity(accesses.count)
    var ranks: [UInt32] = []
    var index = 0
    for user in users.indices {
      while index < accesses.count, Int(accesses[index] >> 36) == user {
        let pair = accesses[index] >> 20
        ranks.removeAll(keepingCapacity: true)
        while index < accesses.count, accesses[index] >> 20 == pair {
          let source = Int(accesses[index] & 0xf_ffff)
          if source > 0, ranks.last != groupRanks[source - 1] {
            ranks.append(groupRanks[source - 1])
          }
          index += 1
        }
        let workspace = Int(pair & 0xffff)
        workspaces.append(UInt32(workspace))
        if hasOwn[user], let contributions = own[pair] {
          classes.append(table.number(in: workspace, ranks[...], own: contributions))
        } else {
          classes.append(table.number(in: workspace, groupRanks: ranks[...]))
        }
      }
      starts.append(classes.count)
    }
  }

  private func accesses(_ table: ClassTable, _ groupRanks: [UInt32]) -> [UInt64] {
    var result: [UInt64] = []
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
    for group in context.document.groups {
      for workspace in group.workspaces {
        let number = context.workspaceNumber(workspace.symbol)
        let rank = context.rank(group.id)
        let source = table.hasPolicy(groupRank: rank, in: number) ? sources[rank] ?? 0 : 0
        for member in group.members { add(member, number, source: source) }
      }
    }
    return result
  }

  /// What users have by themselves in a workspace: member policies or roles, by user and
  /// workspace.
  private func ownContributions(_ table: ClassTable) -> [UInt64: [ClassTable.Contribution]] {
    var own: [UInt64: [ClassTable.Contribution]] = [:]
    func add(_ name: Name, _ workspace: Int, _ contribution: ClassTable.Contribution) {
      guard let user = user(name.symbol) else { return }
      own[UInt64(user) << 16 | UInt64(workspace), default: []].append(contribution)
    }
    for (number, place) in context.workspaceOrder.enumerated() {
      let workspace = context.document.workspaces[place]
      for policy in workspace.memberPolicies {
        add(policy.holder, number, table.contribution(policy.policy))
      }
      for assignment in workspace.roles {
        add(assignment.user, number, table.contribution(assignment))
      }
    }
    return own
  }
}
