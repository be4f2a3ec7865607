internal import VerdictModel

/// Compares both sides of a difference.
struct SnapshotComparison {
  typealias Change = SnapshotDifference.Change
  typealias Scope = SnapshotRights.Scope

  private let old: SnapshotRights
  private let new: SnapshotRights
  /// Both sides' rights, in the model's order, each with its cells.
  private let rights: [(right: SnapshotRights.Right, old: Int?, new: Int?)]
  private var compared: [ClassPair: [Change]] = [:]
  /// Resources of a type that only one side has in a workspace.
  private var onesided: [TypeIn: Set<[UInt8]>] = [:]

  private struct ClassPair: Hashable {
    var workspace: [UInt8]
    var old: Int?
    var new: Int?
  }

  private struct TypeIn: Hashable {
    var workspace: [UInt8]
    var type: String
  }

  init(_ old: SnapshotRights, _ new: SnapshotRights) {
    self.old = old
    self.new = new
    let oldCells = Dictionary(old.rights.map { ($0.right, $0.cell) }) { first, _ in first }
    let newCells = Dictionary(new.rights.map { ($0.right, $0.cell) }) { first, _ in first }
    let gone = old.rights.filter { newCells[$0.right] == nil }
    rights = (new.rights + gone).map { ($0.right, oldCells[$0.right], newCells[$0.right]) }
  }

  // MARK: The organization

  func facts() -> [SnapshotDifference.Fact] {
    func text(_ side: SnapshotRights) -> [(String, String)] {
      [
        ("model", side.view.modelID.text), ("plan", side.view.planID.text),
        ("unknown_resources", side.view.deniesUnknownResources ? "deny" : "future"),
      ]
    }
    var facts: [SnapshotDifference.Fact] = []
    for (before, after) in zip(text(old), text(new)) where before.1 != after.1 {
      facts.append(.init(name: before.0, old: before.1, new: after.1))
    }
    let before = Set(old.workspaces)
    let after = Set(new.workspaces)
    for name in before.symmetricDifference(after).sorted(by: SnapshotComparison.precedes) {
      facts.append(
        .init(
          name: "workspace \(SnapshotComparison.text(name))",
          old: before.contains(name) ? "there" : "absent",
          new: after.contains(name) ? "there" : "absent"))
    }
    return facts
  }

  mutating func resources() -> [SnapshotDifference.Resource] {
    var types: [String] = []
    for side in [new, old] {
      for type in 0..<side.view.typeCount {
        let name = side.view.typeName(type).text
        if !types.contains(name) { types.append(name) }
      }
    }
    var found: [SnapshotDifference.Resource] = []
    for type in types {
      var ids: Set<[UInt8]> = []
      for side in [old, new] {
        for workspace in side.workspaces { ids.formUnion(side.known(workspace, type)) }
      }
      for id in ids.sorted(by: SnapshotComparison.precedes) {
        if let one = resource(type, id) { found.append(one) }
      }
    }
    return found
  }

  private mutating func resource(_ type: String, _ id: [UInt8]) -> SnapshotDifference.Resource? {
    let before = old.workspace(type, id)
    let after = new.workspace(type, id)
    let links = (old: old.links(type, id), new: new.links(type, id))
    if before != after {
      for place in [before, after].compactMap({ $0 }) {
        onesided[TypeIn(workspace: place, type: type), default: []].insert(id)
      }
    } else if links.old == links.new {
      return nil
    }
    return SnapshotDifference.Resource(
      name: "\(type)/\(SnapshotComparison.text(id))",
      old: before.map(SnapshotComparison.text), new: after.map(SnapshotComparison.text),
      linksGained: SnapshotComparison.texts(links.new.subtracting(links.old)),
      linksLost: SnapshotComparison.texts(links.old.subtracting(links.new)))
  }

  // MARK: Principals

  /// - Precondition: `resources` was called, which notes what only one side has.
  mutating func principals() -> [SnapshotDifference.Principal] {
    let before = old.principals()
    let after = new.principals()
    var found: [SnapshotDifference.Principal] = []
    for name in Set(before.keys).union(after.keys).sorted(by: SnapshotComparison.precedes) {
      let sides = (old: before[name], new: after[name])
      let workspaces = workspaces(sides.old, sides.new)
      let standings = (old: sides.old?.standing, new: sides.new?.standing)
      guard standings.old != standings.new || !workspaces.isEmpty else { continue }
      found.append(
        SnapshotDifference.Principal(
          name: SnapshotComparison.text(name), old: standings.old?.words,
          new: standings.new?.words, workspaces: workspaces))
    }
    return found
  }

