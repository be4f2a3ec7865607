import Testing
import VerdictCompiler
import VerdictModel

@testable import VerdictPolicy
@testable import VerdictRoutes

/// A compiled table, asked by texts.
struct CompiledRoutes {
  let bytes: [UInt8]

  init(_ document: RouteDocument) throws {
    bytes = try RouteCompiler.compile(document)
    try bytes.withByteView { view in _ = try RouteTable(validating: view) }
  }

  /// Routes with one check each, of these methods and templates.
  init(_ matches: [String]) throws {
    let lines = matches.map { "  - {match: \"\($0)\", check: view}" }.joined(separator: "\n")
    let text = "apiVersion: verdict.routes/v1\nmodel: rudderstack\nroutes:\n\(lines)\n"
    try self.init(
      RouteDocument.parse(bytes: Array(text.utf8), path: "r.yaml", models: .shipped()))
  }

  func match(_ method: String, _ path: String) -> [String] {
    bytes.withByteView { bytes in
      path.withByteView { target in
        let room = UnsafeMutablePointer<UInt8>.allocate(capacity: max(target.count, 1))
        defer { unsafe room.deallocate() }
        let table = RouteTable(trusting: bytes)
        // SAFETY: as much room as there are bytes.
        guard let path = unsafe try? RequestPath(target, room: room) else { return ["refused"] }
        return method.withByteView { table.match(method: $0, path) }.map {
          table.route($0).template.text
        }
      }
    }
  }
}

@Suite("matching routes")
struct RouteMatchTests {
  @Test("literal segments go before parameters, and whole paths are tried")
  func order() throws {
    let routes = try CompiledRoutes([
      "GET /", "GET /a/{x}", "GET /a/b", "POST /a/b/c", "GET /a/{x}/d", "GET /{y}/b/{z}",
      "DELETE /a/{x}",
    ])
    #expect(routes.match("GET", "/") == ["/"])
    #expect(routes.match("GET", "/a/b") == ["/a/b"])
    #expect(routes.match("GET", "/a/q") == ["/a/{x}"])
    #expect(routes.match("DELETE", "/a/b") == ["/a/{x}"])
    #expect(routes.match("GET", "/a/b/d") == ["/a/{x}/d"])
    #expect(routes.match("POST", "/a/b/c") == ["/a/b/c"])
    #expect(routes.match("GET", "/a/b/c") == ["/{y}/b/{z}"])
    #expect(routes.match("GET", "/b/b/c") == ["/{y}/b/{z}"])
  }

  @Test("what is no route's has none")
  func none() throws {
    let routes = try CompiledRoutes(["GET /a/{x}", "GET /"])
    for (method, path) in [
      ("GET", "/a"), ("GET", "/a/"), ("GET", "/a/b/"), ("GET", "/a/b/c"), ("get", "/a/b"),
      ("GETX", "/a/b"), ("", "/a/b"), ("HEAD", "/a/b"), ("GET", "/A/b"), ("GET", "/a%20/b"),
    ] {
      #expect(routes.match(method, path) == [], "\(method) \(path)")
    }
  }

  /// The rule in plain words: of the templates that fit and have the method, the one whose segments
  /// are literal the earliest.
  static func plainly(_ routes: [String], _ method: String, _ path: [String]) -> [String] {
    func rank(_ template: String) -> [Bool]? {
      let segments = template.split(separator: "/").map(String.init)
      guard segments.count == path.count else { return nil }
      for (segment, part) in zip(segments, path) where !segment.hasPrefix("{") && segment != part {
        return nil
      }
      return segments.map { $0.hasPrefix("{") }
    }
    var best: (rank: [Bool], template: String)?
    for route in routes where route.hasPrefix(method + " ") {
      let template = String(route.dropFirst(method.count + 1))
      guard let rank = rank(template) else { continue }
      let isBetter = best.map { best in
        zip(rank, best.rank).first { $0 != $1 }.map { !$0.0 } ?? false
      }
      if isBetter ?? true { best = (rank, template) }
    }
    return best.map { [$0.template] } ?? []
  }

  @Test("equals the rule in plain words on random tables", arguments: 1...40)
  func random(_ seed: UInt64) throws {
    var state = seed &* 0x9e37_79b9_7f4a_7c15
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    var routes: [String] = []
    for _ in 0..<(1 + next(40)) {
      let segments = (0..<next(6)).map { place in
        next(3) == 0 ? "{p\(place)}" : ["a", "b", "c"][next(3)]
      }
      let route = ["GET", "PUT"][next(2)] + " /" + segments.joined(separator: "/")
      if !routes.contains(route) { routes.append(route) }
    }
    let compiled = try CompiledRoutes(routes)
    for _ in 0..<400 {
      let path = (0..<next(6)).map { _ in ["a", "b", "c", "d"][next(4)] }
      let method = ["GET", "PUT", "POST"][next(3)]
      #expect(
        compiled.match(method, "/" + path.joined(separator: "/"))
          == Self.plainly(routes, method, path),
        "seed \(seed): \(method) \(path) among \(routes)")
    }
  }

  @Test("ten thousand routes are all found, and the table is the same each time")
  func many() throws {
    let matches = (0..<10_000).map { "GET /v2/kind\($0 / 100)/{id}/part\($0 % 100)" }
    let routes = try CompiledRoutes(matches)
    for number in stride(from: 0, to: 10_000, by: 37) {
      let template = "/v2/kind\(number / 100)/{id}/part\(number % 100)"
      #expect(routes.match("GET", "/v2/kind\(number / 100)/x/part\(number % 100)") == [template])
      #expect(routes.match("GET", "/v2/kind\(number / 100)/x/part\(number % 100 + 100)") == [])
    }
    #expect(try CompiledRoutes(matches).bytes == routes.bytes)
  }
}

