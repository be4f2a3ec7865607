internal import VerdictModel

/// Reads a tree as a route table. Whatever is wrong is reported with its place, and the reading
/// goes on.
struct RouteReader {
  var reading: Reading
  let path: String
  var tree: DocumentTree { reading.tree }
  var model = AccessModel(
    id: "", display: "", access: .policies, resourceTypes: [], permissions: [], relations: [],
    actions: [], connections: [], roles: [], plans: [])
  var tables: [String: [RouteDocument.Meaning]] = [:]
  private var defaults = Defaults()
  private var routes: [RouteDocument.Route] = []

  /// What routes say unless they say otherwise.
  private struct Defaults {
    var workspaces: [RouteDocument.Source] = []
    var callers: [PrincipalKind] = []
    var deniesUnknown = true
  }

  static let topLevelKeys: [Key] = [
    .apiVersion, .model, .tables, .workspace, .callers, .unknown, .routes,
  ]
  static let routeKeys: [Key] = [
    .match, .when, .unless, .check, .checks, .public, .workspace, .callers, .unknown,
  ]

  init(reading: Reading, path: String) {
    self.reading = reading
    self.path = path
  }

  mutating func read(_ models: AccessModels) throws(PolicyError) -> RouteDocument {
    if let fields = reading.fields(
      0, "the route table", allowed: RouteReader.topLevelKeys,
      required: [.apiVersion, .model, .routes])
    {
      readHead(fields, models)
      if let node = fields[.tables] { readTables(node) }
      let place = Template(segments: [])
      if let node = fields[.workspace] { defaults.workspaces = sources(node, place) }
      if let node = fields[.callers] { defaults.callers = callers(node) }
      if let node = fields[.unknown] { defaults.deniesUnknown = deniesUnknown(node) ?? true }
      if let node = fields[.routes], !model.id.isEmpty {
        for element in reading.elements(node, "`routes`") ?? .none(tree) { readRoute(element) }
        if tree.count(node) == 0 { reading.error(node, "`routes` is empty, expected some") }
      }
    }
    refuseUnreachable()
    try reading.diagnostics.check()
    return RouteDocument(path: path, model: model.id, routes: routes)
  }

  private mutating func readHead(_ fields: Fields, _ models: AccessModels) {
    if let node = fields[.apiVersion], let text = reading.text(node, "`apiVersion`"),
      text != RouteDocument.apiVersion
    {
      reading.error(node, "`apiVersion` is `\(text)`, expected `\(RouteDocument.apiVersion)`")
    }
    guard let node = fields[.model], let id = reading.text(node, "`model`") else { return }
    guard let known = models[id] else {
      let advice = Spelling.advice(id, among: models.models.map(\.id))
      reading.error(node, "unknown access model `\(reading.shortened(node))`, \(advice)")
      return
    }
    model = known
  }

  /// Tables of what a request may say where it names a type.
  private mutating func readTables(_ node: Int) {
    for (key, value) in reading.entries(node, "`tables`") ?? .none(tree) {
      guard let name = reading.text(key, "a table's name"),
        let entries = reading.entries(value, "table `\(name)`")
      else { continue }
      var meanings: [RouteDocument.Meaning] = []
      for (word, typeNode) in entries {
        guard let word = reading.text(word, "a word"), let text = reading.text(typeNode, "a type"),
          let type = type(text, typeNode)
        else { continue }
        meanings.append(RouteDocument.Meaning(value: word, type: type))
      }
      if tree.count(value) == 0 { reading.error(value, "table `\(name)` is empty") }
      tables[name] = meanings
    }
  }

  // MARK: Routes

  private mutating func readRoute(_ node: Int) {
    guard
      let fields = reading.fields(
        node, "a route", allowed: RouteReader.routeKeys, required: [.match]),
      let matchNode = fields[.match]
    else { return }
    let isList = tree.kind(matchNode) == .sequence
    let matches = isList ? Array(tree.elements(matchNode)) : [matchNode]
    if matches.isEmpty { reading.error(matchNode, "`match` is empty, expected METHOD PATH") }
    for match in matches {
      guard let text = reading.text(match, "`match`"),
        let (method, template) = template(text, match)
      else { continue }
      var route = RouteDocument.Route(
        mark: tree.mark(match), method: method, template: template.text,
        segments: template.segments, conditions: [], checks: [], workspaces: defaults.workspaces,
        callers: defaults.callers, deniesUnknown: defaults.deniesUnknown)
      readConditions(fields, template, &route)
      readChecks(fields, node, template, &route)
      if let node = fields[.workspace] { route.workspaces = sources(node, template) }
      if let node = fields[.callers] { route.callers = callers(node) }
      if let node = fields[.unknown] { route.deniesUnknown = deniesUnknown(node) ?? true }
      routes.append(route)
      // What is wrong with it was said for the first of the matches.
      if reading.diagnostics.hasErrors { break }
    }
  }

