internal import VerdictModel

/// Workspaces and their resources.
extension DocumentReader {
  /// Takes down the names of the workspaces. Returns the node of each one's content.
  mutating func nameWorkspaces(_ node: Int) -> [Int] {
    guard let entries = reading.entries(node, "`workspaces`") else { return [] }
    var nodes: [Int] = []
    for (key, value) in entries {
      guard let id = reading.id(key, "a workspace") else { continue }
      guard workspaces.count < Limits.workspaceCountMax else {
        reading.error(key, "more than \(Limits.workspaceCountMax) workspaces, expected fewer")
        break
      }
      workspaceIndex[id.symbol] = workspaces.count
      workspaces.append(PolicyDocument.Workspace(id: id))
      nodes.append(value)
    }
    checkLimit(.workspaces, workspaces.map(\.id), "workspaces")
    return nodes
  }

  /// Reads what does not depend on other workspaces' content, so that links, connections and
  /// scopes find it: the resources.
  mutating func readResources(_ node: Int, _ workspace: Int) {
    guard let fields = reading.fields(node, "a workspace", at: .workspace),
      let resources = fields[.resources],
      let entries = reading.entries(resources, "`resources`")
    else { return }
    for (key, list) in entries {
      guard tree.isText(key) else { continue }
      guard let type = types[tree.symbol(key)] else {
        unknownType(key)
        continue
      }
      guard let elements = reading.elements(list, "resources") else { continue }
      let relations = relations(of: type)
      workspaces[workspace].resources.reserveCapacity(
        workspaces[workspace].resources.count + tree.count(list))
      for element in elements { readResource(element, type, relations, workspace) }
    }
  }

  /// Reads the rest of a workspace.
  mutating func readWorkspace(_ node: Int, _ workspace: Int) {
    guard tree.kind(node) == .mapping else { return }
    checkLinks(workspace)
    let foreign = DocumentPlace.workspace.foreignKeys(in: model.access)
    for (key, value) in tree.entries(node) where tree.isText(key) {
      let known = Key(rawValue: tree.symbol(key).rawValue)
      switch known {
      case .some(let one) where foreign.contains(one):
        refuseForeign(key)
      case .members:
        workspaces[workspace].members = readMembers(value, "a workspace")
      case .roles:
        readRoles(value, workspace)
      case .connections:
        readConnections(value, workspace)
      default:
        break
      }
    }
    guard model.access == .policies else { return }
    // Last, because a policy's holder needs access through the members.
    let policies = tree.entries(node).first {
      tree.isText($0.key) && tree.symbol($0.key) == Key.policies.symbol
    }
    if let policies { readPolicies(policies.value, workspace) }
  }

  mutating func unknownType(_ key: Int) {
    let known = model.resourceTypes.map(\.name)
    let advice = Spelling.advice(tree.text(key), among: known)
    reading.error(key, "unknown resource type `\(reading.shortened(key))`, \(advice)")
  }

  // MARK: Resources

  /// A relation of a type, with the symbol of its key in this document.
  struct RelationKey {
    var symbol: Symbol
    var index: Int
    var isSingle: Bool
  }

  private func relations(of type: Int) -> [RelationKey] {
    model.relations.indices.compactMap { index in
      let relation = model.relations[index]
      guard relation.from == type, let symbol = tree.symbols.find(relation.name) else { return nil }
      return RelationKey(symbol: symbol, index: index, isSingle: relation.single)
    }
  }

  private mutating func readResource(
    _ node: Int, _ type: Int, _ relations: [RelationKey], _ workspace: Int
  ) {
    var resource: PolicyDocument.Resource
    if tree.kind(node) == .mapping {
      guard let read = readDescribedResource(node, type, relations) else { return }
      resource = read
    } else {
      guard let id = reading.id(node, "a resource") else { return }
      resource = PolicyDocument.Resource(type: type, id: id)
    }
    if let entry = resourceIndex.find(type, resource.id.symbol) {
      let place = Int(resourceIndex.entries[entry].workspace)
      let other = tree.symbols.text(workspaces[place].id.symbol)
      let text = tree.symbols.text(resource.id.symbol)
      reading.diagnostics.error(
        resource.id.mark,
        "\(model.resourceTypes[type].display) `\(text)` is listed already in "
          + "workspace `\(other)`, expected each type and id once in the organization")
      return
    }
    let position = workspaces[workspace].resources.count
    resourceIndex.insert(type, resource.id.symbol, workspace: workspace, position: position)
    workspaces[workspace].resources.append(resource)
  }

