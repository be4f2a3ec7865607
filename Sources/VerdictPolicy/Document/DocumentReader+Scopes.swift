internal import VerdictModel

/// Grants and their scopes: `all`, a list of ids, or `{ids: [...], include_future: true}`.
extension DocumentReader {
  /// Reads one permission's grant on one or (PII) several types; one grant per type results.
  mutating func readGrant(
    _ node: Int, _ permission: Int, _ types: [AccessModel.Grantable], _ mark: Mark,
    _ workspace: Int, _ policy: inout PolicyDocument.Policy
  ) {
    if tree.isText(node), tree.text(node) == "all" {
      for type in types {
        policy.grants.append(
          PolicyDocument.Grant(
            permission: permission, type: type.type, scope: .all, mark: mark))
      }
      return
    }
    guard let (list, future) = ids(node) else { return }
    if let fixed = types.first(where: { !$0.narrowable }) {
      reading.error(
        node,
        "`\(model.permissions[permission].name)` on `\(model.resourceTypes[fixed.type].name)`"
          + " can't be narrowed, expected `all` or no grant")
      return
    }
    guard requireFeature(.instanceScopes, tree.mark(node), "scopes with ids") else { return }
    let listed = readIDs(list, types, workspace)
    for (type, ids) in zip(types, listed) where future || !ids.isEmpty {
      policy.grants.append(
        PolicyDocument.Grant(
          permission: permission, type: type.type, scope: .some(ids, future: future), mark: mark))
    }
  }

  /// The list of ids of a scope that is not `all`, and its future flag.
  mutating func ids(_ node: Int) -> (list: Int, future: Bool)? {
    switch tree.kind(node) {
    case .sequence:
      return (node, false)
    case .mapping:
      guard let fields = reading.fields(node, "a scope", at: .scope), let list = fields[.ids]
      else { return nil }
      let future = fields[.includeFuture].map { reading.flag($0, "`include_future`") ?? false }
      return (list, future ?? false)
    case .scalar, .text:
      let found = reading.shortened(node)
      reading.error(
        node,
        "a scope is `\(found)`, expected `all`, a list of ids, or "
          + "`{ids: [...], include_future: true}`")
      return nil
    case .refused:
      return nil
    }
  }

  /// The ids of a scope, for each of the types; every one is a resource of the workspace.
  mutating func readIDs(
    _ list: Int, _ types: [AccessModel.Grantable], _ workspace: Int
  ) -> [[Name]] {
    var listed: [[Name]] = Array(repeating: [], count: types.count)
    guard let elements = reading.elements(list, "a scope's ids") else { return listed }
    if types.count == 1 { listed[0].reserveCapacity(tree.count(list)) }
    seenResources.begin(count: resourceIndex.entries.count)
    for element in elements {
      guard let (type, id, entry) = readID(element, types, workspace) else { continue }
      guard seenResources.insert(entry) else {
        reading.warning(id.mark, "`\(tree.text(element))` is listed twice")
        continue
      }
      listed[type].append(id)
    }
    return listed
  }

  /// One id of a scope; where a permission spans several types it is written `TYPE/ID`.
  private mutating func readID(
    _ node: Int, _ types: [AccessModel.Grantable], _ workspace: Int
  ) -> (type: Int, id: Name, entry: Int)? {
    if types.count == 1 {
      guard let id = reading.id(node, "an id"), let entry = find(types[0].type, id, workspace)
      else { return nil }
      return (0, id, entry)
    }
    guard let (reference, entry) = reference(node, workspace) else { return nil }
    if let type = types.firstIndex(where: { $0.type == reference.type }) {
      return (type, reference.id, entry)
    }
    let known = types.map { model.resourceTypes[$0.type].name }
    reading.error(
      node,
      "the permission does not apply to `\(model.resourceTypes[reference.type].name)`, "
        + "expected one of \(Spelling.list(known))")
    return nil
  }
}
