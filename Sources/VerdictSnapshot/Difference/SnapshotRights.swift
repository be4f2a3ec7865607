internal import VerdictModel

/// What a snapshot gives to whom, by names instead of numbers: one side of a difference.
///
/// For comparing, off every hot path: it allocates, and is linear in the snapshot.
struct SnapshotRights {
  /// Something that can be granted.
  struct Right: Hashable {
    var permission: String
    /// nil: a switch.
    var type: String?
  }

  enum Scope: Equatable {
    case none
    case all
    case some(Set<[UInt8]>, future: Bool)
  }

  /// Who somebody is in the organization, apart from what policies give.
  struct Standing: Equatable {
    /// "member", "admin", "owner", "token of the organization", "token, read_only", ...
    var words: String
    var isAdmin: Bool
  }

  struct Principal {
    var standing: Standing
    /// The class in each workspace; without one for admins who have everything.
    var classes: [[UInt8]: Int]
  }

  struct Place: Hashable {
    var workspace: Int
    var type: Int
  }

  let view: SnapshotView
  /// In the model's order, with the cell of each.
  let rights: [(right: Right, cell: Int)]
  /// Of every workspace, by its number.
  let workspaces: [[UInt8]]
  private let numbers: [[UInt8]: Int]
  /// The ids of every type in every workspace, by ordinal.
  private var ids: [Place: [[UInt8]]] = [:]
  private let piiCells: Set<Int>

