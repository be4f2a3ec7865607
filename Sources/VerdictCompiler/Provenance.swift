internal import VerdictModel
internal import VerdictPolicy
internal import VerdictSnapshot

/// Where rights come from, for explanations: each contributing policy once, and the mixes of
/// them, shared by everybody who has the same.
///
/// A mix decides its class, so most principals need no word of their own: a class names the mix
/// that most of its holders have, and only the others are listed.
struct Provenance {
  /// A policy with its holder, as a key: equal bytes are one policy.
  private var policies = SymbolTable()
  /// A count and, for each policy, its cells and words.
  private var scopeBlocks = SymbolTable()
  private var scopeOffsets: [UInt32] = []
  private var scopeWords: [UInt32] = []
  /// Workspace, head, policies or group numbers.
  private var mixes = SymbolTable()
  private var mixKey: [UInt32] = []
  private var mixClasses: [UInt32] = []
  private var mixHolderCounts: [UInt32] = []
  /// Policies by mix; made when a mix is new.
  private var mixPolicies: [[UInt32]] = []
  private var mixIsDirect: [Bool] = []

  /// Ranks of all groups, ascending: a group's number is its place.
  let groupRanks: [UInt32]
  private let context: CompileContext

  init(_ context: CompileContext, _ table: ClassTable) {
    self.context = context
    groupRanks = context.document.groups.map { context.rank($0.id) }.sorted()
    for (number, place) in context.workspaceOrder.enumerated() {
      let baseline = context.document.workspaces[place].baseline.map { table.contribution($0) }
      _ = policy(.baseline, in: number, baseline ?? ClassTable.Contribution())
    }
  }

  // MARK: Policies

  /// The number of a policy. Grants are kept by cell, each once, so that a policy's number depends
  /// on what it says and not on how.
  mutating func policy(
    _ kind: PolicyKind, in workspace: Int, name: Int = 0, _ contribution: ClassTable.Contribution
  ) -> UInt32 {
    var row: [Int: ScopeSet] = [:]
    for (cell, scope) in contribution.scopes {
      row[cell] = row[cell].map { $0.union(scope) } ?? scope
    }
    var key: [UInt8] = [kind.rawValue, 0]
    key.append(integer: UInt16(workspace))
    key.append(integer: UInt32(name))
    for (cell, scope) in row.sorted(by: { $0.key < $1.key }) where !scope.isEmpty {
      key.append(integer: UInt32(cell))
      key.append(integer: word(scope))
    }
    return key.withByteView { policies.intern($0) }.rawValue
  }

  private mutating func word(_ scope: ScopeSet) -> UInt32 {
    guard case .some(let ordinals, let future) = scope else { return 1 }
    let words = ScopeSet.words(ordinals)
    var bytes: [UInt8] = []
    for word in words { bytes.append(integer: word) }
    let block = bytes.withByteView { scopeBlocks.intern($0) }
    if Int(block.rawValue) == scopeOffsets.count {
      scopeOffsets.append(UInt32(scopeWords.count))
      scopeWords.append(contentsOf: words)
    }
    return scopeOffsets[Int(block.rawValue)] << 2 | (future ? 3 : 2)
  }

  // MARK: Mixes

  /// The mix of somebody in a workspace, and whether it is new.
  ///
  /// - Parameters:
  ///   - groups: numbers of the groups that are attached there, ascending.
  ///   - own: policies of the principal's own.
  mutating func mix(
    in workspace: Int, isDirect: Bool, groups: [UInt32], own: [UInt32] = []
  ) -> (number: UInt32, isNew: Bool) {
    mixKey.removeAll(keepingCapacity: true)
    mixKey.append(UInt32(workspace) << 1 | (isDirect ? 1 : 0))
    mixKey.append(UInt32(own.count))
    mixKey.append(contentsOf: own)
    mixKey.append(contentsOf: groups)
    let mix = mixKey.withBytesOfWords { mixes.intern($0) }
    let isNew = Int(mix.rawValue) == mixHolderCounts.count
    if isNew { mixHolderCounts.append(0) }
    mixHolderCounts[Int(mix.rawValue)] += 1
    return (mix.rawValue, isNew)
  }

