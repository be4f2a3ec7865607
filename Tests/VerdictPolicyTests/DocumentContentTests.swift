import Testing
import VerdictModel
import VerdictPolicy

@Suite("what a document says")
struct DocumentContentTests {
  let document: PolicyDocument

  init() throws { document = try Sample.read(Sample.text) }

  func text(_ name: Name) -> String { document.symbols.text(name.symbol) }
  func texts(_ names: [Name]) -> [String] { names.map(text) }

  /// `edit on destination: D1 D2 +future`, for every grant.
  func grants(_ policy: PolicyDocument.Policy?) -> [String] {
    (policy?.grants ?? []).map { grant in
      let permission = document.model.permissions[grant.permission].name
      let type = document.model.resourceTypes[grant.type].name
      switch grant.scope {
      case .all: return "\(permission) on \(type): all"
      case .some(let ids, let future):
        let list = texts(ids).joined(separator: " ")
        return "\(permission) on \(type): \(list)\(future ? " +future" : "")"
      }
    }
  }

  @Test("the organization")
  func organization() {
    let organization = document.organization
    #expect(text(organization.id) == "acme")
    #expect(organization.id.mark == Mark(line: 4, column: 7))
    #expect(document.model.plans[organization.plan].name == "enterprise")
    #expect(text(organization.owner) == "olga@acme.example")
    #expect(texts(organization.admins) == ["adam@acme.example"])
    #expect(texts(organization.members) == ["mia@acme.example", "max@acme.example"])
    #expect(texts(organization.invitations) == ["new@acme.example"])
    #expect(organization.unknownResources == .future)
  }

  @Test("unknown resources can be denied, and are future ones by default")
  func unknownResources() throws {
    let denied = Sample.text.with("unknown_resources: future", "unknown_resources: deny")
    #expect(try Sample.read(denied).organization.unknownResources == .deny)
    let absent = Sample.text.with("  unknown_resources: future\n", "")
    #expect(try Sample.read(absent).organization.unknownResources == .future)
  }

  @Test("groups with their members and workspaces")
  func groups() {
    #expect(texts(document.groups.map(\.id)) == ["data-engineers"])
    #expect(texts(document.groups[0].members) == ["mia@acme.example"])
    #expect(texts(document.groups[0].workspaces) == ["prod"])
  }