  private mutating func workspaces(
    _ before: SnapshotRights.Principal?, _ after: SnapshotRights.Principal?
  ) -> [SnapshotDifference.Workspace] {
    let wasAdmin = before?.standing.isAdmin ?? false
    let isAdmin = after?.standing.isAdmin ?? false
    // Admins have everything everywhere: nothing changes for them in a workspace of both sides,
    // and of others the organization's facts tell.
    if wasAdmin && isAdmin { return [] }
    var names = Set(before?.classes.keys.map { $0 } ?? [])
    names.formUnion(after?.classes.keys.map { $0 } ?? [])
    if wasAdmin { names.formUnion(old.workspaces) }
    if isAdmin { names.formUnion(new.workspaces) }
    var found: [SnapshotDifference.Workspace] = []
    for name in names.sorted(by: SnapshotComparison.precedes) {
      let isInOld = old.number(name) != nil
      let isInNew = new.number(name) != nil
      let pair = ClassPair(
        workspace: name,
        old: wasAdmin && isInOld ? SnapshotRights.everything : before?.classes[name],
        new: isAdmin && isInNew ? SnapshotRights.everything : after?.classes[name])
      let changes = changes(pair)
      if changes.isEmpty { continue }
      found.append(.init(name: SnapshotComparison.text(name), changes: changes))
    }
    return found
  }

  private mutating func changes(_ pair: ClassPair) -> [Change] {
    if let known = compared[pair] { return known }
    let changes = compare(pair)
    compared[pair] = changes
    return changes
  }

  private func compare(_ pair: ClassPair) -> [Change] {
    let hadAll = pair.old.map(old.administers) ?? false
    let hasAll = pair.new.map(new.administers) ?? false
    if hadAll && hasAll { return [] }
    var changes: [Change] = []
    if (pair.old == nil) != (pair.new == nil) {
      changes.append(plain(pair.new == nil ? .loses : .gains, "access"))
    }
    if hadAll || hasAll {
      changes.append(plain(hasAll ? .gains : .loses, "everything"))
      // What the lesser side has.
      for (right, oldCell, newCell) in rights {
        let scope =
          hasAll
          ? scope(old, pair.old, oldCell, pair.workspace, right)
          : scope(new, pair.new, newCell, pair.workspace, right)
        if let change = change(.keeps, right, scope) { changes.append(change) }
      }
      return changes
    }
    for (right, oldCell, newCell) in rights {
      let before = scope(old, pair.old, oldCell, pair.workspace, right)
      let after = scope(new, pair.new, newCell, pair.workspace, right)
      changes += compare(before, after, right, pair.workspace)
    }
    return changes
  }

  private func scope(
    _ side: SnapshotRights, _ number: Int?, _ cell: Int?, _ workspace: [UInt8],
    _ right: SnapshotRights.Right
  ) -> Scope {
    guard let number, let cell else { return .none }
    return side.scope(class: number, cell: cell, workspace, right.type)
  }

  // MARK: Scopes

  private func compare(
    _ before: Scope, _ after: Scope, _ right: SnapshotRights.Right, _ workspace: [UInt8]
  ) -> [Change] {
    let sets = (old: SnapshotComparison.set(before), new: SnapshotComparison.set(after))
    switch (before == .all, after == .all) {
    case (true, true): return []
    case (false, true):
      return [change(.gains, right, .all), change(.keeps, right, before)].compactMap { $0 }
    case (true, false):
      return [change(.loses, right, .all), change(.keeps, right, after)].compactMap { $0 }
    case (false, false): break
    }
    var candidates = sets.old.ids.union(sets.new.ids)
    if sets.old.future || sets.new.future, let type = right.type {
      candidates.formUnion(onesided[TypeIn(workspace: workspace, type: type)] ?? [])
    }
    var gained: Set<[UInt8]> = []
    var lost: Set<[UInt8]> = []
    for id in candidates {
      let had = covers(old, sets.old, right, workspace, id)
      let has = covers(new, sets.new, right, workspace, id)
      if has && !had { gained.insert(id) }
      if had && !has { lost.insert(id) }
    }
    let future = (
      gained: sets.new.future && !sets.old.future, lost: sets.old.future && !sets.new.future
    )
    return [
      change(.gains, right, .some(gained, future: future.gained)),
      change(.loses, right, .some(lost, future: future.lost)),
    ].compactMap { $0 }
  }

  private static func set(_ scope: Scope) -> (ids: Set<[UInt8]>, future: Bool) {
    guard case .some(let ids, let future) = scope else { return ([], false) }
    return (ids, future)
  }

  /// Whether one side's scope covers a resource in the workspace, by what that side knows.
  private func covers(
    _ side: SnapshotRights, _ scope: (ids: Set<[UInt8]>, future: Bool),
    _ right: SnapshotRights.Right, _ workspace: [UInt8], _ id: [UInt8]
  ) -> Bool {
    guard let place = right.type.flatMap({ side.workspace($0, id) }) else { return scope.future }
    return place == workspace && scope.ids.contains(id)
  }

  private func change(
    _ sign: SnapshotDifference.Sign, _ right: SnapshotRights.Right, _ scope: Scope
  ) -> Change? {
    let set = SnapshotComparison.set(scope)
    if scope != .all && set.ids.isEmpty && !set.future { return nil }
    return Change(
      sign: sign, right: right.permission, type: right.type, isAll: scope == .all,
      ids: SnapshotComparison.texts(set.ids), future: set.future)
  }

  private func plain(_ sign: SnapshotDifference.Sign, _ right: String) -> Change {
    Change(sign: sign, right: right, type: nil, isAll: true, ids: [], future: false)
  }

  // MARK: Names

  private static func precedes(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.lexicographicallyPrecedes(b)
  }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  private static func texts(_ names: Set<[UInt8]>) -> [String] {
    names.sorted(by: precedes).map(text)
  }
}
