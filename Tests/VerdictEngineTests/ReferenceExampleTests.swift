import Testing
import VerdictModel
import VerdictPolicy
import VerdictTestKit

/// The worked example of domain.md section 5, as the document's tree.
@Suite("the reference interpreter decides the worked example as written")
struct ReferenceExampleTests {
  static let interpreter: ReferenceInterpreter = {
    let model = ReferenceModel.rudderstack
    var symbols = SymbolTable()
    func name(_ text: String) -> Name {
      Name(symbol: symbols.intern(text), mark: Mark(line: 0, column: 0))
    }
    func index(_ found: Int?) -> Int {
      guard let found else { preconditionFailure("the model has this name") }
      return found
    }
    func grant(_ permission: String, _ type: String, _ ids: [String]?) -> PolicyDocument.Grant {
      PolicyDocument.Grant(
        permission: index(model.permissionIndex(permission)), type: index(model.typeIndex(type)),
        scope: ids.map { .some($0.map(name), future: false) } ?? .all,
        mark: Mark(line: 0, column: 0))
    }
    let source = "event_stream_source"
    let destination = "destination"
    let resources = [(source, ["S1", "S2", "S3"]), (destination, ["D1", "D2", "D3"])].flatMap {
      type, ids in
      ids.map { PolicyDocument.Resource(type: index(model.typeIndex(type)), id: name($0)) }
    }
    let workspace = PolicyDocument.Workspace(
      id: name("prod"), members: [name("mia")], resources: resources,
      baseline: PolicyDocument.Policy(grants: [
        grant("edit", source, ["S1", "S2"]), grant("edit", destination, ["D1", "D2"]),
        grant("connect", source, nil), grant("connect", destination, nil),
        grant("event_stream_source_live_events", source, ["S1"]),
      ]))
    let organization = PolicyDocument.Organization(
      id: name("acme"), plan: index(model.planIndex("enterprise")), owner: name("olga"),
      members: [name("mia")])
    return ReferenceInterpreter(documents: [
      PolicyDocument(
        path: "example.yaml", model: model, symbols: symbols, organization: organization,
        workspaces: [workspace])
    ])
  }()

  static func answer(
    _ action: String, _ resource: String? = nil, _ target: String? = nil
  ) -> String {
    let check = Check(
      principal: "user:mia", workspace: "prod", action: action, resource: resource, target: target)
    return interpreter.decide(ReferenceCheck(check)).description
  }

  static func source(_ id: String) -> String { "event_stream_source/\(id)" }
  static func destination(_ id: String) -> String { "destination/\(id)" }

  @Test("edit of S1, S2, D1 and D2, not of S3 and D3")
  func edit() {
    for resource in ["S1", "S2"].map(Self.source) + ["D1", "D2"].map(Self.destination) {
      #expect(Self.answer("edit", resource) == "allow granted")
    }
    for resource in [Self.source("S3"), Self.destination("D3")] {
      #expect(
        Self.answer("edit", resource)
          == "deny resource_not_in_scope permission=edit operand=self")
    }
  }

  @Test("connect and disconnect of the four pairs, and nothing to S3 or D3")
  func connect() {
    for action in ["connect", "disconnect"] {
      for source in ["S1", "S2", "S3"] {
        for destination in ["D1", "D2", "D3"] {
          let answer = Self.answer(action, Self.source(source), Self.destination(destination))
          let expected =
            source == "S3"
            ? "deny resource_not_in_scope permission=edit operand=self"
            : destination == "D3"
              ? "deny resource_not_in_scope permission=edit operand=target" : "allow granted"
          #expect(answer == expected, "\(action) \(source)-\(destination)")
        }
      }
    }
  }

  @Test("live events of S1 and of nothing else")
  func liveEvents() {
    let events = "event_stream_source_live_events"
    #expect(Self.answer(events, Self.source("S1")) == "allow granted")
    for source in ["S2", "S3"] {
      #expect(
        Self.answer(events, Self.source(source))
          == "deny resource_not_in_scope permission=\(events) operand=self")
    }
    for action in ["destination_live_events", "destination_failure_samples"] {
      for destination in ["D1", "D2", "D3"] {
        #expect(
          Self.answer(action, Self.destination(destination))
            == "deny missing_permission permission=\(action) operand=self")
      }
    }
  }

  @Test("view of everything, and neither create nor delete")
  func rest() {
    for resource in ["S1", "S2", "S3"].map(Self.source) + ["D1", "D2", "D3"].map(Self.destination) {
      #expect(Self.answer("view", resource) == "allow view_floor")
    }
    #expect(Self.answer("view") == "allow view_floor")
    #expect(
      Self.answer("create", "event_stream_source")
        == "deny missing_permission permission=create_delete operand=self")
    #expect(
      Self.answer("delete", Self.source("S1"))
        == "deny missing_permission permission=create_delete operand=self")
  }
}