  /// Fills in a mix that is new.
  ///
  /// - Parameter policies: of groups, ascending, then of the principal itself.
  mutating func define(class number: UInt32, isDirect: Bool, policies: [UInt32]) {
    mixClasses.append(number)
    mixIsDirect.append(isDirect)
    mixPolicies.append(policies)
  }

  /// The class of a mix before renumbering.
  func classNumber(mix: UInt32) -> UInt32 { mixClasses[Int(mix)] }

  // MARK: Writing

  /// - Parameters:
  ///   - numbering: final class numbers.
  ///   - forEachHolding: calls what it is given with the slot and the mix of everybody.
  func write(
    numbering: [UInt32], to writer: inout SnapshotWriter,
    forEachHolding: ((_ slot: UInt32, _ mix: UInt32) -> Void) -> Void
  ) throws(CompileError) {
    writePolicies(to: &writer)
    guard scopeWords.count < 1 << 30, writer[.policyGrants].count / 8 <= Int(UInt32.max) else {
      throw context.error(
        "the policies' own scopes take more than a snapshot holds; use groups instead of lists")
    }
    writer[.policyScopes].append(integers: scopeWords)
    let places = writeMixes(to: &writer)
    // Of each class the mix with the most holders, of several the first.
    var chosen = [UInt32?](repeating: nil, count: numbering.count)
    for mix in mixClasses.indices {
      let number = Int(numbering[Int(mixClasses[mix])])
      if let best = chosen[number], mixHolderCounts[Int(best)] >= mixHolderCounts[mix] { continue }
      chosen[number] = UInt32(mix)
    }
    for mix in chosen {
      guard let mix else { preconditionFailure("every class is the class of some mix") }
      writer[.classMixes].append(integer: places[Int(mix)])
    }
    var own: [(key: UInt64, mix: UInt32)] = []
    forEachHolding { slot, mix in
      let number = numbering[Int(mixClasses[Int(mix)])]
      if chosen[Int(number)] != mix { own.append((UInt64(slot) << 32 | UInt64(number), mix)) }
    }
    own.sort { $0.key < $1.key }
    for item in own {
      writer[.ownMixes].append(integer: UInt32(item.key >> 32))
      writer[.ownMixes].append(integer: UInt32(truncatingIfNeeded: item.key))
      writer[.ownMixes].append(integer: places[Int(item.mix)])
    }
  }

  private func writePolicies(to writer: inout SnapshotWriter) {
    for number in 0..<policies.count {
      policies.withBytes(of: Symbol(rawValue: UInt32(number))) { bytes in
        writer[.policies].append(contentsOf: bytes[0..<8].array)
        writer[.policies].append(integer: UInt32(writer[.policyGrants].count / 8))
        writer[.policies].append(integer: UInt32((bytes.count - 8) / 8))
        writer[.policyGrants].append(contentsOf: bytes[8..<bytes.count].array)
      }
    }
  }

  /// The place of each mix; mixes that only differed in how they were keyed share one.
  private func writeMixes(to writer: inout SnapshotWriter) -> [UInt32] {
    var lists = SymbolTable()
    var listPlaces: [UInt32] = []
    return mixPolicies.indices.map { mix in
      var bytes: [UInt8] = []
      bytes.append(
        integer: UInt32(mixPolicies[mix].count) | (mixIsDirect[mix] ? MixHead.direct : 0))
      for policy in mixPolicies[mix] { bytes.append(integer: policy) }
      let list = bytes.withByteView { lists.intern($0) }
      if Int(list.rawValue) == listPlaces.count {
        listPlaces.append(UInt32(writer[.mixes].count / 4))
        writer[.mixes].append(contentsOf: bytes)
      }
      return listPlaces[Int(list.rawValue)]
    }
  }
}