  /// `{id: S2, name: "iOS app", connected_to: [D1]}`.
  private mutating func readDescribedResource(
    _ node: Int, _ type: Int, _ relations: [RelationKey]
  ) -> PolicyDocument.Resource? {
    var id: Name?
    var hasID = false
    var display: Symbol?
    var links: [PolicyDocument.Link] = []
    for (key, value) in tree.entries(node) where tree.isText(key) {
      let symbol = tree.symbol(key)
      if symbol == Key.id.symbol {
        hasID = true
        id = reading.id(value, "a resource's `id`")
      } else if symbol == Key.name.symbol {
        display = reading.display(value, "a resource's `name`")?.symbol
      } else if let relation = relations.first(where: { $0.symbol == symbol }) {
        readLinks(value, relation, &links)
      } else {
        let known = model.relations.filter { $0.from == type }.map(\.name)
        let noun = "a resource of type `\(model.resourceTypes[type].name)`"
        reading.unknownKey(key, noun, [Key.id.name, Key.name.name] + known)
      }
    }
    if !hasID { reading.error(node, "a resource has no `id`, which is required") }
    return id.map { PolicyDocument.Resource(type: type, id: $0, display: display, links: links) }
  }

  private mutating func readLinks(
    _ node: Int, _ relation: RelationKey, _ links: inout [PolicyDocument.Link]
  ) {
    if relation.isSingle {
      guard let id = reading.id(node, "`\(model.relations[relation.index].name)`") else { return }
      links.append(PolicyDocument.Link(relation: relation.index, id: id))
      return
    }
    guard let elements = reading.elements(node, "`\(model.relations[relation.index].name)`") else {
      return
    }
    seenSymbols.begin(count: symbolCount)
    for element in elements {
      guard let id = reading.id(element, "a link") else { continue }
      if seenSymbols.insert(Int(id.symbol.rawValue)) {
        links.append(PolicyDocument.Link(relation: relation.index, id: id))
      } else {
        reading.warning(id.mark, "`\(tree.text(element))` is listed twice")
      }
    }
  }

  /// Checks that links end in the workspace, and that nothing lacks its parent.
  private mutating func checkLinks(_ workspace: Int) {
    let single = model.relations.indices.filter { model.relations[$0].single }
    for resource in workspaces[workspace].resources {
      for link in resource.links {
        _ = find(model.relations[link.relation].to, link.id, workspace)
      }
      for relation in single where model.relations[relation].from == resource.type {
        guard !resource.links.contains(where: { $0.relation == relation }) else { continue }
        let text = tree.symbols.text(resource.id.symbol)
        let type = model.resourceTypes[resource.type].display
        reading.diagnostics.error(
          resource.id.mark,
          "\(type) `\(text)` has no `\(model.relations[relation].name)`, which "
            + "is required: write `{id: \(text), \(model.relations[relation].name): ID}`")
      }
    }
  }

  /// The entry of a resource that has to be in the workspace; otherwise an error is out.
  mutating func find(_ type: Int, _ id: Name, _ workspace: Int) -> Int? {
    guard let entry = resourceIndex.find(type, id.symbol) else {
      let name = tree.symbols.text(workspaces[workspace].id.symbol)
      let text = tree.symbols.text(id.symbol)
      reading.diagnostics.error(
        id.mark,
        "workspace `\(name)` has no \(model.resourceTypes[type].display) `\(text)`; add "
          + "it to `resources.\(model.resourceTypes[type].name)`")
      return nil
    }
    let place = Int(resourceIndex.entries[entry].workspace)
    if place == workspace { return entry }
    let name = tree.symbols.text(workspaces[workspace].id.symbol)
    let text = tree.symbols.text(id.symbol)
    let other = tree.symbols.text(workspaces[place].id.symbol)
    reading.diagnostics.error(
      id.mark,
      "\(model.resourceTypes[type].display) `\(text)` is in workspace `\(other)`, "
        + "expected one of `\(name)`")
    return nil
  }
}
