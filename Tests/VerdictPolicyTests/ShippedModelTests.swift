import Testing
import VerdictModel

@testable import VerdictPolicy

@Suite("shipped access models")
struct ShippedModelTests {
  let rudderstack: AccessModel
  let segment: AccessModel

  init() throws {
    let models = try AccessModels.shipped()
    rudderstack = try #require(models["rudderstack"])
    segment = try #require(models["segment"])
  }

  @Test("what is embedded is what the files say")
  func embedded() throws {
    let files = try AccessModels(directory: Repository.path("models"))
    #expect(files.models == [rudderstack, segment])
    for (path, bytes) in AccessModels.shippedFiles {
      #expect(try Files.read(Repository.path(path)) == bytes)
    }
  }

  /// One line for each case of an action: `table: edit(self) connect(self) [destination]`.
  func cases(_ name: String, _ model: AccessModel) -> [String] {
    guard let index = model.actionIndex(name),
      case .workspace(let rule) = model.actions[index].rule
    else { return [] }
    return rule.cases.map { one in
      let type = one.selfType.map { model.resourceTypes[$0].name } ?? "none"
      let terms = one.alternatives.map { $0.map { term($0, model) }.joined(separator: " ") }
      let targets = one.targetTypes.map { model.resourceTypes[$0].name }.joined(separator: " ")
      return "\(type): \(terms.joined(separator: " | "))\(targets.isEmpty ? "" : " [\(targets)]")"
    }
  }

  func term(_ term: AccessModel.Term, _ model: AccessModel) -> String {
    let permission = model.permissions[term.permission].name
    switch term.operand {
    case .self: return "\(permission)(self)"
    case .target: return "\(permission)(target)"
    case .every(let relation): return "\(permission)(every \(model.relations[relation].name))"
    case .any(let relation): return "\(permission)(any \(model.relations[relation].name))"
    case .parent(let relation): return "\(permission)(parent \(model.relations[relation].name))"
    case .none: return permission
    }
  }

  func rule(_ name: String, _ model: AccessModel) -> AccessModel.WorkspaceRule? {
    guard let index = model.actionIndex(name),
      case .workspace(let rule) = model.actions[index].rule
    else { return nil }
    return rule
  }

  static let ordinary = [
    "event_stream_source", "destination", "table", "sql_model", "audience", "transformation",
    "tracking_plan", "profile",
  ]