  @Test("workspaces with members and resources in the document's order")
  func workspaces() {
    #expect(texts(document.workspaces.map(\.id)) == ["prod", "empty"])
    let prod = document.workspaces[0]
    #expect(texts(prod.members) == ["max@acme.example"])
    let resources = prod.resources.map {
      "\(document.model.resourceTypes[$0.type].name)/\(text($0.id))"
    }
    #expect(
      resources == [
        "event_stream_source/S1", "event_stream_source/S2", "event_stream_source/S3",
        "destination/D1", "destination/D2", "destination/D3", "table/TB1", "sql_model/Q1",
        "transformation/T1", "tracking_plan/TP1", "data_catalog/order_completed",
      ])
    #expect(prod.resources[1].display.map(document.symbols.text) == "iOS app")
    #expect(prod.resources[0].display == nil)
  }

  @Test("links, with one for a connection whose type is linked through connections")
  func links() {
    let resources = document.workspaces[0].resources
    let links = resources.flatMap { resource in
      resource.links.map {
        "\(text(resource.id)) \(document.model.relations[$0.relation].name) \(text($0.id))"
      }
    }
    #expect(
      links == ["T1 connected_to D1", "T1 connected_to D2", "order_completed tracking_plans TP1"])
  }

  @Test("a connection that repeats a link adds none")
  func repeatedLink() throws {
    let repeated = Sample.text.with(
      "source: transformation/T1, destination: destination/D2",
      "source: transformation/T1, destination: destination/D1")
    let resources = try Sample.read(repeated).workspaces[0].resources
    #expect(resources.map(\.links.count).reduce(0, +) == 2)
  }

  @Test("connections by their own ids")
  func connections() {
    let connections = document.workspaces[0].connections
    #expect(texts(connections.map(\.id)) == ["C1", "C2"])
    #expect(text(connections[0].source.id) == "S1")
    #expect(document.model.resourceTypes[connections[0].source.type].name == "event_stream_source")
    #expect(text(connections[0].destination.id) == "D1")
  }

  @Test("the baseline; a permission over several types is a grant on each that is listed")
  func baseline() {
    #expect(
      grants(document.workspaces[0].baseline) == [
        "edit on event_stream_source: S1 S2", "connect on event_stream_source: all",
        "edit on destination: D1 D2", "connect on destination: all",
        "event_stream_source_live_events on event_stream_source: S1",
        "reverse_etl_sync_failure_samples on table: TB1",
        "reverse_etl_sync_failure_samples on sql_model: Q1",
      ])
    #expect(document.workspaces[1].baseline == nil)
  }

  @Test("policies of groups and members")
  func holders() {
    let prod = document.workspaces[0]
    #expect(texts(prod.groupPolicies.map(\.holder)) == ["data-engineers"])
    #expect(
      grants(prod.groupPolicies[0].policy) == [
        "edit on transformation: all", "create_delete on transformation: all",
      ])
    let switches = prod.groupPolicies[0].policy.switches.map {
      document.model.permissions[$0].name
    }
    #expect(switches == ["bot_management"])
    #expect(texts(prod.memberPolicies.map(\.holder)) == ["max@acme.example"])
    #expect(
      grants(prod.memberPolicies[0].policy) == [
        "destination_live_events on destination: D1 +future"
      ])
  }

  @Test("the future flag and `all` reach every type of a permission")
  func severalTypes() throws {
    let future = Sample.text.with(
      "[table/TB1, sql_model/Q1]", "{ids: [table/TB1], include_future: true}")
    var document = try Sample.read(future)
    var scopes = document.workspaces[0].baseline?.grants.suffix(3).map { grant in
      switch grant.scope {
      case .all: "all"
      case .some(let ids, let future): "\(ids.count) \(future)"
      }
    }
    #expect(scopes == ["1 true", "0 true", "0 true"])
    document = try Sample.read(Sample.text.with("[table/TB1, sql_model/Q1]", "all"))
    scopes = document.workspaces[0].baseline?.grants.suffix(3).map { "\($0.scope)" }
    #expect(scopes == ["all", "all", "all"])
  }

  @Test("an empty list grants nothing")
  func emptyScope() throws {
    let document = try Sample.read(Sample.text.with("edit: [S1, S2]", "edit: []"))
    #expect(document.workspaces[0].baseline?.grants.count == 6)
  }

  @Test("tokens with secrets and expiry")
  func tokens() {
    #expect(texts(document.serviceTokens.map(\.id)) == ["ci", "scim"])
    let (ci, scim) = (document.serviceTokens[0], document.serviceTokens[1])
    #expect(ci.workspace.map(text) == "prod")
    #expect(grants(ci.policy) == ["edit on destination: all"])
    #expect(ci.secret.sha256 == Array(repeating: 0x1a, count: 32))
    #expect(ci.secret.expiresAtSeconds == nil)
    #expect(scim.workspace == nil)
    #expect(scim.policy.grants.isEmpty)
    #expect(scim.secret.sha256 == Array(repeating: 0x2b, count: 32))
    #expect(scim.secret.expiresAtSeconds == 1_798_761_600)
    let personal = document.personalTokens[0]
    #expect(text(personal.id) == "mia-laptop")
    #expect(text(personal.user) == "mia@acme.example")
    #expect(text(personal.workspace) == "prod")
    #expect(personal.scope == .readOnly)
  }

  @Test("a token without a secret has none")
  func noSecret() throws {
    let text = Sample.text.with(", secret_sha256: \"\(Sample.hex3)\"", "")
    #expect(try Sample.read(text).personalTokens[0].secret.sha256.isEmpty)
  }

  @Test("owners and admins leave no trace in members, groups and policies")
  func admins() throws {
    let group = Sample.text.with(
      "    members: [mia@acme.example]\n    w", "    members: [adam@acme.example]\n    w")
    #expect(try Sample.read(group).groups[0].members.isEmpty)
    let policy = Sample.text.with("        max@acme.example:\n", "        adam@acme.example:\n")
    #expect(try Sample.read(policy).workspaces[0].memberPolicies.isEmpty)
  }

  @Test("a member has access through a group too")
  func accessThroughGroup() throws {
    let policy = Sample.text.with("        max@acme.example:\n", "        mia@acme.example:\n")
    #expect(try Sample.read(policy).workspaces[0].memberPolicies.count == 1)
  }

  @Test("roles with their scopes")
  func roles() throws {
    let document = try Sample.read(Sample.segment)
    let roles = document.workspaces[0].roles.map { assignment in
      let role = document.model.roles[assignment.role].name
      let user = document.symbols.text(assignment.user.symbol)
      switch assignment.scope {
      case .all: return "\(user) \(role) all"
      case .some(let ids, let future):
        let list = ids.map { document.symbols.text($0.symbol) }.joined(separator: " ")
        return "\(user) \(role) \(list) \(future)"
      }
    }
    #expect(
      roles == [
        "mia source_admin all", "mia warehouse_read_only all", "max source_read_only web false",
      ])
    let destination = document.workspaces[0].resources[2]
    #expect(document.model.relations[destination.links[0].relation].name == "parent")
  }

  @Test("keys may come in any order")
  func anyOrder() throws {
    let blocks = [
      "tokens:", "workspaces:\n  prod", "groups:", "organization:", "model:", "apiVersion:",
    ]
    var rest = Sample.text
    var turned = ""
    for block in blocks {
      let bytes = Array(rest.utf8)
      let start = bytes.indices.first { bytes[$0...].starts(with: Array(block.utf8)) } ?? 0
      turned += String(decoding: bytes[start...], as: UTF8.self)
      rest = String(decoding: bytes[..<start], as: UTF8.self)
    }
    let other = try Sample.read(turned)
    #expect(Summary(other) == Summary(document))
  }
}
