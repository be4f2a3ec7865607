internal import VerdictModel
internal import VerdictRPC
internal import VerdictRoutes

/// What a request says at the places that its route names. The body is read at the first question.
struct RequestValues {
  let request: GatewayRequest
  let path: RequestPath
  let table: RouteTable
  private let seed: UInt64
  private var body = Body.unread

  private enum Body {
    case unread
    case read(JSONBody)
    case refused
  }

  /// What stands at a place.
  enum Value {
    case absent
    /// Something that nobody should rely on.
    case refused
    case one(ByteView)
    /// Without any where a condition asks, to which only that they are there is of interest.
    case several(TextPairs)
  }

  enum FoundRoute {
    case none
    case refused
    case found(Int)
  }

  init(request: GatewayRequest, path: RequestPath, table: RouteTable, seed: UInt64) {
    self.request = request
    self.path = path
    self.table = table
    self.seed = seed
  }

  /// What is wrong with a body that was asked for, in words; nil: nothing.
  var bodyFault: StaticString? {
    guard case .refused = body else { return nil }
    return request.body.isEmpty
      ? "the route reads the request's body, and the gateway passes none on"
      : "the route reads the request's body, which is cut, encoded, or no JSON that is read one way"
  }

  // MARK: The route

  /// The first route whose template, method and conditions fit.
  mutating func route(_ arena: borrowing MessageArena) -> FoundRoute {
    for index in table.match(method: request.method, path) {
      let route = table.route(index)
      if route.has(RouteFlag.needsBody), !readBody(arena) { return .refused }
      var holds = true
      for place in route.conditions {
        switch condition(table.condition(place), arena) {
        case .none: return .refused
        case .some(let isMet): holds = holds && isMet
        }
      }
      if holds { return .found(index) }
    }
    return .none
  }

  /// Whether a condition holds; nil where the request can't be relied on.
  private mutating func condition(
    _ condition: RouteCondition, _ arena: borrowing MessageArena
  ) -> Bool? {
    let isNegated = condition.flags & RouteConditionFlag.isNegated != 0
    let value = value(condition.source, scalarsToo: true, arena)
    if condition.flags & RouteConditionFlag.isPresence != 0 {
      switch value {
      case .refused: return nil
      // It is there to one reader, and nothing to another.
      case .one(let text) where text.isEmpty: return nil
      case .absent: return isNegated
      case .one, .several: return !isNegated
      }
    }
    switch value {
    case .refused, .several: return nil
    case .absent: return isNegated
    case .one(let text):
      for index in condition.values where table.value(index) == text { return !isNegated }
      return isNegated
    }
  }

  // MARK: Values

  /// What stands at a source; of a list in the body, its elements as values of pairs.
  ///
  /// - Parameter scalarsToo: of a body also numbers and truth values, as they are written.
  mutating func value(
    _ index: Int, scalarsToo: Bool = false, _ arena: borrowing MessageArena
  ) -> Value {
    let source = table.source(index)
    switch source.kind {
    case .segment:
      return source.segment < path.count ? .one(path[source.segment]) : .refused
    case .header:
      let finding = request.headers.find(source.name)
      // Several headers of a name arrive joined by commas, unless the gateway passes them raw.
      if case .once(let text) = finding, text.firstIndex(of: UInt8(ascii: ",")) >= 0 {
        return scalarsToo ? .several(TextPairs()) : .refused
      }
      return RequestValues.single(finding)
    case .context:
      return RequestValues.single(request.context.find(source.name))
    case .query:
      guard let room = unsafe arena.allocate(byteCount: path.query.count) else { return .refused }
      let bytes = unsafe room.bindMemory(to: UInt8.self, capacity: max(path.query.count, 1))
      // SAFETY: as much room as the query has bytes.
      switch unsafe RequestQuery(path.query).parameter(source.name, room: bytes) {
      case .absent: return .absent
      case .refused: return .refused
      case .value(let text): return .one(text)
      }
    case .body:
      guard readBody(arena), case .read(let body) = body else { return .refused }
      return value(in: body, source.steps, scalarsToo, arena)
    }
  }

  private static func single(_ finding: TextPairs.Finding) -> Value {
    switch finding {
    case .absent: .absent
    case .repeated: .refused
    case .once(let text): .one(text)
    }
  }

  /// Reads the body; false where it is not whole, or not JSON.
  private mutating func readBody(_ arena: borrowing MessageArena) -> Bool {
    switch body {
    case .read: return true
    case .refused: return false
    case .unread:
      guard let bytes = request.wholeBody, let read = JSONBody(bytes, seed: seed, in: arena) else {
        body = .refused
        return false
      }
      body = .read(read)
      return true
    }
  }

  // MARK: Values in a body

  private func value(
    in body: JSONBody, _ steps: Range<Int>, _ scalarsToo: Bool, _ arena: borrowing MessageArena
  ) -> Value {
    var node = 0
    for place in steps {
      guard let step = table.step(place) else {
        return elements(of: node, body, place + 1..<steps.upperBound, scalarsToo, arena)
      }
      guard let member = body.distinctMember(step, of: node) else { return .refused }
      guard member >= 0 else { return .absent }
      node = member
    }
    return RequestValues.text(of: node, body, scalarsToo)
  }

  /// A value as text. Null is as good as absent; so is a list without elements.
  private static func text(of node: Int, _ body: JSONBody, _ scalarsToo: Bool) -> Value {
    switch body[node].kind {
    case .null: .absent
    case .text: .one(body[node].text)
    case .scalar: scalarsToo ? .one(body[node].text) : .refused
    case .list where body[node].first < 0: .absent
    // For conditions of presence alone; no operand is one.
    case .object, .list: scalarsToo ? .several(TextPairs()) : .refused
    }
  }

  /// The elements of a list, or what the rest of the steps leads to in each: all have to have it.
  private func elements(
    of node: Int, _ body: JSONBody, _ steps: Range<Int>, _ scalarsToo: Bool,
    _ arena: borrowing MessageArena
  ) -> Value {
    guard body[node].kind == .list else { return body[node].kind == .null ? .absent : .refused }
    var count = 0
    var element = Int(body[node].first)
    while element >= 0 {
      count += 1
      element = Int(body[element].next)
    }
    guard count > 0 else { return .absent }
    guard count <= GatewayLimits.listElementCountMax,
      var texts = TextPairs(capacity: count, in: arena)
    else { return .refused }
    element = Int(body[node].first)
    while element >= 0 {
      var place = element
      for step in steps {
        guard let name = table.step(step) else { return .refused }
        guard let member = body.distinctMember(name, of: place) else { return .refused }
        place = member
        // Some have it and some don't: for a condition that is as if none had.
        guard place >= 0 else { return scalarsToo ? .absent : .refused }
      }
      switch RequestValues.text(of: place, body, scalarsToo) {
      case .one(let text) where scalarsToo && text.isEmpty: return .refused
      case .one(let text): texts.append(TextPairs.Pair(name: ByteView(), value: text))
      case .absent where scalarsToo: return .absent
      default: return .refused
      }
      element = Int(body[element].next)
    }
    return .several(texts)
  }
}
