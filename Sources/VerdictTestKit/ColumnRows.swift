internal import VerdictEngine
internal import VerdictModel
internal import VerdictSnapshot

/// A check with its operands split into type and id, as columns carry them.
struct ColumnRow {
  var principal: [UInt8]
  var workspace: [UInt8]
  var action: [UInt8]
  var resource: (type: [UInt8], id: [UInt8])
  var target: (type: [UInt8], id: [UInt8])
  /// Whether the columns can say it: no id beyond 255 bytes, none given and empty, no principal as
  /// a target other than by the type `user`.
  var fits: Bool

  init(_ check: ReferenceCheck) {
    principal = check.principal
    workspace = check.workspace ?? []
    action = check.action
    let resourceParts = ColumnRow.split(check.resource ?? [])
    var other = ColumnRow.split(check.target ?? [])
    var isUser = false
    if let text = check.target, text.starts(with: "user:".utf8) {
      // Only organization actions take users; elsewhere the text has no counterpart.
      isUser = check.action.starts(with: "members.".utf8)
      other = (Array("user".utf8), Array(text.dropFirst(5)), true)
    }
    resource = (resourceParts.type, resourceParts.id)
    target = (other.type, other.id)
    let isPlain = check.target.map { !$0.starts(with: "user:".utf8) } ?? true
    fits =
      (isPlain || isUser) && !principal.isEmpty && principal.count <= 255
      && resource.id.count <= 255 && target.id.count <= 255
      && (!resourceParts.hasID || !resource.id.isEmpty) && (!other.hasID || !target.id.isEmpty)
      && !(target.type == Array("user".utf8) && isPlain)
      && (!resource.type.isEmpty || resource.id.isEmpty)
      && (!target.type.isEmpty || target.id.isEmpty)
  }

  private static func split(_ text: [UInt8]) -> (type: [UInt8], id: [UInt8], hasID: Bool) {
    guard let slash = text.firstIndex(of: UInt8(ascii: "/")) else { return (text, [], false) }
    return (Array(text[..<slash]), Array(text[(slash + 1)...]), true)
  }
}

/// Checks as columns, told as briefly as they can be: a column that is the same for all checks has
/// no indices, ids that no check has are left out, and the first check's principal and workspace
/// are the defaults.
struct ColumnRows {
  private let principal: [UInt8]
  private let workspace: [UInt8]
  private var dictionaries: [[[UInt8]]] = [[], [], [], []]
  private var indices: [[UInt8]] = [[], [], [], []]
  private var ids: [(data: [UInt8], lengths: [UInt8])] = Array(repeating: ([], []), count: 3)
  private let count: Int

  init(_ rows: [ColumnRow]) {
    count = rows.count
    let principal = rows.first?.principal ?? []
    // A check without a workspace would get the default.
    let workspace = rows.contains { $0.workspace.isEmpty } ? [] : rows.first?.workspace ?? []
    self.principal = principal
    self.workspace = workspace
    for row in rows {
      let ownWorkspace = row.workspace == workspace ? [] : row.workspace
      let ownPrincipal = row.principal == principal ? [] : row.principal
      let values = [row.action, row.resource.type, row.target.type, ownWorkspace]
      for (column, value) in values.enumerated() {
        let place = dictionaries[column].firstIndex(of: value) ?? dictionaries[column].count
        if place == dictionaries[column].count { dictionaries[column].append(value) }
        indices[column].append(UInt8(place))
      }
      for (column, id) in [ownPrincipal, row.resource.id, row.target.id].enumerated() {
        ids[column].data += id
        ids[column].lengths.append(UInt8(id.count))
      }
    }
    for column in dictionaries.indices where dictionaries[column].count == 1 {
      indices[column] = []
    }
    for column in ids.indices where ids[column].data.isEmpty { ids[column].lengths = [] }
  }

  /// Batches of the rows at these places: half of the rows in one, and the others with those that
  /// leave out the same columns, every other one also with its principal's alone.
  static func batches(of rows: [ColumnRow], at places: [Int]) -> [[Int]] {
    var keys: [[UInt8]] = []
    var batches: [[Int]] = []
    for (number, place) in places.enumerated() {
      let row = rows[place]
      var key: [UInt8] = []
      if number % 2 == 1 {
        key = [row.resource.type, row.resource.id, row.target.type, row.target.id, row.workspace]
          .map { $0.isEmpty ? 0 : 1 }
        if number % 4 == 1 { key += row.principal }
      }
      if let index = keys.firstIndex(of: key) {
        batches[index].append(place)
      } else {
        keys.append(key)
        batches.append([place])
      }
    }
    return batches
  }

  func decide(_ batch: inout ColumnBatch, _ view: SnapshotView) -> [Decision] {
    principal.withByteView { batch.set(defaultPrincipal: $0, in: view) }
    for (index, name) in dictionaries[0].enumerated() {
      name.withByteView { batch.set(action: index, $0, in: view) }
    }
    for (index, name) in dictionaries[1].enumerated() {
      name.withByteView { batch.set(resourceType: index, $0, in: view) }
    }
    for (index, name) in dictionaries[2].enumerated() {
      name.withByteView { batch.set(targetType: index, $0, in: view) }
    }
    for (index, name) in dictionaries[3].enumerated() {
      name.withByteView { name in
        workspace.withByteView { batch.set(workspace: index, name, default: $0, in: view) }
      }
    }
    // The views live as long as these copies.
    let bytes = indices + ids.flatMap { [$0.data, $0.lengths] }
    let block = bytes.flatMap { $0 }
    return block.withByteView { block in
      var offset = 0
      let views = bytes.map { part in
        defer { offset += part.count }
        return block[offset..<offset + part.count]
      }
      var rows = ColumnBatch.Rows()
      rows.actionOf = views[0]
      rows.resourceTypeOf = views[1]
      rows.targetTypeOf = views[2]
      rows.workspaceOf = views[3]
      rows.principals = (views[4], views[5])
      rows.resourceIDs = (views[6], views[7])
      rows.targetIDs = (views[8], views[9])
      var cursor = ColumnBatch.Cursor()
      // SAFETY: `decide` initialises as many decisions as there are checks.
      return unsafe [Decision](unsafeUninitializedCapacity: count) { buffer, filled in
        if let base = buffer.baseAddress {
          unsafe batch.decide(rows, &cursor, upTo: count, in: view, into: base)
        }
        filled = count
      }
    }
  }
}
