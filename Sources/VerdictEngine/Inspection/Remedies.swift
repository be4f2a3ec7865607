internal import VerdictModel
internal import VerdictSnapshot

/// The smallest sets of grants that would make a denied check hold.
struct Remedies {
  let view: SnapshotView
  let contributors: Contributors

  /// Ways that are looked at; a resource may be linked to thousands of which any would do.
  private static let countMax = 16

  /// One grant that is missing.
  private struct Grant: Hashable {
    let permission: Int
    let cell: Int
    let type: Int?
    /// nil: all resources of the type, or the switch.
    let slot: Int?
  }

  /// - Returns: each set by itself is enough, and no grant of it can be left out; the smallest
  ///   sets come first. Empty where no grant helps.
  func of(_ terms: RequiredTerms) -> [Explanation.Remedy] {
    var sets: [Set<Grant>] = []
    for alternative in terms.alternatives {
      for set in self.sets(alternative) where !sets.contains(set) { sets.append(set) }
    }
    sets = sets.filter { set in !sets.contains { $0.isStrictSubset(of: set) } }
    let sorted = sets.enumerated().sorted {
      ($0.element.count, $0.offset) < ($1.element.count, $1.offset)
    }
    return sorted.map { set in
      Explanation.Remedy(grants: inOrder(set.element, terms).map(named))
    }
  }

  /// The sets that make one alternative hold.
  private func sets(_ terms: [RequiredTerms.Term]) -> [Set<Grant>] {
    var sets: [Set<Grant>] = [[]]
    for term in terms {
      if term.isImpossible { return [] }
      let missing = term.leaves.filter { leaf in
        !contributors.all.contains { contributors.covers($0, leaf) }
      }
      if term.isAny {
        if missing.count < term.leaves.count { continue }
        let choices = missing.compactMap(grant)
        if choices.isEmpty { return [] }
        sets = sets.flatMap { set in choices.map { set.union([$0]) } }
      } else {
        let grants = missing.compactMap(grant)
        if grants.count < missing.count { return [] }
        sets = sets.map { $0.union(grants) }
      }
      sets = Array(sets.prefix(Remedies.countMax))
    }
    return sets.map(Remedies.withoutCovered)
  }

  /// A grant on everything makes those on single resources superfluous.
  private static func withoutCovered(_ set: Set<Grant>) -> Set<Grant> {
    let wide = Set(set.filter { $0.slot == nil }.map(\.cell))
    return set.filter { $0.slot == nil || !wide.contains($0.cell) }
  }

  /// The narrowest grant that a policy could make, or nil where none can.
  private func grant(_ leaf: RequirementLeaf) -> Grant? {
    guard leaf.cell >= 0 else { return nil }
    let flags = view.grantable(cell: leaf.cell).flags
    guard flags & GrantableFlag.grantable != 0 else { return nil }
    let slot = flags & GrantableFlag.narrowable != 0 ? leaf.slot : nil
    return Grant(permission: leaf.permission, cell: leaf.cell, type: leaf.type, slot: slot)
  }

  /// In the order in which the terms ask for them.
  private func inOrder(_ set: Set<Grant>, _ terms: RequiredTerms) -> [Grant] {
    var rest = set
    var ordered: [Grant] = []
    for leaf in terms.alternatives.flatMap({ $0 }).flatMap(\.leaves) {
      guard let grant = grant(leaf), let found = rest.remove(grant) else { continue }
      ordered.append(found)
    }
    return ordered
  }

  private func named(_ grant: Grant) -> Explanation.MissingGrant {
    let permission = grant.permission
    let cell = view.grantable(cell: grant.cell)
    var id = ""
    var display = ""
    if let type = grant.type {
      display = "all \(view.typePlural(type).text)"
      if let slot = grant.slot {
        id = view.table(.resources).key(slot: slot).text
        display = "\(view.typeDisplay(type).text) \(view.displayName(slot: slot).text)"
      }
    }
    return Explanation.MissingGrant(
      permission: view.permissionName(permission).text,
      display: view.permissionDisplay(permission).text,
      type: grant.type.map { view.typeName($0).text } ?? "", id: id, resourceDisplay: display,
      futureSuffices: grant.type != nil && grant.slot == nil
        && cell.flags & GrantableFlag.narrowable != 0,
      roles: roles(grant))
  }

  /// Names of the roles of the plan that give a grant; those that only administer are left out.
  private func roles(_ grant: Grant) -> [String] {
    (0..<view.roleCount).compactMap { index in
      let role = view.role(index)
      guard role.has(RoleFlag.available) else { return nil }
      let gives = role.grants.contains { place in
        let given = view.roleGrant(place)
        guard given.cell == grant.cell else { return false }
        return grant.slot == nil || given.flags & RoleGrantFlag.onlyWithAll == 0
      }
      return gives ? role.name.text : nil
    }
  }
}
