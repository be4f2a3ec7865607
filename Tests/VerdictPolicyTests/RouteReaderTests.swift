import Testing
import VerdictModel

@testable import VerdictPolicy

/// One line in place of a route of a small table, and everything that is to be said about it.
struct RouteFlaw: Sendable, CustomTestStringConvertible {
  let route: String
  let expected: [String]

  init(_ route: String, _ expected: String...) {
    self.route = route
    self.expected = expected
  }

  var testDescription: String { route }
}

@Suite("reading route tables")
struct RouteReaderTests {
  static let head = """
    apiVersion: verdict.routes/v1
    model: rudderstack
    tables:
      kinds: {web: event_stream_source, model: sql_model}
    routes:

    """

  static func findings(_ text: String) throws -> [String] {
    let models = try AccessModels.shipped()
    do {
      _ = try RouteDocument.parse(bytes: Array(text.utf8), path: "r.yaml", models: models)
      return []
    } catch {
      return error.diagnostics.map(\.description)
    }
  }

  @Test("the table that ships is right, and has a route for each of the API's")
  func shipped() throws {
    let documents = try RouteDocument.shipped(models: .shipped())
    #expect(documents.map(\.model) == ["rudderstack"])
    #expect(documents[0].routes.count > 150)
  }

  @Test(
    "what a route may say",
    arguments: [
      "{match: GET /, public: true}",
      "{match: [GET /a, POST /b], check: view}",
      "{match: \"PUT /d/{id}\", check: \"edit destination/{id}\"}",
      "{match: \"PUT /d/{id}\", check: \"edit destination/{path.id}\", unknown: future}",
      "{match: \"PUT /s/{id}\", check: \"edit table|sql_model/{id}\"}",
      "{match: POST /s, check: \"create {body.type:kinds}\"}",
      "{match: POST /s, check: \"create {query.type:kinds}\"}",
      "{match: \"POST /c/{id}\", check: \"connect connection/{id}\"}",
      "{match: POST /t, check: \"connect transformation/* destination/{body.ids[]}\"}",
      "{match: \"DELETE /t/{id}\", check: \"disconnect transformation/@target destination/{id}\"}",
      "{match: GET /a, when: {query.a: \"1\", header.x-b: [c, d]}, unless: {body.e.f: \"*\"}, check: view}",
      "{match: GET /a, checks: [view, bot_management], callers: [service_token, user]}",
      "{match: \"GET /w/{ws}/a\", workspace: [ws, header.x-ws, context.ws], check: view}",
      "{match: GET /a, check: audit_logs.read}",
    ])
  func right(_ route: String) throws {
    #expect(try Self.findings(Self.head + "  - \(route)\n") == [])
  }

  @Test("each fault is reported with its place and its help", arguments: flaws)
  func flaw(_ flaw: RouteFlaw) throws {
    #expect(try Self.findings(Self.head + "  - \(flaw.route)\n") == flaw.expected)
  }

