internal import VerdictModel
public import VerdictPolicy
internal import VerdictRoutes

/// Compiles route tables. The same document gives the same bytes.
public struct RouteCompiler {
  private var writer = RouteTableWriter()
  private var nodes = [RouteNode()]
  private var routesOfNode: [[RouteDocument.Route]] = [[]]
  private var sources: [RouteDocument.Source: Int] = [:]

  /// - Throws: a table that would be larger than what is loaded.
  public static func compile(_ document: RouteDocument) throws(CompileError) -> [UInt8] {
    var compiler = RouteCompiler()
    for route in document.routes { compiler.place(route) }
    let bytes = compiler.write(model: document.model)
    guard bytes.count <= RouteFormat.byteCountMax else {
      throw CompileError(
        path: document.path,
        message: "the compiled routes take \(bytes.count) bytes, expected at most "
          + "\(RouteFormat.byteCountMax)")
    }
    return bytes
  }

  /// Finds or makes the node of a template.
  private mutating func place(_ route: RouteDocument.Route) {
    var node = 0
    for segment in route.segments {
      switch segment {
      case .literal(let text):
        if let index = literalPlaces[node]?[text] {
          node = index
        } else {
          nodes[node].literals.append((text, nodes.count))
          literalPlaces[node, default: [:]][text] = nodes.count
          node = addNode()
        }
      case .parameter:
        if let child = nodes[node].anyChild {
          node = child
        } else {
          nodes[node].anyChild = nodes.count
          node = addNode()
        }
      }
    }
    routesOfNode[node].append(route)
  }

  private var literalPlaces: [Int: [String: Int]] = [:]

  private mutating func addNode() -> Int {
    nodes.append(RouteNode())
    routesOfNode.append([])
    return nodes.count - 1
  }

  private mutating func write(model: String) -> [UInt8] {
    let modelText = writer.text(model)
    writer.append(.identity, modelText)
    for node in nodes.indices {
      let first = writer.count(of: .routes)
      // By method, each in the order of the document.
      var methods: [String] = []
      for route in routesOfNode[node] where !methods.contains(route.method) {
        methods.append(route.method)
      }
      for method in methods {
        for route in routesOfNode[node] where route.method == method { write(route) }
      }
      nodes[node].routes = first..<writer.count(of: .routes)
    }
    writer.write(nodes)
    return writer.finish()
  }

  // MARK: Records

  private mutating func write(_ route: RouteDocument.Route) {
    var used: [RouteDocument.Source] = route.conditions.map(\.source) + route.workspaces
    var conditions: [[Int]] = []
    for condition in route.conditions {
      var flags: UInt32 = condition.isNegated ? RouteConditionFlag.isNegated : 0
      if condition.values == nil { flags |= RouteConditionFlag.isPresence }
      conditions.append(
        [source(condition.source), Int(flags)] + writer.values(condition.values ?? []))
    }
    let firstCondition = writer.count(of: .conditions)
    for condition in conditions { writer.append(.conditions, condition) }
    var checks: [[Int]] = []
    for check in route.checks {
      for operand in [check.resource, check.target] {
        used += [operand?.id, operand?.typeSource].compactMap { $0 }
      }
      checks.append(
        writer.text(check.action) + [operand(check.resource), operand(check.target)])
    }
    let firstCheck = writer.count(of: .checks)
    for check in checks { writer.append(.checks, check) }
    // Neighbours, which the route refers to as a range.
    let firstWorkspace = writer.count(of: .sources)
    for workspace in route.workspaces { append(workspace) }
    let flags = flags(of: route, used)
    let names = writer.text(route.method) + writer.text(route.template)
    writer.append(
      .routes,
      names + [
        Int(flags), firstCondition, conditions.count, firstCheck, checks.count, firstWorkspace,
        route.workspaces.count, 0,
      ])
  }

  private func flags(of route: RouteDocument.Route, _ used: [RouteDocument.Source]) -> UInt32 {
    var flags: UInt32 = route.checks.isEmpty ? RouteFlag.isPublic : 0
    if route.deniesUnknown { flags |= RouteFlag.deniesUnknown }
    for source in used {
      if case .body = source { flags |= RouteFlag.needsBody }
      if case .query = source { flags |= RouteFlag.needsQuery }
    }
    for kind in route.callers { flags |= 1 << (RouteFlag.callersShift + UInt32(kind.rawValue)) }
    return flags
  }

  /// The operand's number plus one, or 0 where there is none.
  private mutating func operand(_ operand: RouteDocument.Operand?) -> Int {
    guard let operand else { return 0 }
    let types = writer.values(operand.types)
    let typeSource = operand.typeSource.map { source($0) + 1 } ?? 0
    let firstPair = writer.count(of: .pairs)
    for meaning in operand.table {
      let pair = writer.text(meaning.value) + writer.text(meaning.type)
      writer.append(.pairs, pair)
    }
    let id = operand.id.map { source($0) + 1 } ?? 0
    let form: RouteOperandForm =
      switch operand.form {
      case .type: .type
      case .id: .id
      case .new: .new
      case .linkedToTarget: .linkedToTarget
      case .connection: .connection
      }
    writer.append(
      .operands,
      [Int(form.rawValue)] + types + [typeSource, firstPair, operand.table.count, id, 0])
    return writer.count(of: .operands)
  }

  /// The number of a source; equal ones share theirs.
  private mutating func source(_ source: RouteDocument.Source) -> Int {
    if let number = sources[source] { return number }
    append(source)
    let number = writer.count(of: .sources) - 1
    sources[source] = number
    return number
  }

  private mutating func append(_ source: RouteDocument.Source) {
    let kind: RouteSourceKind
    var name = [0, 0]
    var steps = [0, 0]
    switch source {
    case .segment(let place): (kind, name) = (.segment, [place, 0])
    case .query(let text): (kind, name) = (.query, writer.text(text))
    case .header(let text): (kind, name) = (.header, writer.text(text))
    case .context(let text): (kind, name) = (.context, writer.text(text))
    case .body(let names): (kind, steps) = (.body, writer.steps(names))
    }
    writer.append(.sources, [Int(kind.rawValue)] + name + steps)
  }
}
