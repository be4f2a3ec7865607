import Testing

/// One change to a valid document, and everything that is to be said about the result.
struct Flaw: Sendable, CustomTestStringConvertible {
  let rule: String
  let document: String
  let expected: [String]

  init(
    _ rule: String, _ old: String, _ new: String, in base: String = Sample.text,
    _ expected: String...
  ) {
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
    Flaw(
      "another version", "verdict/v1", "verdict/v2",
      "t.yaml:1:13: `apiVersion` is `verdict/v2`, expected `verdict/v1`"),
    Flaw(
      "an unknown model", "model: rudderstack", "model: rudderstak",
      "t.yaml:2:8: unknown model `rudderstak`, did you mean `rudderstack`?"),
    Flaw(
      "a missing model", "model: rudderstack", "",
      "t.yaml:1:1: the document has no `model`, which is required"),
    Flaw(
      "an unknown key at the top", "tokens:\n", "token:\n",
      "t.yaml:46:1: unknown key `token` in the document, did you mean `tokens`?"),
    Flaw(
      "a missing plan", "  plan: enterprise\n", "",
      "t.yaml:4:3: `organization` has no `plan`, which is required"),
    Flaw(
      "an unknown plan", "plan: enterprise", "plan: premium",
      "t.yaml:5:9: unknown plan `premium`, known: `free`, `starter`, `growth`, `enterprise`"),
    Flaw(
      "a missing owner", "  owner: olga@acme.example\n", "",
      "t.yaml:4:3: `organization` has no `owner`, which is required"),
    Flaw(
      "an unknown key of the organization", "unknown_resources", "unknown_resource",
      "t.yaml:10:3: unknown key `unknown_resource` in `organization`, did you mean `unknown_resources`?"
    ),
    Flaw(
      "a bad value of unknown_resources", "unknown_resources: future", "unknown_resources: allow",
      "t.yaml:10:22: `unknown_resources` is `allow`, expected `future` or `deny`"),
    Flaw(
      "the organization is a list", "organization:\n  id: acme", "organization: []\nx:\n  id: acme",
      "t.yaml:3:15: `organization` is a list, expected a mapping",
      "t.yaml:4:1: unknown key `x` in the document, known keys: `apiVersion`, `model`, `organization`, `groups`, `workspaces`, `tokens`"
    ),

    // Users.
    Flaw(
      "a user twice", "members: [mia@acme.example, max@acme.example]",
      "members: [mia@acme.example, adam@acme.example, max@acme.example]",
      "t.yaml:8:31: `adam@acme.example` is listed already as admin, expected once among `owner`, `admins` and `members`"
    ),
    Flaw(
      "the owner among the admins", "[adam@acme.example]", "[olga@acme.example]",
      "t.yaml:7:12: `olga@acme.example` is listed already as owner, expected once among `owner`, `admins` and `members`"
    ),
    Flaw(
      "an invitation twice", "[new@acme.example]", "[new@acme.example, new@acme.example]",
      "t.yaml:9:35: `new@acme.example` is invited twice, expected once"),
    Flaw(
      "an invited member", "[new@acme.example]", "[max@acme.example]",
      "t.yaml:9:17: warning: `max@acme.example` is in the organization already, the invitation only counts against the member limit"
    ),
    Flaw(
      "a stranger in a group", "    members: [mia@acme.example]\n    workspaces",
      "    members: [mia@acme.example, who@acme.example]\n    workspaces",
      "t.yaml:13:33: a member of a group is `who@acme.example`, who is not in the organization; add the user to `organization.members`"
    ),
    Flaw(
      "an admin in a group", "    members: [mia@acme.example]\n    workspaces",
      "    members: [mia@acme.example, adam@acme.example]\n    workspaces",
      "t.yaml:13:33: warning: `adam@acme.example` is an owner or admin and may do everything, being a member of a group has no effect"
    ),
    Flaw(
      "a member of a group twice", "    members: [mia@acme.example]\n    workspaces",
      "    members: [mia@acme.example, mia@acme.example]\n    workspaces",
      "t.yaml:13:33: warning: `mia@acme.example` is listed twice"),
    Flaw(
      "a stranger in a workspace", "    members: [max@acme.example]\n",
      "    members: [max@acme.example, who]\n",
      "t.yaml:17:33: a member of a workspace is `who`, who is not in the organization; add the user to `organization.members`"
    ),
    Flaw(
      "the owner in a workspace", "    members: [max@acme.example]\n",
      "    members: [max@acme.example, olga@acme.example]\n",
      "t.yaml:17:33: warning: `olga@acme.example` is an owner or admin and may do everything, being a member of a workspace has no effect"
    ),
    Flaw(
      "an unknown workspace of a group", "workspaces: [prod]", "workspaces: [prod, prd]",
      "t.yaml:14:24: unknown workspace `prd`, did you mean `prod`?"),
    Flaw(
      "a workspace of a group twice", "workspaces: [prod]", "workspaces: [prod, prod]",
      "t.yaml:14:24: warning: `prod` is listed twice"),
    Flaw(
      "an unknown key of a group", "    workspaces: [prod]", "    workspace: [prod]",
      "t.yaml:14:5: unknown key `workspace` in a group, did you mean `workspaces`?",
      "t.yaml:38:9: group `data-engineers` is not attached to workspace `prod`; add the workspace to the group's `workspaces`"
    ),
    Flaw(
      "an unknown key of a workspace", "    connections:\n", "    conections:\n",
      "t.yaml:26:5: unknown key `conections` in a workspace, did you mean `connections`?"),

    // Resources.
    Flaw(
      "an unknown type of resources", "      table: [TB1]", "      tabel: [TB1]",
      "t.yaml:21:7: unknown resource type `tabel`, did you mean `table`?",
      "t.yaml:36:46: workspace `prod` has no table `TB1`; add it to `resources.table`"),
    Flaw(
      "a resource twice", "[D1, D2, D3]", "[D1, D2, D3, D1]",
      "t.yaml:20:33: destination `D1` is listed already in workspace `prod`, expected each type and id once in the organization"
    ),
    Flaw(
      "a resource in two workspaces", "  empty: {}", "  empty: {resources: {destination: [D2]}}",
      "t.yaml:45:37: destination `D2` is listed already in workspace `prod`, expected each type and id once in the organization"
    ),
    Flaw(
      "a resource without an id", "{id: S2, name: \"iOS app\"}", "{name: \"iOS app\"}, S2",
      "t.yaml:19:33: a resource has no `id`, which is required"),
    Flaw(
      "an unknown key of a resource", "{id: S2, name: \"iOS app\"}", "{id: S2, title: \"iOS app\"}",
      "t.yaml:19:42: unknown key `title` in a resource of type `event_stream_source`, known keys: `id`, `name`"
    ),
    Flaw(
      "an empty name", "name: \"iOS app\"", "name: \"\"",
      "t.yaml:19:48: a resource's `name` has 0 bytes, expected 1 to 1024"),
    Flaw(
      "a link to nothing", "connected_to: [D1]", "connected_to: [D1, D9]",
      "t.yaml:23:52: workspace `prod` has no destination `D9`; add it to `resources.destination`"),
    Flaw(
      "a link twice", "connected_to: [D1]", "connected_to: [D1, D1]",
      "t.yaml:23:52: warning: `D1` is listed twice"),
    Flaw(
      "a link that another type has", "[TB1]", "[{id: TB1, connected_to: [D1]}]",
      "t.yaml:21:25: unknown key `connected_to` in a resource of type `table`, known keys: `id`, `name`"
    ),
    Flaw(
      "a link that is no list", "connected_to: [D1]", "connected_to: D1",
      "t.yaml:23:47: `connected_to` is `D1`, expected a list"),

    // Connections.
    Flaw(
      "a connection without an end",
      "{id: C1, source: event_stream_source/S1, destination: destination/D1}",
      "{id: C1, source: event_stream_source/S1}",
      "t.yaml:27:9: a connection has no `destination`, which is required"),
    Flaw(
      "a connection id twice", "{id: C2, ", "{id: C1, ",
      "t.yaml:28:14: connection `C1` is listed already, expected each id once in the organization"),
    Flaw(
      "a connection from nothing", "source: event_stream_source/S1",
      "source: event_stream_source/S9",
      "t.yaml:27:26: workspace `prod` has no resource `event_stream_source/S9`; add it to `resources.event_stream_source`"
    ),
    Flaw(
      "a connection without a type", "source: event_stream_source/S1", "source: S1",
      "t.yaml:27:26: `S1` names no type, expected `TYPE/ID`"),
    Flaw(
      "a connection of an unknown type", "source: event_stream_source/S1",
      "source: event_stream_sauce/S1",
      "t.yaml:27:26: unknown resource type in `event_stream_sauce/S1`, did you mean `event_stream_source`?"
    ),
    Flaw(
      "a connection the wrong way", "source: event_stream_source/S1, destination: destination/D1",
      "source: destination/D1, destination: event_stream_source/S1",
      "t.yaml:27:9: a connection can't join `destination` to `event_stream_source`, swap `source` and `destination`"
    ),
    Flaw(
      "a connection that cannot be", "source: event_stream_source/S1",
      "source: data_catalog/order_completed",
      "t.yaml:27:9: a connection can't join `data_catalog` to `destination`, expected one of `event_stream_source-destination`, `transformation-destination`, `event_stream_source-tracking_plan`, `table-destination`, `sql_model-destination`, `audience-destination`, `profile-destination`"
    ),

    // Policies.
    Flaw(
      "an unknown key of policies", "      baseline:", "      base:",
      "t.yaml:30:7: unknown key `base` in `policies`, known keys: `baseline`, `groups`, `members`"),
    Flaw(
      "an unknown key of a policy", "          switches: [bot_management]",
      "          switch: [bot_management]",
      "t.yaml:41:11: unknown key `switch` in a policy, did you mean `switches`?"),
    Flaw(
      "an unknown type of a grant", "destination: {edit: [D1, D2], connect: all}",
      "destinatoin: {edit: [D1, D2], connect: all}",
      "t.yaml:33:11: unknown resource type `destinatoin`, did you mean `destination`?"),
    Flaw(
      "an unknown permission", "{edit: [D1, D2], connect: all}", "{edti: [D1, D2], connect: all}",
      "t.yaml:33:25: unknown permission `edti`, did you mean `edit`?"),
    Flaw(
      "a permission that the type does not have", "transformation: {edit: all, create_delete: all}",
      "data_catalog: {edit: all, create_delete: all}",
      "t.yaml:40:39: permission `create_delete` can't be granted on `data_catalog`, known: `edit`"),
    Flaw(
      "a PII permission among the resources", "{edit: [D1, D2], connect: all}",
      "{destination_live_events: [D1, D2], connect: all}",
      "t.yaml:33:25: `destination_live_events` is granted under `pii`, move it there"),
    Flaw(
      "a narrowed connect", "{edit: [D1, D2], connect: all}", "{edit: [D1, D2], connect: [D1]}",
      "t.yaml:33:50: `connect` on `destination` can't be narrowed, expected `all` or no grant"),
    Flaw(
      "a narrowed create_delete", "create_delete: all",
      "create_delete: {ids: [T1], include_future: true}",
      "t.yaml:40:56: `create_delete` on `transformation` can't be narrowed, expected `all` or no grant"
    ),
    Flaw(
      "an unknown PII permission", "          event_stream_source_live_events: [S1]",
      "          source_live_events: [S1]",
      "t.yaml:35:11: unknown PII permission `source_live_events`, did you mean `event_stream_source_live_events`?"
    ),
    Flaw(
      "an unknown switch", "[bot_management]", "[bot_managment]",
      "t.yaml:41:22: unknown switch `bot_managment`, did you mean `bot_management`?"),
    Flaw(
      "a switch twice", "[bot_management]", "[bot_management, bot_management]",
      "t.yaml:41:38: warning: switch `bot_management` is listed twice"),
    Flaw(
      "a scope with an unknown id", "edit: [S1, S2]", "edit: [S1, S9]",
      "t.yaml:32:44: workspace `prod` has no event stream source `S9`; add it to `resources.event_stream_source`"
    ),
    Flaw(
      "a scope with an id twice", "edit: [S1, S2]", "edit: [S1, S2, S1]",
      "t.yaml:32:48: warning: `S1` is listed twice"),
    Flaw(
      "a scope with a word", "{edit: all, create_delete: all}", "{edit: some, create_delete: all}",
      "t.yaml:40:36: a scope is `some`, expected `all`, a list of ids, or `{ids: [...], include_future: true}`"
    ),
    Flaw(
      "a scope without ids", "{ids: [D1], include_future: true}", "{include_future: true}",
      "t.yaml:44:42: a scope has no `ids`, which is required"),
    Flaw(
      "a scope with an unknown key", "{ids: [D1], include_future: true}",
      "{ids: [D1], future: true}",
      "t.yaml:44:54: unknown key `future` in a scope, did you mean `include_future`?"),
    Flaw(
      "a flag that is none", "include_future: true", "include_future: yes",
      "t.yaml:44:70: `include_future` is `yes`, expected `true` or `false`"),
    Flaw(
      "an id without its type", "[table/TB1, sql_model/Q1]", "[TB1, sql_model/Q1]",
      "t.yaml:36:46: `TB1` names no type, expected `TYPE/ID`"),
    Flaw(
      "an id of a type that the permission does not have", "[table/TB1, sql_model/Q1]",
      "[destination/D1, sql_model/Q1]",
      "t.yaml:36:46: the permission does not apply to `destination`, expected one of `table`, `sql_model`, `audience`"
    ),
    Flaw(
      "an id with an unknown type", "[table/TB1, sql_model/Q1]", "[tables/TB1, sql_model/Q1]",
      "t.yaml:36:46: unknown resource type in `tables/TB1`, did you mean `table`?"),
    Flaw(
      "an id with its type that is unknown", "[table/TB1, sql_model/Q1]",
      "[table/TB9, sql_model/Q1]",
      "t.yaml:36:46: workspace `prod` has no resource `table/TB9`; add it to `resources.table`"),
    Flaw(
      "a policy of an unknown group", "        data-engineers:\n          resources",
      "        data-engineer:\n          resources",
      "t.yaml:38:9: unknown group `data-engineer`, did you mean `data-engineers`?"),
    Flaw(
      "a policy of a group that is not attached", "workspaces: [prod]", "workspaces: [empty]",
      "t.yaml:38:9: group `data-engineers` is not attached to workspace `prod`; add the workspace to the group's `workspaces`"
    ),
    Flaw(
      "a policy of a member without access", "    members: [max@acme.example]\n", "",
      "t.yaml:42:9: `max@acme.example` has no access to workspace `prod`; add the user to its `members`, or to a group that is attached to it"
    ),
    Flaw(
      "a policy of a stranger", "        max@acme.example:\n", "        who@acme.example:\n",
      "t.yaml:43:9: a holder of a policy is `who@acme.example`, who is not in the organization; add the user to `organization.members`"
    ),
    Flaw(
      "a policy of an admin", "        max@acme.example:\n", "        adam@acme.example:\n",
      "t.yaml:43:9: warning: `adam@acme.example` is an owner or admin and may do everything, being a holder of a policy has no effect"
    ),

    // Tokens.
    Flaw(
      "an unknown key of tokens", "  personal:", "  personl:",
      "t.yaml:50:3: unknown key `personl` in `tokens`, did you mean `personal`?"),
    Flaw(
      "a token twice", "id: scim", "id: ci",
      "t.yaml:49:12: token `ci` is listed twice, expected each id once"),
    Flaw(
      "two tokens with one secret", Sample.hex2, Sample.hex1.uppercased(),
      "t.yaml:49:53: the same secret as the token on line 48, expected one for each token"),
    Flaw(
      "a short secret", Sample.hex1, "1a1a",
      "t.yaml:48:48: `secret_sha256` is no SHA-256, expected 64 hexadecimal digits"),
    Flaw(
      "a secret with a letter too far", Sample.hex1, "g" + Sample.hex1.dropFirst(),
      "t.yaml:48:48: `secret_sha256` is no SHA-256, expected 64 hexadecimal digits"),
    Flaw(
      "a bad time", "2027-01-01T00:00:00Z", "2027-02-29T00:00:00Z",
      "t.yaml:49:133: `expires_at` is `2027-02-29T00:00:00Z`, expected a time such as `2027-01-01T00:00:00Z`"
    ),
    Flaw(
      "an unknown kind", "kind: organization", "kind: org",
      "t.yaml:49:24: `kind` is `org`, expected `organization` or `workspace`"),
    Flaw(
      "an organization token with a workspace", "kind: organization",
      "kind: organization, workspace: prod",
      "t.yaml:49:38: a token of `kind: organization` has no `workspace`, remove the key or the kind"
    ),
    Flaw(
      "an organization token with a policy", "kind: organization", "kind: organization, policy: {}",
      "t.yaml:49:38: a token of `kind: organization` has no `policy`, remove the key or the kind"),
    Flaw(
      "a token without a workspace", "{id: ci, workspace: prod,", "{id: ci,",
      "t.yaml:48:7: a service token has no `workspace`, expected one or `kind: organization`"),
    Flaw(
      "a token of an unknown workspace", "{id: ci, workspace: prod,", "{id: ci, workspace: dev,",
      "t.yaml:48:27: unknown workspace `dev`, known: `prod`, `empty`"),
    Flaw(
      "a personal token of an unknown workspace", "user: mia@acme.example, workspace: prod",
      "user: mia@acme.example, workspace: dev",
      "t.yaml:51:59: unknown workspace `dev`, known: `prod`, `empty`"),
    Flaw(
      "a personal token without a scope", "scope: read_only, ", "",
      "t.yaml:51:7: a personal token has no `scope`, which is required"),
    Flaw(
      "a personal token with an unknown scope", "scope: read_only", "scope: readonly",
      "t.yaml:51:72: `scope` is `readonly`, expected `read_only`, `read_write` or `admin`"),
    Flaw(
      "a personal token of a user who is gone", "user: mia@acme.example", "user: gone@acme.example",
      "t.yaml:51:30: warning: `gone@acme.example` is not in the organization, the token is an unknown principal"
    ),

    // Plans.
    Flaw(
      "what the growth plan does not have", "plan: enterprise", "plan: growth",
      "t.yaml:30:7: the plan `growth` does not have baseline policies (rule `baseline`); remove it or change the plan to `enterprise`",
      "t.yaml:44:11: the plan `growth` does not have configurable PII permissions (rule `pii`); remove it or change the plan to `enterprise`"
    ),
    Flaw(
      "what the starter plan does not have", "plan: enterprise", "plan: starter",
      "t.yaml:12:3: the plan `starter` allows 0 groups (rule `groups`), but there are 1; remove some or change the plan",
      "t.yaml:30:7: the plan `starter` does not have baseline policies (rule `baseline`); remove it or change the plan to `enterprise`",
      "t.yaml:37:7: the plan `starter` does not have policies of groups (rule `group_policies`); remove it or change the plan to one of `growth`, `enterprise`",
      "t.yaml:44:11: the plan `starter` does not have configurable PII permissions (rule `pii`); remove it or change the plan to `enterprise`"
    ),
    Flaw(
      "what the free plan does not have", "plan: enterprise", "plan: free",
      "t.yaml:12:3: the plan `free` allows 0 groups (rule `groups`), but there are 1; remove some or change the plan",
      "t.yaml:30:7: the plan `free` does not have baseline policies (rule `baseline`); remove it or change the plan to `enterprise`",
      "t.yaml:37:7: the plan `free` does not have policies of groups (rule `group_policies`); remove it or change the plan to one of `growth`, `enterprise`",
      "t.yaml:42:7: the plan `free` does not have policies of members (rule `member_policies`); remove it or change the plan to one of `starter`, `growth`, `enterprise`",
      "t.yaml:45:3: the plan `free` allows 1 workspaces (rule `workspaces`), but there are 2; remove some or change the plan",
      "t.yaml:48:7: the plan `free` does not have service access tokens (rule `service_tokens`); remove it or change the plan to one of `starter`, `growth`, `enterprise`",
      "t.yaml:49:7: the plan `free` does not have service access tokens (rule `service_tokens`); remove it or change the plan to one of `starter`, `growth`, `enterprise`"
    ),
    Flaw(
      "a scope with ids on growth", "edit: all", "edit: [D1]", in: Sample.growth,
      "t.yaml:8:64: the plan `growth` does not have scopes with ids (rule `instance_scopes`); remove it or change the plan to `enterprise`"
    ),
    Flaw(
      "a scope with a flag on growth", "edit: all", "edit: {ids: [], include_future: true}",
      in: Sample.growth,
      "t.yaml:8:64: the plan `growth` does not have scopes with ids (rule `instance_scopes`); remove it or change the plan to `enterprise`"
    ),
    Flaw(
      "more members than the plan allows", "plan: business, owner: olga, admins: [adam]}",
      "plan: free, owner: o, members: [a, b, c, d, e, f, g, h], invitations: [i, j]}",
      in: Sample.segment.replacingModel,
      "t.yaml:3:99: the plan `free` allows 10 members and invitations (rule `members`), but there are 11; remove some or change the plan"
    ),

    // Roles.
    Flaw(
      "groups in a document with roles", "workspaces:", "groups: {}\nworkspaces:",
      in: Sample.segment,
      "t.yaml:4:1: `groups` has no place in a document of model `segment`, expected `roles` in workspaces"
    ),
    Flaw(
      "tokens in a document with roles", "workspaces:", "tokens: {}\nworkspaces:",
      in: Sample.segment,
      "t.yaml:4:1: `tokens` has no place in a document of model `segment`, expected `roles` in workspaces"
    ),
    Flaw(
      "members of the organization with roles", "admins: [adam]", "members: [mia]",
      in: Sample.segment,
      "t.yaml:3:54: `members` has no place in a document of model `segment`, expected `roles` in workspaces"
    ),
    Flaw(
      "members of a workspace with roles", "    roles:", "    members: [mia]\n    roles:",
      in: Sample.segment,
      "t.yaml:12:5: `members` has no place in a document of model `segment`, expected `roles` in workspaces"
    ),
    Flaw(
      "policies with roles", "    roles:", "    policies: {}\n    roles:", in: Sample.segment,
      "t.yaml:12:5: `policies` has no place in a document of model `segment`, expected `roles` in workspaces"
    ),
    Flaw(
      "roles in a document with policies", "  empty: {}", "  empty: {roles: {}}",
      "t.yaml:45:11: `roles` has no place in a document of model `rudderstack`, expected `policies` in workspaces"
    ),
    Flaw(
      "an unknown role", "role: source_admin", "role: source_adm", in: Sample.segment,
      "t.yaml:13:20: unknown role `source_adm`, did you mean `source_admin`?"),
    Flaw(
      "a role without its scope", "{role: source_admin, sources: all}", "{role: source_admin}",
      in: Sample.segment,
      "t.yaml:13:13: an assignment of `source_admin` has no `sources`, expected `all` or a list of ids"
    ),
    Flaw(
      "a role with a scope it does not have", "{role: warehouse_read_only}",
      "{role: warehouse_read_only, sources: all}", in: Sample.segment,
      "t.yaml:13:77: unknown key `sources` in an assignment of `warehouse_read_only`, known keys: `role`"
    ),
    Flaw(
      "a role with a word as its scope", "sources: all", "sources: some", in: Sample.segment,
      "t.yaml:13:43: `sources` is no scope, expected `all` or a list of ids"),
    Flaw(
      "a role on an unknown resource", "sources: [web]", "sources: [wap]", in: Sample.segment,
      "t.yaml:14:48: workspace `main` has no source `wap`; add it to `resources.source`"),
    Flaw(
      "a role that the plan does not have", "plan: business", "plan: team", in: Sample.segment,
      "t.yaml:13:56: the plan `team` does not have the role `warehouse_read_only` (rule `roles`); remove it or change the plan to `business`",
      "t.yaml:14:20: the plan `team` does not have the role `source_read_only` (rule `roles`); remove it or change the plan to `business`"
    ),
    Flaw(
      "an assignment without a role", "{role: warehouse_read_only}", "{}", in: Sample.segment,
      "t.yaml:13:49: a role assignment has no `role`, which is required"),
    Flaw(
      "a role of an admin", "      max:", "      adam:", in: Sample.segment,
      "t.yaml:14:7: warning: `adam` is an owner or admin and may do everything, roles have no effect"
    ),
    Flaw(
      "a missing parent", "{id: SD1, parent: iOS}", "SD1", in: Sample.segment,
      "t.yaml:8:31: streaming destination `SD1` has no `parent`, which is required: write `{id: SD1, parent: ID}`"
    ),
    Flaw(
      "an unknown parent", "parent: iOS", "parent: tvOS", in: Sample.segment,
      "t.yaml:8:49: workspace `main` has no source `tvOS`; add it to `resources.source`"),
    Flaw(
      "a list of parents", "parent: iOS", "parent: [iOS]", in: Sample.segment,
      "t.yaml:8:36: streaming destination `SD1` has no `parent`, which is required: write `{id: SD1, parent: ID}`",
      "t.yaml:8:49: `parent` is a list, expected text"),
    Flaw(
      "an unknown source of a tracking plan", "sources: [iOS]", "sources: [tvOS]",
      in: Sample.segment,
      "t.yaml:9:43: workspace `main` has no source `tvOS`; add it to `resources.source`"),
  ]
}