  private mutating func readConditions(
    _ fields: Fields, _ template: Template, _ route: inout RouteDocument.Route
  ) {
    for key in [Key.when, .unless] {
      guard let node = fields[key] else { continue }
      for (sourceNode, valueNode) in reading.entries(node, "`\(key.name)`") ?? .none(tree) {
        guard let text = reading.text(sourceNode, "a source"),
          let source = source(text, sourceNode, template)
        else { continue }
        var values: [String]?
        if !tree.isText(valueNode) || tree.text(valueNode) != "*" { values = words(valueNode) }
        route.conditions.append(
          RouteDocument.Condition(source: source, values: values, isNegated: key == .unless))
      }
    }
  }

  /// A text, or a list of them.
  private mutating func words(_ node: Int) -> [String] {
    if tree.kind(node) == .sequence {
      if tree.count(node) == 0 { reading.error(node, "a list is empty, expected values") }
      return tree.elements(node).compactMap { reading.text($0, "a value") }
    }
    return reading.text(node, "a value").map { [$0] } ?? []
  }

  private mutating func readChecks(
    _ fields: Fields, _ node: Int, _ template: Template, _ route: inout RouteDocument.Route
  ) {
    let given = [Key.check, .checks, .public].filter { fields[$0] != nil }
    guard given.count == 1, let value = fields[given[0]] else {
      reading.error(
        node, "a route has \(given.count) of `check`, `checks` and `public`, expected 1")
      return
    }
    switch given[0] {
    case .check:
      if let check = check(value, template) { route.checks = [check] }
    case .checks:
      for element in reading.elements(value, "`checks`") ?? .none(tree) {
        if let check = check(element, template) { route.checks.append(check) }
      }
      if tree.count(value) == 0 { reading.error(value, "`checks` is empty, expected some") }
    default:
      if reading.flag(value, "`public`") == false {
        reading.error(value, "`public` is `false`, expected a check instead")
      }
    }
  }

  private mutating func callers(_ node: Int) -> [PrincipalKind] {
    var kinds: [PrincipalKind] = []
    // None would be read as all.
    if tree.kind(node) == .sequence, tree.count(node) == 0 {
      reading.error(node, "`callers` is empty, expected some")
    }
    for element in reading.elements(node, "`callers`") ?? .none(tree) {
      guard let text = reading.text(element, "a caller") else { continue }
      let known = PrincipalKind.allCases.map { String($0.prefix.dropLast()) }
      if let place = known.firstIndex(of: text) {
        kinds.append(PrincipalKind.allCases[place])
      } else {
        let advice = Spelling.advice(text, among: known)
        reading.error(element, "unknown kind of caller `\(reading.shortened(element))`, \(advice)")
      }
    }
    return kinds
  }

  private mutating func deniesUnknown(_ node: Int) -> Bool? {
    guard let text = reading.text(node, "`unknown`") else { return nil }
    switch text {
    case "deny": return true
    case "future": return false
    default:
      reading.error(
        node, "`unknown` is `\(reading.shortened(node))`, expected `deny` or `future`")
      return nil
    }
  }

  /// A route that comes after one without conditions, for the same requests, is never looked at.
  private mutating func refuseUnreachable() {
    var whole: [String: UInt32] = [:]
    for route in routes {
      let shape = route.segments.map { segment in
        if case .literal(let text) = segment { return text }
        return "{}"
      }
      let key = route.method + " /" + shape.joined(separator: "/")
      if let line = whole[key] {
        reading.diagnostics.error(
          route.mark,
          "`\(route.method) \(route.template)` is never reached, the route on line \(line) takes "
            + "every such request")
      }
      if route.conditions.isEmpty { whole[key] = whole[key] ?? route.mark.line }
    }
  }
}
