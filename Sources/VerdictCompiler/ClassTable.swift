internal import VerdictModel
internal import VerdictPolicy
internal import VerdictSnapshot

/// The distinct effective policies of an organization.
///
/// A *mix* is what contributes to somebody's rights in a workspace: the baseline, some group
/// policies, an own policy. `Provenance` knows equal mixes, so that each is united once; equal
/// results share one class.
struct ClassTable {
  /// One policy, by cell.
  struct Contribution {
    var scopes: [(cell: Int, scope: ScopeSet)] = []
    var administers = false
  }

  private let context: CompileContext
  private let resources: ResourceIndex
  private let cells: CellMap
  private var baselines: [Contribution?]
  private var groupPolicies: [UInt64: Contribution] = [:]
  private var rows = SymbolTable()
  private var rowWorkspaces: [Int] = []
  private var scopeBlocks = SymbolTable()
  private var scopeOffsets: [UInt32] = []
  private var scopeWords: [UInt32] = []
  /// What rows and scopes take, and may take.
  private var byteCount = 0
  private let byteCountMax: Int

  init(
    _ context: CompileContext, resources: ResourceIndex, cells: CellMap, byteCountMax: Int
  ) {
    self.context = context
    self.byteCountMax = byteCountMax
    self.resources = resources
    self.cells = cells
    baselines = Array(repeating: nil, count: context.workspaceOrder.count)
    for (number, place) in context.workspaceOrder.enumerated() {
      let workspace = context.document.workspaces[place]
      baselines[number] = workspace.baseline.map { contribution($0) }
      for policy in workspace.groupPolicies {
        groupPolicies[ClassTable.key(number, context.rank(policy.holder))] =
          contribution(policy.policy)
      }
    }
  }

  private static func key(_ workspace: Int, _ groupRank: UInt32) -> UInt64 {
    UInt64(workspace) << 32 | UInt64(groupRank)
  }

  /// What a group's policy in a workspace grants; nothing where it has none.
  func groupContribution(rank: UInt32, in workspace: Int) -> Contribution {
    groupPolicies[ClassTable.key(workspace, rank)] ?? Contribution()
  }

  // MARK: Numbers

  /// The class of somebody in a workspace who is in these groups.
  ///
  /// - Parameters:
  ///   - groupRanks: ranks of groups, ascending.
  ///   - own: a member policy, roles, a token's policy.
  /// - Throws: where all classes together take too much memory: in the worst case everybody has a
  ///   union of his own.
  mutating func number(
    in workspace: Int, _ groupRanks: ArraySlice<UInt32>, own: [Contribution]
  ) throws(CompileError) -> UInt32 {
    var row = [ScopeSet?](repeating: nil, count: cells.count)
    var administers = false
    let groups = groupRanks.compactMap { groupPolicies[ClassTable.key(workspace, $0)] }
    for contribution in [baselines[workspace]].compactMap({ $0 }) + groups + own {
      administers = administers || contribution.administers
      for (cell, scope) in contribution.scopes {
        row[cell] = row[cell].map { $0.union(scope) } ?? scope
      }
    }
    var bytes: [UInt8] = []
    bytes.append(integer: UInt32(workspace))
    bytes.append(integer: administers ? ClassFlag.administers : 0)
    for scope in row {
      bytes.append(integer: administers ? CellWord.administers : word(scope))
    }
    let symbol = bytes.withByteView { rows.intern($0) }
    if Int(symbol.rawValue) == rowWorkspaces.count {
      rowWorkspaces.append(workspace)
      byteCount += bytes.count
    }
    guard byteCount <= byteCountMax else {
      throw context.error(
        "the \(rowWorkspaces.count) different effective policies found so far take more than "
          + "\(byteCountMax >> 20) MiB; let more members be in the same groups, or list fewer ids")
    }
    return symbol.rawValue
  }

  // MARK: Contributions

  func contribution(_ policy: PolicyDocument.Policy) -> Contribution {
    var result = Contribution()
    for grant in policy.grants {
      result.scopes.append(
        (cells.cell(grant.permission, type: grant.type), scopeSet(grant.scope, grant.type)))
    }
    for permission in policy.switches {
      result.scopes.append((cells.cell(permission, type: nil), .all))
    }
    return result
  }

  /// What a role assignment grants: its scope on the role's own type, everything on others.
  func contribution(_ assignment: PolicyDocument.RoleAssignment) -> Contribution {
    let role = context.document.model.roles[assignment.role]
    var result = Contribution(administers: role.administers)
    for grant in role.grants {
      var scope = ScopeSet.all
      if let type = grant.type, type == role.scope?.type {
        scope = scopeSet(assignment.scope, type)
      }
      if grant.onlyWithAll, case .some = assignment.scope { continue }
      result.scopes.append((cells.cell(grant.permission, type: grant.type), scope))
    }
    return result
  }

  private func scopeSet(_ scope: PolicyDocument.Scope, _ type: Int) -> ScopeSet {
    switch scope {
    case .all: return .all
    case .some(let ids, let future):
      var ordinals = ids.map { resources.ordinal(type: type, $0) }.sorted()
      var last: UInt32?
      ordinals.removeAll { ordinal in
        defer { last = ordinal }
        return ordinal == last
      }
      return .some(ordinals, future: future)
    }
  }

  private mutating func word(_ scope: ScopeSet?) -> UInt32 {
    guard let scope, !scope.isEmpty else { return 0 }
    guard case .some(let ordinals, let future) = scope else { return 1 }
    let words = ScopeSet.words(ordinals)
    var bytes: [UInt8] = []
    for word in words { bytes.append(integer: word) }
    let block = bytes.withByteView { scopeBlocks.intern($0) }
    if Int(block.rawValue) == scopeOffsets.count {
      scopeOffsets.append(UInt32(scopeWords.count))
      scopeWords.append(contentsOf: words)
      byteCount += bytes.count
    }
    return scopeOffsets[Int(block.rawValue)] << 2 | (future ? 3 : 2)
  }

  // MARK: Writing

  /// Writes the classes workspace by workspace; answers the final number of each.
  func write(to writer: inout SnapshotWriter) -> [UInt32] {
    let order = rowWorkspaces.indices.sorted {
      (rowWorkspaces[$0], $0) < (rowWorkspaces[$1], $1)
    }
    var numbering = [UInt32](repeating: 0, count: order.count)
    var starts = [UInt32](repeating: 0, count: context.workspaceOrder.count + 1)
    for (number, row) in order.enumerated() {
      numbering[row] = UInt32(number)
      starts[rowWorkspaces[row] + 1] += 1
      rows.withBytes(of: Symbol(rawValue: UInt32(row))) { bytes in
        writer[.classes].append(contentsOf: bytes[4..<bytes.count].array)
      }
    }
    for index in 1..<max(starts.count, 1) { starts[index] += starts[index - 1] }
    writer[.classStarts].append(integers: starts)
    writer[.scopes].append(integers: scopeWords)
    return numbering
  }
}
