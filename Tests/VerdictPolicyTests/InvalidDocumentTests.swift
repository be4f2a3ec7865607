import Testing

/// One change to a valid document, and everything that is to be said about the result.
struct Flaw: Sendable, CustomTestStringConvertible {
  let rule: String
  let document: String
  let expected: [String]

  init(_ rule: String, _ old: String, _ new: String, in base: String = Sample.text, _ expected: String...) {
    self.rule = rule
    self.document = base.with(old, new)
    self.expected = expected
  }

  var testDescription: String { rule }
}

@Suite("invalid documents")
struct InvalidDocumentTests {
  @Test("the documents that the flaws are put into have none")
  func baseline() {
    #expect(Sample.findings(Sample.text) == [])
    #expect(Sample.findings(Sample.segment) == [])
  }

  @Test("each rule is reported with its place and its help", arguments: flaws)
  func flaw(_ flaw: Flaw) {
    #expect(Sample.findings(flaw.document) == flaw.expected)
  }

  static let flaws: [Flaw] = [
    // Head.
    Flaw("another version", "verdict/v1", "verdict/v2"),
    Flaw("an unknown model", "model: rudderstack", "model: rudderstak"),
    Flaw("a missing model", "model: rudderstack", ""),
    Flaw("an unknown key at the top", "tokens:\n", "token:\n"),
    Flaw("a missing plan", "  plan: enterprise\n", ""),
    Flaw("an unknown plan", "plan: enterprise", "plan: premium"),
    Flaw("a missing owner", "  owner: olga@acme.example\n", ""),
    Flaw("an unknown key of the organization", "unknown_resources", "unknown_resource"),
    Flaw("a bad value of unknown_resources", "unknown_resources: future", "unknown_resources: allow"),
    Flaw("the organization is a list", "organization:\n  id: acme", "organization: []\nx:\n  id: acme"),

    // Users.
    Flaw("a user twice", "members: [mia@acme.example, max@acme.example]", "members: [mia@acme.example, adam@acme.example, max@acme.example]"),
    Flaw("the owner among the admins", "[adam@acme.example]", "[olga@acme.example]"),
    Flaw("an invitation twice", "[new@acme.example]", "[new@acme.example, new@acme.example]"),
    Flaw("an invited member", "[new@acme.example]", "[max@acme.example]"),
    Flaw("a stranger in a group", "    members: [mia@acme.example]\n    workspaces", "    members: [mia@acme.example, who@acme.example]\n    workspaces"),
    Flaw("an admin in a group", "    members: [mia@acme.example]\n    workspaces", "    members: [mia@acme.example, adam@acme.example]\n    workspaces"),
    Flaw("a member of a group twice", "    members: [mia@acme.example]\n    workspaces", "    members: [mia@acme.example, mia@acme.example]\n    workspaces"),
    Flaw("a stranger in a workspace", "    members: [max@acme.example]\n", "    members: [max@acme.example, who]\n"),
    Flaw("the owner in a workspace", "    members: [max@acme.example]\n", "    members: [max@acme.example, olga@acme.example]\n"),
    Flaw("an unknown workspace of a group", "workspaces: [prod]", "workspaces: [prod, prd]"),
    Flaw("a workspace of a group twice", "workspaces: [prod]", "workspaces: [prod, prod]"),
    Flaw("an unknown key of a group", "    workspaces: [prod]", "    workspace: [prod]"),
    Flaw("an unknown key of a workspace", "    connections:\n", "    conections:\n"),

    // Resources.
    Flaw("an unknown type of resources", "      table: [TB1]", "      tabel: [TB1]"),
    Flaw("a resource twice", "[D1, D2, D3]", "[D1, D2, D3, D1]"),
    Flaw("a resource in two workspaces", "  empty: {}", "  empty: {resources: {destination: [D2]}}"),
    Flaw("a resource without an id", "{id: S2, name: \"iOS app\"}", "{name: \"iOS app\"}, S2"),
    Flaw("an unknown key of a resource", "{id: S2, name: \"iOS app\"}", "{id: S2, title: \"iOS app\"}"),
    Flaw("an empty name", "name: \"iOS app\"", "name: \"\""),
    Flaw("a link to nothing", "connected_to: [D1]", "connected_to: [D1, D9]"),
    Flaw("a link twice", "connected_to: [D1]", "connected_to: [D1, D1]"),
    Flaw("a link that another type has", "[TB1]", "[{id: TB1, connected_to: [D1]}]"),
    Flaw("a link that is no list", "connected_to: [D1]", "connected_to: D1"),

    // Connections.
    Flaw("a connection without an end", "{id: C1, source: event_stream_source/S1, destination: destination/D1}", "{id: C1, source: event_stream_source/S1}"),
    Flaw("a connection id twice", "{id: C2, ", "{id: C1, "),
    Flaw("a connection from nothing", "source: event_stream_source/S1", "source: event_stream_source/S9"),
    Flaw("a connection without a type", "source: event_stream_source/S1", "source: S1"),
    Flaw("a connection of an unknown type", "source: event_stream_source/S1", "source: event_stream_sauce/S1"),
    Flaw("a connection the wrong way", "source: event_stream_source/S1, destination: destination/D1", "source: destination/D1, destination: event_stream_source/S1"),
    Flaw("a connection that cannot be", "source: event_stream_source/S1", "source: data_catalog/order_completed"),

    // Policies.
    Flaw("an unknown key of policies", "      baseline:", "      base:"),
    Flaw("an unknown key of a policy", "          switches: [bot_management]", "          switch: [bot_management]"),
    Flaw("an unknown type of a grant", "destination: {edit: [D1, D2], connect: all}", "destinatoin: {edit: [D1, D2], connect: all}"),
    Flaw("an unknown permission", "{edit: [D1, D2], connect: all}", "{edti: [D1, D2], connect: all}"),
    Flaw("a permission that the type does not have", "transformation: {edit: all, create_delete: all}", "data_catalog: {edit: all, create_delete: all}"),
    Flaw("a PII permission among the resources", "{edit: [D1, D2], connect: all}", "{destination_live_events: [D1, D2], connect: all}"),
    Flaw("a narrowed connect", "{edit: [D1, D2], connect: all}", "{edit: [D1, D2], connect: [D1]}"),
    Flaw("a narrowed create_delete", "create_delete: all", "create_delete: {ids: [T1], include_future: true}"),
    Flaw("an unknown PII permission", "          event_stream_source_live_events: [S1]", "          source_live_events: [S1]"),
    Flaw("an unknown switch", "[bot_management]", "[bot_managment]"),
    Flaw("a switch twice", "[bot_management]", "[bot_management, bot_management]"),
    Flaw("a scope with an unknown id", "edit: [S1, S2]", "edit: [S1, S9]"),
    Flaw("a scope with an id twice", "edit: [S1, S2]", "edit: [S1, S2, S1]"),
    Flaw("a scope with a word", "{edit: all, create_delete: all}", "{edit: some, create_delete: all}"),
    Flaw("a scope without ids", "{ids: [D1], include_future: true}", "{include_future: true}"),
    Flaw("a scope with an unknown key", "{ids: [D1], include_future: true}", "{ids: [D1], future: true}"),
    Flaw("a flag that is none", "include_future: true", "include_future: yes"),
    Flaw("an id without its type", "[table/TB1, sql_model/Q1]", "[TB1, sql_model/Q1]"),
    Flaw("an id of a type that the permission does not have", "[table/TB1, sql_model/Q1]", "[destination/D1, sql_model/Q1]"),
    Flaw("an id with an unknown type", "[table/TB1, sql_model/Q1]", "[tables/TB1, sql_model/Q1]"),
    Flaw("an id with its type that is unknown", "[table/TB1, sql_model/Q1]", "[table/TB9, sql_model/Q1]"),
    Flaw("a policy of an unknown group", "        data-engineers:\n          resources", "        data-engineer:\n          resources"),
    Flaw("a policy of a group that is not attached", "workspaces: [prod]", "workspaces: [empty]"),
    Flaw("a policy of a member without access", "    members: [max@acme.example]\n", ""),
    Flaw("a policy of a stranger", "        max@acme.example:\n", "        who@acme.example:\n"),
    Flaw("a policy of an admin", "        max@acme.example:\n", "        adam@acme.example:\n"),

    // Tokens.
    Flaw("an unknown key of tokens", "  personal:", "  personl:"),
    Flaw("a token twice", "id: scim", "id: ci"),
    Flaw("two tokens with one secret", Sample.hex2, Sample.hex1.uppercased()),
    Flaw("a short secret", Sample.hex1, "1a1a"),
    Flaw("a secret with a letter too far", Sample.hex1, "g" + Sample.hex1.dropFirst()),
    Flaw("a bad time", "2027-01-01T00:00:00Z", "2027-02-29T00:00:00Z"),
    Flaw("an unknown kind", "kind: organization", "kind: org"),
    Flaw("an organization token with a workspace", "kind: organization", "kind: organization, workspace: prod"),
    Flaw("an organization token with a policy", "kind: organization", "kind: organization, policy: {}"),
    Flaw("a token without a workspace", "{id: ci, workspace: prod,", "{id: ci,"),
    Flaw("a token of an unknown workspace", "{id: ci, workspace: prod,", "{id: ci, workspace: dev,"),
    Flaw("a personal token of an unknown workspace", "user: mia@acme.example, workspace: prod", "user: mia@acme.example, workspace: dev"),
    Flaw("a personal token without a scope", "scope: read_only, ", ""),
    Flaw("a personal token with an unknown scope", "scope: read_only", "scope: readonly"),
    Flaw("a personal token of a user who is gone", "user: mia@acme.example", "user: gone@acme.example"),

    // Roles.
    Flaw("groups in a document with roles", "workspaces:", "groups: {}\nworkspaces:", in: Sample.segment),
    Flaw("tokens in a document with roles", "workspaces:", "tokens: {}\nworkspaces:", in: Sample.segment),
    Flaw("members of the organization with roles", "admins: [adam]", "members: [mia]", in: Sample.segment),
    Flaw("members of a workspace with roles", "    roles:", "    members: [mia]\n    roles:", in: Sample.segment),
    Flaw("policies with roles", "    roles:", "    policies: {}\n    roles:", in: Sample.segment),
    Flaw("roles in a document with policies", "  empty: {}", "  empty: {roles: {}}"),
    Flaw("an unknown role", "role: source_admin", "role: source_adm", in: Sample.segment),
    Flaw("a role without its scope", "{role: source_admin, sources: all}", "{role: source_admin}", in: Sample.segment),
    Flaw("a role with a scope it does not have", "{role: warehouse_read_only}", "{role: warehouse_read_only, sources: all}", in: Sample.segment),
    Flaw("a role with a word as its scope", "sources: all", "sources: some", in: Sample.segment),
    Flaw("a role on an unknown resource", "sources: [web]", "sources: [wap]", in: Sample.segment),
    Flaw("a role that the plan does not have", "plan: business", "plan: team", in: Sample.segment),
    Flaw("an assignment without a role", "{role: warehouse_read_only}", "{}", in: Sample.segment),
    Flaw("a role of an admin", "      max:", "      adam:", in: Sample.segment),
    Flaw("a missing parent", "{id: SD1, parent: iOS}", "SD1", in: Sample.segment),
    Flaw("an unknown parent", "parent: iOS", "parent: tvOS", in: Sample.segment),
    Flaw("a list of parents", "parent: iOS", "parent: [iOS]", in: Sample.segment),
    Flaw("an unknown source of a tracking plan", "sources: [iOS]", "sources: [tvOS]", in: Sample.segment),
  ].filter { !$0.document.isEmpty }
}