@Suite("route tables from outside")
struct RouteTableValidatorTests {
  private static func shipped() throws -> [UInt8] {
    let models = try AccessModels.shipped()
    return try RouteCompiler.compile(try RouteDocument.shipped(models: models)[0])
  }

  @Test("are read whole where they are right")
  func right() throws {
    let bytes = try Self.shipped()
    try bytes.withByteView { view in
      let table = try RouteTable(validating: view)
      #expect(table.modelID.text == "rudderstack")
      #expect(table.routeCount > 150)
    }
  }

  @Test("of any length but their own are refused")
  func cut() throws {
    let bytes = try Self.shipped()
    for count in stride(from: 0, to: bytes.count, by: 61) {
      #expect(throws: RouteTableError.self) {
        try Array(bytes[..<count]).withByteView { view in _ = try RouteTable(validating: view) }
      }
    }
    #expect(throws: RouteTableError.self) {
      try (bytes + [0]).withByteView { view in _ = try RouteTable(validating: view) }
    }
  }

  @Test("with any word changed are refused or read without harm")
  func mutated() throws {
    let bytes = try Self.shipped()
    var refused = 0
    for place in stride(from: 0, to: bytes.count - 4, by: 28) {
      for value in [0xff, 0x00, 0x01] as [UInt8] {
        var changed = bytes
        for index in place..<place + 4 { changed[index] = value }
        changed.withByteView { view in
          guard let table = try? RouteTable(validating: view) else {
            refused += 1
            return
          }
          Self.readAll(table)
        }
      }
    }
    #expect(refused > 500)
  }

  /// Whether a table is taken after a change to its bytes.
  private static func isTaken(_ bytes: [UInt8]) -> Bool {
    bytes.withByteView { view in (try? RouteTable(validating: view)) != nil }
  }

  @Test("with the mark of each element where a type or a value belongs are refused")
  func marks() throws {
    let bytes = try Self.shipped()
    let places: [(what: String, value: Int, offset: Int)] = bytes.withByteView { view in
      let table = RouteTable(trusting: view)
      var values: [(what: String, value: Int)] = []
      for index in 0..<table.count(of: .conditions) {
        values += table.condition(index).values.map { ("condition \(index)", $0) }
      }
      for index in 0..<table.count(of: .operands) {
        values += table.operand(index).types.map { ("operand \(index)", $0) }
      }
      return values.map { ($0.what, $0.value, table.offset(of: .values) + $0.value * 8) }
    }
    #expect(places.count > 50)
    for place in places {
      var changed = bytes
      for index in 0..<8 { changed[place.offset + index] = index < 4 ? 0xff : 0 }
      #expect(!Self.isTaken(changed), "value \(place.value), of \(place.what)")
    }
  }

  @Test("with operands whose types don't fit their form are refused")
  func forms() throws {
    let id = RouteDocument.Source.query("id")
    let source = RouteDocument.Source.query("type")
    func bytes(_ resource: RouteDocument.Operand) throws -> [UInt8] {
      try RouteCompiler.compile(
        RouteDocument(
          path: "r.yaml", model: "rudderstack",
          routes: [
            RouteDocument.Route(
              mark: Mark(line: 1, column: 1), method: "GET", template: "/", segments: [],
              conditions: [],
              checks: [
                RouteDocument.Check(
                  action: "connect", resource: resource,
                  target: RouteDocument.Operand(form: .id, types: ["destination"], id: id))
              ], workspaces: [], callers: [], deniesUnknown: true)
          ]))
    }
    let two = ["transformation", "table"]
    for form in [RouteDocument.Operand.Form.type, .new, .linkedToTarget] {
      #expect(Self.isTaken(try bytes(.init(form: form, types: ["table"]))))
      #expect(!Self.isTaken(try bytes(.init(form: form))), "\(form)")
      #expect(!Self.isTaken(try bytes(.init(form: form, types: two))), "\(form)")
      #expect(
        Self.isTaken(try bytes(.init(form: form, typeSource: source))) == (form != .linkedToTarget))
    }
    #expect(Self.isTaken(try bytes(.init(form: .id, types: two, id: id))))
    #expect(!Self.isTaken(try bytes(.init(form: .id, types: two, typeSource: source, id: id))))
    #expect(!Self.isTaken(try bytes(.init(form: .connection, types: ["table"], id: id))))
  }

  private static func readAll(_ table: RouteTable) {
    for index in 0..<table.routeCount {
      let route = table.route(index)
      for condition in route.conditions {
        let condition = table.condition(condition)
        for value in condition.values { _ = table.value(value) }
        _ = table.source(condition.source)
      }
      for check in route.checks {
        let check = table.check(check)
        for operand in [check.resource, check.target] where operand >= 0 {
          let operand = table.operand(operand)
          for type in operand.types { _ = table.value(type) }
          _ = "x".withByteView { table.type(of: $0, among: operand.pairs) }
          for source in [operand.typeSource, operand.idSource] where source >= 0 {
            for step in table.source(source).steps { _ = table.step(step) }
          }
        }
      }
    }
  }
}
