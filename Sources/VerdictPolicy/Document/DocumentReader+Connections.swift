internal import VerdictModel

/// Connections, and references of the form `TYPE/ID`.
extension DocumentReader {
  mutating func readConnections(_ node: Int, _ workspace: Int) {
    guard let elements = reading.elements(node, "`connections`") else { return }
    for element in elements {
      guard let fields = reading.fields(element, "a connection", at: .connection),
        fields.isComplete, let idNode = fields[.id], let sourceNode = fields[.source],
        let destinationNode = fields[.destination]
      else { continue }
      let id = reading.id(idNode, "a connection's `id`")
      let source = reference(sourceNode, workspace)
      let destination = reference(destinationNode, workspace)
      guard let id, let source, let destination else { continue }
      guard connectionIDs.insert(id.symbol).inserted else {
        reading.error(
          idNode,
          "connection `\(tree.text(idNode))` is listed already, expected each id once in "
            + "the organization")
        continue
      }
      guard isConnectable(source.0, destination.0, element) else { continue }
      workspaces[workspace].connections.append(
        PolicyDocument.Connection(id: id, source: source.0, destination: destination.0))
      addLinks(source, destination, workspace)
    }
  }

  private mutating func isConnectable(
    _ source: PolicyDocument.ResourceReference, _ destination: PolicyDocument.ResourceReference,
    _ node: Int
  ) -> Bool {
    let pair = AccessModel.Pair(first: source.type, second: destination.type)
    if model.connections.contains(pair) { return true }
    let first = model.resourceTypes[source.type].name
    let second = model.resourceTypes[destination.type].name
    let swapped = AccessModel.Pair(first: pair.second, second: pair.first)
    let advice: String
    if model.connections.contains(swapped) {
      advice = "swap `source` and `destination`"
    } else {
      let known = model.connections.map {
        "\(model.resourceTypes[$0.first].name)-\(model.resourceTypes[$0.second].name)"
      }
      advice = "expected one of \(Spelling.list(known))"
    }
    reading.error(node, "a connection can't join `\(first)` to `\(second)`, \(advice)")
    return false
  }

  /// A connection is also a link where the model says so, so that nobody else needs to know.
  private mutating func addLinks(
    _ source: (PolicyDocument.ResourceReference, entry: Int),
    _ destination: (PolicyDocument.ResourceReference, entry: Int), _ workspace: Int
  ) {
    for (from, to) in [(source, destination), (destination, source)] {
      let position = Int(resourceIndex.entries[from.entry].position)
      for (index, relation) in model.relations.enumerated()
      where relation.throughConnections && relation.from == from.0.type && relation.to == to.0.type
      {
        let isKnown = workspaces[workspace].resources[position].links.contains {
          $0.relation == index && $0.id.symbol == to.0.id.symbol
        }
        if isKnown { continue }
        workspaces[workspace].resources[position].links.append(
          PolicyDocument.Link(relation: index, id: to.0.id))
      }
    }
  }

  /// Reads `TYPE/ID`, which has to be a resource of the workspace.
  mutating func reference(
    _ node: Int, _ workspace: Int
  ) -> (PolicyDocument.ResourceReference, entry: Int)? {
    guard tree.isText(node) else {
      _ = reading.id(node, "a resource")
      return nil
    }
    let symbol = tree.symbol(node)
    // Types are matched by their bytes; the id is whatever follows the first slash.
    let parts = tree.symbols.withBytes(of: symbol) { bytes -> (type: Int?, id: Symbol?)? in
      guard let slash = (0..<bytes.count).first(where: { bytes[$0] == UInt8(ascii: "/") }) else {
        return nil
      }
      let type =
        tree.symbols.find(bytes[0..<slash]).flatMap { types[$0] }
        ?? model.typeIndex(bytes[0..<slash].text)
      return (type, tree.symbols.find(bytes[(slash + 1)..<bytes.count]))
    }
    guard let parts else {
      let found = reading.shortened(node)
      reading.error(node, "`\(found)` names no type, expected `TYPE/ID`")
      return nil
    }
    guard let type = parts.type else {
      let word = String(tree.text(node).prefix { $0 != "/" })
      let advice = Spelling.advice(word, among: model.resourceTypes.map(\.name))
      reading.error(node, "unknown resource type in `\(reading.shortened(node))`, \(advice)")
      return nil
    }
    guard let id = parts.id else {
      let name = tree.symbols.text(workspaces[workspace].id.symbol)
      reading.error(
        node,
        "workspace `\(name)` has no resource `\(reading.shortened(node))`; add it to "
          + "`resources.\(model.resourceTypes[type].name)`")
      return nil
    }
    let name = Name(symbol: id, mark: tree.mark(node))
    guard let entry = find(type, name, workspace) else { return nil }
    return (PolicyDocument.ResourceReference(type: type, id: name), entry)
  }
}
