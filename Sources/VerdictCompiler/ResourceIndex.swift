internal import VerdictModel
internal import VerdictPolicy
internal import VerdictSnapshot

/// The resources of all workspaces with their ordinals, and the sections about them.
struct ResourceIndex {
  struct Item {
    /// Workspace number, type and rank of the id: the order of all resources.
    var key: UInt64
    /// Place in `document.workspaces` and in its `resources`.
    var workspacePlace: UInt32
    var place: UInt32
    var ordinal: UInt32

    var workspace: Int { Int(key >> 40) }
    var type: Int { Int((key >> 32) & 0xff) }
  }

  private let context: CompileContext
  private var items: [Item] = []
  /// By symbol: the first item with that id; `next` leads to those of other types.
  private var first: [UInt32]
  private var next: [UInt32] = []

  init(_ context: CompileContext) throws(CompileError) {
    self.context = context
    first = Array(repeating: CompileContext.none, count: context.document.symbols.count)
    for (number, workspacePlace) in context.workspaceOrder.enumerated() {
      let resources = context.document.workspaces[workspacePlace].resources
      for (place, resource) in resources.enumerated() {
        items.append(
          Item(
            key: UInt64(number) << 40 | UInt64(resource.type) << 32
              | UInt64(context.rank(resource.id)),
            workspacePlace: UInt32(workspacePlace), place: UInt32(place), ordinal: 0))
      }
    }
    guard items.count < Int(ResourceValue.numberMax) else {
      throw context.error("the organization has \(items.count) resources; split it")
    }
    items.sort { $0.key < $1.key }
    next = Array(repeating: CompileContext.none, count: items.count)
    for index in items.indices {
      let continues = index > 0 && items[index].key >> 32 == items[index - 1].key >> 32
      items[index].ordinal = continues ? items[index - 1].ordinal + 1 : 0
      let symbol = Int(resource(index).id.symbol.rawValue)
      next[index] = first[symbol]
      first[symbol] = UInt32(index)
    }
  }

  private func resource(_ index: Int) -> PolicyDocument.Resource {
    let item = items[index]
    return context.document.workspaces[Int(item.workspacePlace)].resources[Int(item.place)]
  }

  /// The item with a type and id.
  ///
  /// - Precondition: the document has it, which checking has made sure of.
  private func index(type: Int, _ id: Name) -> Int {
    var index = first[Int(id.symbol.rawValue)]
    while index != CompileContext.none {
      if items[Int(index)].type == type { return Int(index) }
      index = next[Int(index)]
    }
    preconditionFailure("a checked document names only resources that it has")
  }

  func ordinal(type: Int, _ id: Name) -> UInt32 { items[index(type: type, id)].ordinal }

  // MARK: Writing

  func write(to writer: inout SnapshotWriter) {
    var table = KeyTableBuilder()
    var linked: [Int] = []
    for (index, item) in items.enumerated() {
      let resource = resource(index)
      var value = item.ordinal
      if !resource.links.isEmpty {
        value = ResourceValue.linked | UInt32(linked.count)
        linked.append(index)
      }
      context.document.symbols.withBytes(of: resource.id.symbol) {
        table.add(tag: UInt8(item.type), $0, value: value, extra: UInt16(item.workspace))
      }
    }
    let (section, slots) = table.build()
    writer[.resources] = section
    writeOrder(slots, to: &writer)
    writeLinks(linked, slots, to: &writer)
    writeConnections(slots, to: &writer)
    writeDisplayNames(slots, to: &writer)
  }

  private func writeOrder(_ slots: [UInt32], to writer: inout SnapshotWriter) {
    writer[.resourceOrder].append(integers: slots)
    let typeCount = context.document.model.resourceTypes.count
    var place = 0
    for group in 0..<context.workspaceOrder.count * typeCount {
      writer[.resourceStarts].append(integer: UInt32(place))
      while place < items.count,
        items[place].workspace * typeCount + items[place].type == group
      {
        place += 1
      }
    }
    writer[.resourceStarts].append(integer: UInt32(items.count))
  }

  private func writeLinks(_ linked: [Int], _ slots: [UInt32], to writer: inout SnapshotWriter) {
    let relations = context.document.model.relations
    for index in linked {
      let links = resource(index).links.sorted {
        ($0.relation, context.rank($0.id)) < ($1.relation, context.rank($1.id))
      }
      writer[.linkedResources].append(integer: items[index].ordinal)
      writer[.linkedResources].append(integer: UInt32(writer[.links].count / 8))
      writer[.linkedResources].append(integer: UInt32(links.count))
      for link in links {
        writer[.links].append(integer: UInt32(link.relation))
        let target = self.index(type: relations[link.relation].to, link.id)
        writer[.links].append(integer: slots[target])
      }
    }
  }

  private func writeConnections(_ slots: [UInt32], to writer: inout SnapshotWriter) {
    let connections = context.document.workspaces.flatMap { $0.connections }
      .sorted { context.rank($0.id) < context.rank($1.id) }
    var table = KeyTableBuilder()
    for (index, connection) in connections.enumerated() {
      context.document.symbols.withBytes(of: connection.id.symbol) {
        table.add(tag: 0, $0, value: UInt32(index))
      }
      for end in [connection.source, connection.destination] {
        writer[.connectionEnds].append(integer: slots[self.index(type: end.type, end.id)])
      }
    }
    writer[.connections] = table.build().section
  }

  private func writeDisplayNames(_ slots: [UInt32], to writer: inout SnapshotWriter) {
    let named = items.indices.filter { resource($0).display != nil }
      .sorted { slots[$0] < slots[$1] }
    for index in named {
      guard let display = resource(index).display else { continue }
      writer[.displayNames].append(integer: slots[index])
      writer[.displayNames].append(integer: UInt32(writer[.displayTexts].count))
      let text = context.document.symbols.text(display)
      writer[.displayNames].append(integer: UInt32(text.utf8.count))
      writer[.displayTexts].append(contentsOf: text.utf8)
    }
  }
}