  @Test("routes behind one that takes everything are an error")
  func unreachable() throws {
    let routes = """
        - {match: "GET /a/{b}", when: {query.x: "1"}, check: view}
        - {match: "GET /a/{b}", check: view}
        - {match: "GET /a/{c}", public: true}

      """
    #expect(
      try Self.findings(Self.head + routes) == [
        "r.yaml:8:13: `GET /a/{c}` is never reached, the route on line 7 takes every such request"
      ])
  }

  @Test("a head that is wrong")
  func head() throws {
    #expect(
      try Self.findings("apiVersion: v1\nmodel: ruderstack\nroutes: []\n") == [
        "r.yaml:1:13: `apiVersion` is `v1`, expected `verdict.routes/v1`",
        "r.yaml:2:8: unknown access model `ruderstack`, did you mean `rudderstack`?",
      ])
  }

  @Test("any word of a table may be something else, and never crashes")
  func otherKinds() throws {
    let text =
      Self.head
      + "  - {match: \"PUT /d/{id}\", when: {body.a: x}, check: edit destination/id, "
      + "callers: [user], workspace: [context.w], unknown: deny}\n"
    let words = text.split(whereSeparator: { " :{}[],\n\"".contains($0) })
    for word in words {
      for other in ["[x]", "{x: y}", "~", "", "{", "*", "a/b"] {
        var changed = text
        changed.replaceSubrange(word.startIndex..<word.endIndex, with: other)
        _ = try Self.findings(changed)
      }
    }
  }

  static let flaws = [
    RouteFlaw(
      "{match: GET a, check: view}",
      "r.yaml:6:13: `GET a` is no route, expected a method and a path, like "
        + "`GET /v2/sources/{id}`"),
    RouteFlaw(
      "{match: GET /a//b, check: view}",
      "r.yaml:6:13: `` is no segment of a path, expected plain signs or `{name}`, not encoded"),
    RouteFlaw(
      "{match: GET /a%20b, check: view}",
      "r.yaml:6:13: `a%20b` is no segment of a path, expected plain signs or `{name}`, "
        + "not encoded"),
    RouteFlaw(
      "{match: \"GET /{a}/{a}\", check: view}",
      "r.yaml:6:13: two parameters `{a}` in one path, expected another name"),
    RouteFlaw(
      "{match: POST /a, check: create table|sql_model}",
      "r.yaml:6:29: `table|sql_model` is of several types, expected one where no id tells which"),
    RouteFlaw(
      "{match: POST /a, check: \"connect table|sql_model/* destination/{query.d}\"}",
      "r.yaml:6:29: `table|sql_model/*` is of several types, expected one where no id tells which"),
    RouteFlaw(
      "{match: POST /a, check: \"connect table|transformation/@target destination/{query.d}\"}",
      "r.yaml:6:29: `table|transformation/@target` is of several types, expected one where no id "
        + "tells which"),
    RouteFlaw(
      "{match: POST /a, check: \"edit {query.t:kinds}/@target destination/{query.d}\"}",
      "r.yaml:6:29: `{query.t:kinds}/@target` is of several types, expected one where no id "
        + "tells which"),
    RouteFlaw(
      "{match: GET /a, check: view, callers: []}",
      "r.yaml:6:43: `callers` is empty, expected some"),
    RouteFlaw(
      "{match: GET /a}",
      "r.yaml:6:5: a route has 0 of `check`, `checks` and `public`, expected 1"),
    RouteFlaw(
      "{match: GET /a, check: view, public: true}",
      "r.yaml:6:5: a route has 2 of `check`, `checks` and `public`, expected 1"),
    RouteFlaw(
      "{match: GET /a, public: false}",
      "r.yaml:6:29: `public` is `false`, expected a check instead"),
    RouteFlaw(
      "{match: GET /a, check: veiw}",
      "r.yaml:6:28: unknown action `veiw`, did you mean `view`?"),
    RouteFlaw(
      "{match: GET /a, check: \"edit destinations/{body.x}\"}",
      "r.yaml:6:28: unknown resource type `destinations`, did you mean `destination`?"),
    RouteFlaw(
      "{match: \"GET /{id}\", check: \"edit destination/{di}\"}",
      "r.yaml:6:33: the path has no parameter `di`, did you mean `id`?"),
    RouteFlaw(
      "{match: GET /a, check: \"edit destination/D1\"}",
      "r.yaml:6:28: `destination/D1` names no id, expected `destination/{source}` or "
        + "`destination/*`"),
    RouteFlaw(
      "{match: GET /a, check: edit destination}",
      "r.yaml:6:28: `edit` takes a resource with an id"),
    RouteFlaw("{match: GET /a, check: edit}", "r.yaml:6:28: `edit` takes a resource"),
    RouteFlaw(
      "{match: GET /a, check: \"create destination/{body.x}\"}",
      "r.yaml:6:28: `create` takes a type without an id"),
    RouteFlaw(
      "{match: GET /a, check: \"connect destination/{body.x}\"}",
      "r.yaml:6:28: `connect` takes a target"),
    RouteFlaw(
      "{match: GET /a, check: \"connect destination/{body.x} destination/{body.y}\"}",
      "r.yaml:6:28: `connect` does not join `destination` and `destination`"),
    RouteFlaw(
      "{match: GET /a, check: \"edit connection/{body.x}\"}",
      "r.yaml:6:28: `edit` takes one resource, and a connection is two"),
    RouteFlaw(
      "{match: GET /a, check: \"destination_live_events table/{body.x}\"}",
      "r.yaml:6:28: `destination_live_events` does not apply to `table`"),
    RouteFlaw(
      "{match: GET /a, check: members.remove}",
      "r.yaml:6:28: `members.remove` acts on a user, which no route can name"),
    RouteFlaw(
      "{match: GET /a, check: \"create {body.type:kind}\"}",
      "r.yaml:6:28: unknown table `kind`, did you mean `kinds`?"),
    RouteFlaw(
      "{match: GET /a, when: {cookie.a: b}, check: view}",
      "r.yaml:6:28: `cookie.a` is no source, expected a parameter of the path, `query.NAME`, "
        + "`header.name`, `body.MEMBER` or `context.NAME`"),
    RouteFlaw(
      "{match: GET /a, when: {header.X-A: b}, check: view}",
      "r.yaml:6:28: `header.X-A` is no source, expected a parameter of the path, `query.NAME`, "
        + "`header.name`, `body.MEMBER` or `context.NAME`"),
    RouteFlaw(
      "{match: GET /a, check: \"edit destination/{body.a[].b[]}\"}",
      "r.yaml:6:28: `body.a[].b[]` is no place in a body, expected members with at most one list, "
        + "like `body.items[].id`"),
    RouteFlaw(
      "{match: GET /a, workspace: [\"body.a[]\"], check: view}",
      "r.yaml:6:33: `body.a[]` has several values, expected one workspace"),
    RouteFlaw(
      "{match: GET /a, unknown: maybe, check: view}",
      "r.yaml:6:30: `unknown` is `maybe`, expected `deny` or `future`"),
    RouteFlaw(
      "{match: GET /a, callers: [robot], check: view}",
      "r.yaml:6:31: unknown kind of caller `robot`, known: `user`, `service_token`, "
        + "`personal_token`"),
    RouteFlaw(
      "{match: GET /a, chekc: view}",
      "r.yaml:6:5: a route has 0 of `check`, `checks` and `public`, expected 1",
      "r.yaml:6:21: unknown key `chekc` in a route, did you mean `check`?"),
  ]
}