  init(_ view: SnapshotView) {
    self.view = view
    var rights: [(Right, Int)] = []
    var piiCells: Set<Int> = []
    for permission in 0..<view.permissionCount {
      let name = view.permissionName(permission).text
      for type in 0...view.typeCount {
        let cell = view.cell(permission: permission, type: type)
        guard cell >= 0 else { continue }
        let typeName = type < view.typeCount ? view.typeName(type).text : nil
        rights.append((Right(permission: name, type: typeName), cell))
        if view.isPII(permission) { piiCells.insert(cell) }
      }
    }
    self.rights = rights
    self.piiCells = piiCells
    let table = view.table(.workspaces)
    var names = Array(repeating: [UInt8](), count: table.entryCount)
    for number in 0..<table.slotCount {
      let slot = table.slot(number)
      if slot.isFound { names[Int(slot.value)] = table.key(slot: number).array }
    }
    workspaces = names
    numbers = Dictionary(
      names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    readResources()
  }

  private mutating func readResources() {
    let table = view.table(.resources)
    for number in 0..<table.slotCount {
      let slot = table.slot(number)
      guard slot.isFound else { continue }
      let place = Place(workspace: Int(slot.extra), type: Int(slot.tag))
      let ordinal = Int(view.ordinal(slot.value))
      var known = ids.removeValue(forKey: place) ?? []
      while known.count <= ordinal { known.append([]) }
      known[ordinal] = table.key(slot: number).array
      ids[place] = known
    }
  }

  // MARK: Resources

  func number(_ workspace: [UInt8]) -> Int? { numbers[workspace] }

  func typeNumber(_ name: String) -> Int? {
    let number = Array(name.utf8).withByteView { view.findType($0) }
    return number < 0 ? nil : number
  }

  /// The resources of a type in a workspace.
  func known(_ workspace: [UInt8], _ type: String) -> [[UInt8]] {
    guard let workspace = numbers[workspace], let type = typeNumber(type) else { return [] }
    return ids[Place(workspace: workspace, type: type)] ?? []
  }

  /// The workspace that a resource lives in, or nil: not known.
  func workspace(_ type: String, _ id: [UInt8]) -> [UInt8]? {
    guard let type = typeNumber(type) else { return nil }
    let table = view.table(.resources)
    let slot = id.withByteView { table.find(tag: UInt8(type), $0) }
    return slot.isFound ? workspaces[Int(slot.extra)] : nil
  }

  /// Everything that a resource is linked to, as `relation type/id`.
  func links(_ type: String, _ id: [UInt8]) -> Set<[UInt8]> {
    guard let type = typeNumber(type) else { return [] }
    let table = view.table(.resources)
    let slot = id.withByteView { table.find(tag: UInt8(type), $0) }
    guard slot.isFound else { return [] }
    return Set(
      view.links(slot.value).map { index in
        let link = view.link(index)
        let name = view.relationName(link.relation).array
        let other = view.typeName(Int(table.slot(link.slot).tag)).array
        return name + [UInt8(ascii: " ")] + other + [UInt8(ascii: "/")]
          + table.key(slot: link.slot).array
      })
  }

  // MARK: Principals

  /// Everybody, by kind and id.
  func principals() -> [[UInt8]: Principal] {
    let table = view.table(.principals)
    var found: [[UInt8]: Principal] = [:]
    for number in 0..<table.slotCount {
      let slot = table.slot(number)
      guard slot.isFound, let kind = PrincipalKind(rawValue: slot.tag) else { continue }
      let name = Array(kind.prefix.utf8) + table.key(slot: number).array
      found[name] = principal(kind, slot.value, slot.extra)
    }
    return found
  }

  private func principal(_ kind: PrincipalKind, _ value: UInt32, _ extra: UInt16) -> Principal {
    let number = Int(value & PrincipalValue.numberMax)
    var classes: [[UInt8]: Int] = [:]
    switch value >> PrincipalValue.formShift {
    case PrincipalValue.oneClass: classes[workspaces[self.workspace(ofClass: number)]] = number
    case PrincipalValue.classTable, PrincipalValue.classList:
      for one in view.classes(ofUser: value, extra: extra) {
        classes[workspaces[self.workspace(ofClass: one)]] = one
      }
    default: break
    }
    let rank = (value >> PrincipalValue.rankShift) & 3
    switch kind {
    case .user:
      let words = ["member", "admin", "owner"][min(Int(rank), 2)]
      return Principal(
        standing: Standing(words: words, isAdmin: rank != PrincipalValue.member), classes: classes)
    case .serviceToken:
      let words = classes.isEmpty ? "token of the organization" : "token of a workspace"
      return Principal(standing: Standing(words: words, isAdmin: false), classes: classes)
    case .personalToken:
      let isAdmin = value & PrincipalValue.adminUser != 0
      let scope = ["read_only", "read_write", "admin"][min(Int(rank), 2)]
      let words = "personal token, \(scope)\(isAdmin ? ", of an admin" : "")"
      // It has an admin's rights in its own workspace alone.
      if isAdmin { classes[workspaces[Int(extra)]] = SnapshotRights.everything }
      return Principal(standing: Standing(words: words, isAdmin: false), classes: classes)
    }
  }

  /// Stands for a class that has everything.
  static let everything = -1

  private func workspace(ofClass number: Int) -> Int {
    var low = 0
    var high = workspaces.count
    while low + 1 < high {
      let middle = (low + high) / 2
      if Int(view.classes(of: middle).lowerBound) <= number { low = middle } else { high = middle }
    }
    return low
  }

  // MARK: Classes

  func administers(_ number: Int) -> Bool {
    number == SnapshotRights.everything
      || view.classFlags(number) & ClassFlag.administers != 0
  }

  /// What a class has of a cell; `type` is what the cell's ids are of.
  func scope(class number: Int, cell: Int, _ workspace: [UInt8], _ type: String?) -> Scope {
    if view.isPIIOpen && piiCells.contains(cell) { return .all }
    let word = view.cellWord(class: number, cell: cell)
    if word == CellWord.nothing { return .none }
    if word & 2 == 0 { return .all }
    let known = type.map { self.known(workspace, $0) } ?? []
    let ids = view.ordinals(ofScope: word).map { known[Int($0)] }
    return .some(Set(ids), future: word & 3 == 3)
  }
}

extension SnapshotView {
  /// The ordinals that a scope lists, ascending.
  fileprivate func ordinals(ofScope word: UInt32) -> [UInt32] {
    let start = Int(word >> 2)
    let head = load32(.scopes, start)
    guard head & 0x8000_0000 != 0 else {
      return (0..<Int(head)).map { load32(.scopes, start + 2 + $0) }
    }
    var ordinals: [UInt32] = []
    for place in 0..<Int(head & 0x7fff_ffff) {
      let bits = load32(.scopes, start + 2 + place)
      for bit in 0..<UInt32(32) where bits & (1 << bit) != 0 {
        ordinals.append(UInt32(place) * 32 + bit)
      }
    }
    return ordinals
  }
}