  @Test("rudderstack has ten types, and what can be granted on each")
  func grantable() {
    #expect(
      rudderstack.resourceTypes.map(\.name)
        == Self.ordinary + ["transformation_library", "data_catalog"])
    for permission in rudderstack.permissions where permission.kind == .resource {
      let types = permission.types.map { rudderstack.resourceTypes[$0.type].name }
      let isEdit = permission.name == "edit"
      #expect(
        types
          == (isEdit ? Self.ordinary + ["transformation_library", "data_catalog"] : Self.ordinary))
      #expect(permission.types.allSatisfy { $0.narrowable == isEdit })
    }
    #expect(
      rudderstack.permissions.filter { $0.kind == .resource }.map(\.display)
        == ["Edit", "Connect", "Create & Delete"])
  }

  @Test("rudderstack has eleven PII permissions with their types, and four switches")
  func pii() {
    let pii = rudderstack.permissions.filter { $0.kind == .pii }.map { permission in
      let types = permission.types.map { rudderstack.resourceTypes[$0.type].name }
      #expect(permission.types.allSatisfy { $0.narrowable })
      return "\(permission.name): \(types.joined(separator: " "))"
    }
    #expect(
      pii == [
        "destination_live_events: destination", "destination_failure_samples: destination",
        "destination_data_access: destination",
        "event_stream_source_live_events: event_stream_source", "table_live_events: table",
        "audience_live_events: audience", "sql_model_live_events: sql_model",
        "reverse_etl_sync_failure_samples: table sql_model audience",
        "transformation_live_events: transformation",
        "transformation_failure_samples: transformation", "tracking_plan_violations: tracking_plan",
      ])
    #expect(
      rudderstack.permissions.filter { $0.kind == .switch }.map(\.name)
        == ["alert_overrides", "warehouse_sync_retry", "bot_management", "credential_store"])
    for permission in rudderstack.permissions where permission.kind != .resource {
      let rule = rule(permission.name, rudderstack)
      #expect(rule?.pii == (permission.kind == .pii))
      #expect(rule?.reads == (permission.kind == .pii))
      #expect(
        rule?.selfOperand
          == (permission.kind == .pii ? .required : AccessModel.WorkspaceRule.SelfOperand.none))
      #expect(rule?.cases.count == max(1, permission.types.count))
    }
  }

  @Test("view takes access alone, with and without a resource")
  func view() {
    #expect(rule("view", rudderstack)?.selfOperand == .optional)
    #expect(rule("view", rudderstack)?.reads == true)
    let cases = rule("view", rudderstack)?.cases ?? []
    #expect(cases.map(\.selfType) == [nil] + (0..<10).map { $0 })
    #expect(cases.allSatisfy { $0.alternatives == [[]] })
  }

  @Test("edit, create and delete of rudderstack require what they should")
  func editing() {
    let edit = Self.ordinary + ["transformation_library"]
    let special = "data_catalog: edit(self) edit(every tracking_plans)"
    #expect(cases("edit", rudderstack) == edit.map { "\($0): edit(self)" } + [special])
    let created = Self.ordinary.map { "\($0): create_delete(self)" }
    #expect(
      cases("create", rudderstack)
        == created + ["transformation_library: edit(self)", "data_catalog: edit(self)"])
    #expect(rule("create", rudderstack)?.selfOperand == .type)
    #expect(
      cases("delete", rudderstack) == created + ["transformation_library: edit(self)", special])
  }

  @Test("connect takes four terms on both ends of a pair, in either order")
  func connect() {
    let terms = "edit(self) connect(self) edit(target) connect(target)"
    #expect(
      cases("connect", rudderstack) == [
        "event_stream_source: \(terms) [destination tracking_plan]",
        "destination: \(terms) [event_stream_source transformation table sql_model audience profile]",
        "table: \(terms) [destination]", "sql_model: \(terms) [destination]",
        "audience: \(terms) [destination]", "transformation: \(terms) [destination]",
        "tracking_plan: \(terms) [event_stream_source]", "profile: \(terms) [destination]",
      ])
    #expect(rule("connect", rudderstack)?.symmetric == true)
    #expect(rule("connect", rudderstack) == rule("disconnect", rudderstack))
  }

  @Test("transformation failures are seen through a destination that is connected")
  func failureSamples() {
    let one = rule("transformation_failure_samples", rudderstack)?.cases.first
    #expect(one?.target == .optional)
    #expect(one?.targetTypes == [1])
    #expect(one?.linkedBy.map { rudderstack.relations[$0].name } == "connected_to")
    #expect(
      one?.linkedTerms.map { term($0, rudderstack) } == ["destination_failure_samples(target)"])
    #expect(
      cases("transformation_failure_samples", rudderstack)
        == ["transformation: transformation_failure_samples(self) [destination]"])
  }

  @Test("administering is for admins, and nothing else is ever enough")
  func administer() {
    let rule = rule("workspace.administer", rudderstack)
    #expect(rule?.adminOnly == true)
    #expect(rule?.cases.allSatisfy { $0.alternatives.isEmpty } == true)
  }

  @Test("organization actions of rudderstack")
  func organizationActions() {
    let lines = rudderstack.actions.compactMap { action -> String? in
      guard case .organization(let rule) = action.rule else { return nil }
      var words = [action.name, "\(rule.who)"]
      if rule.organizationTokens { words.append("tokens") }
      if rule.targetsUser { words.append("user") }
      switch rule.plan {
      case .atLimit(let limit): words.append("at \(limit.rawValue)")
      case .noneOf(let limit): words.append("none \(limit.rawValue)")
      case .without(let feature): words.append("without \(feature.rawValue)")
      case nil: break
      }
      return words.joined(separator: " ")
    }
    #expect(
      lines == [
        "members.invite admins at members", "members.remove admins user",
        "members.change_role admins user", "members.edit_policy admins user",
        "groups.create admins at groups", "groups.manage admins none groups",
        "policies.manage admins", "policies.manage_baseline admins without baseline",
        "workspaces.create admins at workspaces",
        "service_tokens.manage admins without service_tokens", "service_tokens.edit_policy nobody",
        "personal_tokens.create_admin nobody", "personal_tokens.create selfService",
        "billing.manage admins", "workspace_alerts.manage admins", "event_blocking.manage admins",
        "data_retention.manage admins", "migration.run admins",
        "audit_logs.read admins tokens without audit_log", "scim.manage admins tokens",
        "organization_usage.read admins tokens",
      ])
  }

  @Test("plans of rudderstack")
  func plans() {
    let plans = rudderstack.plans.map { plan in
      let limits = AccessModel.PlanLimit.allCases.compactMap { limit in
        plan.limits[limit].map { "\(limit.rawValue)=\($0)" }
      }
      let features = AccessModel.PlanFeature.allCases.filter(plan.features.contains).map(\.rawValue)
      return ([plan.name] + limits + features).joined(separator: " ")
    }
    #expect(
      plans == [
        "free members=10 groups=0 workspaces=1",
        "starter members=10 groups=0 member_policies service_tokens",
        "growth groups=3 member_policies group_policies service_tokens",
        "enterprise baseline instance_scopes member_policies group_policies pii service_tokens "
          + "audit_log",
      ])
  }

  @Test("actions of segment require what they should")
  func segmentActions() {
    #expect(
      cases("view", segment) == [
        "none: ", "source: view(self)", "warehouse: view(self)", "audience: view(self)",
        "trait: view(self)", "tracking_plan: view(self) | view(any sources)",
        "streaming_destination: view(parent parent)",
      ])
    #expect(
      cases("edit", segment).suffix(2) == [
        "tracking_plan: edit(self) | edit(any sources)",
        "streaming_destination: edit(parent parent)",
      ])
    #expect(cases("create", segment).last == "streaming_destination: edit(target) [source]")
    #expect(cases("delete", segment).last == "streaming_destination: edit(parent parent)")
    #expect(cases("delete", segment).first == "source: delete(self)")
    #expect(
      cases("connect", segment) == [
        "source: edit(self) edit(target) [warehouse tracking_plan]",
        "warehouse: edit(self) edit(target) [source]",
        "tracking_plan: edit(self) edit(target) [source]",
      ])
    #expect(cases("view_live_data", segment) == ["source: view(self)"])
    #expect(
      cases("view_pii", segment) == ["audience: view_pii(self)", "trait: view_pii(self)"])
    #expect(cases("manage_personas_settings", segment) == ["none: manage_personas_settings"])
    #expect(rule("access.manage", segment)?.adminOnly == true)
    #expect(rule("members.invite", segment)?.adminOnly == true)
  }

  @Test("roles of segment")
  func roles() {
    let lines = segment.roles.map { role in
      let grants = role.grants.map { grant in
        let type = grant.type.map { ":" + segment.resourceTypes[$0].name } ?? ""
        return segment.permissions[grant.permission].name + type + (grant.onlyWithAll ? "!" : "")
      }
      let scope = role.scope.map { " \($0.key)=\(segment.resourceTypes[$0.type].name)" } ?? ""
      return "\(role.name) \(role.plans)\(role.administers ? " administers" : "")\(scope) "
        + grants.joined(separator: " ")
    }
    let personas = { (permissions: [String]) in
      permissions.flatMap { ["\($0):audience", "\($0):trait"] }.joined(separator: " ")
    }
    #expect(
      lines == [
        "workspace_owner [0, 1, 2] administers ",
        "source_admin [0, 1, 2] sources=source view:source edit:source create:source! delete:source!",
        "source_read_only [2] sources=source view:source",
        "warehouse_admin [2] view:warehouse edit:warehouse create:warehouse delete:warehouse",
        "warehouse_read_only [2] view:warehouse",
        "protocols_admin [2] view:tracking_plan edit:tracking_plan create:tracking_plan "
          + "delete:tracking_plan",
        "protocols_read_only [2] view:tracking_plan",
        "personas_admin [2] \(personas(["view", "edit", "create", "delete", "view_pii"])) "
          + "manage_personas_settings",
        "personas_user [2] \(personas(["view", "edit", "create"]))",
        "personas_read_only [2] \(personas(["view"]))", "minimal_access [2] ",
      ])
  }
}
