public import VerdictModel

/// The two access models, transcribed a second time from the tables of domain.md, in Swift and by
/// another hand than the files in `models/`. Tests hold one against the other: a row that was
/// misread in either is a difference.
public enum ReferenceModel {
  /// Section 2.
  public static let rudderstack = AccessModel(
    id: "rudderstack", display: "RudderStack", access: .policies,
    resourceTypes: RudderStack.types.map { name in
      AccessModel.ResourceType(
        name: name, display: ReferenceModel.words(name), plural: ReferenceModel.words(name) + "s")
    },
    permissions: RudderStack.permissions,
    relations: [
      AccessModel.Relation(
        name: "connected_to", from: RudderStack.type("transformation"),
        to: RudderStack.type("destination"), single: false, throughConnections: true),
      AccessModel.Relation(
        name: "tracking_plans", from: RudderStack.type("data_catalog"),
        to: RudderStack.type("tracking_plan"), single: false, throughConnections: false),
    ],
    actions: RudderStack.workspaceActions + RudderStack.organizationActions,
    connections: RudderStack.pairs, roles: [], plans: RudderStack.plans)

  static func words(_ name: String) -> String {
    String(name.map { $0 == "_" || $0 == "." ? " " : $0 })
  }

  static func action(_ name: String, _ rule: AccessModel.WorkspaceRule) -> AccessModel.Action {
    AccessModel.Action(name: name, display: words(name), rule: .workspace(rule))
  }
}

private enum RudderStack {
  typealias Case = AccessModel.Case
  typealias Term = AccessModel.Term
  typealias Rule = AccessModel.WorkspaceRule

  // 2.2
  static let fullTypes = [
    "event_stream_source", "destination", "table", "sql_model", "audience", "transformation",
    "tracking_plan", "profile",
  ]
  static let types = fullTypes + ["transformation_library", "data_catalog"]
  static let switches = [
    "alert_overrides", "warehouse_sync_retry", "bot_management", "credential_store",
  ]

  // 2.4
  static let pii: [(name: String, types: [String])] = [
    ("destination_live_events", ["destination"]),
    ("destination_failure_samples", ["destination"]),
    ("destination_data_access", ["destination"]),
    ("event_stream_source_live_events", ["event_stream_source"]),
    ("table_live_events", ["table"]),
    ("audience_live_events", ["audience"]),
    ("sql_model_live_events", ["sql_model"]),
    ("reverse_etl_sync_failure_samples", ["table", "sql_model", "audience"]),
    ("transformation_live_events", ["transformation"]),
    ("transformation_failure_samples", ["transformation"]),
    ("tracking_plan_violations", ["tracking_plan"]),
  ]

  static func type(_ name: String) -> Int {
    guard let index = types.firstIndex(where: { $0 == name }) else {
      preconditionFailure("a type of the table")
    }
    return index
  }

  static func permission(_ name: String) -> Int {
    guard let index = permissions.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("a permission of the tables")
    }
    return index
  }

  static let permissions: [AccessModel.Permission] = {
    func permission(
      _ name: String, _ kind: AccessModel.Permission.Kind, on types: [String], narrowable: Bool
    ) -> AccessModel.Permission {
      AccessModel.Permission(
        name: name, display: ReferenceModel.words(name), kind: kind,
        types: types.map { AccessModel.Grantable(type: type($0), narrowable: narrowable) })
    }
    return [
      permission("edit", .resource, on: types, narrowable: true),
      permission("connect", .resource, on: fullTypes, narrowable: false),
      permission("create_delete", .resource, on: fullTypes, narrowable: false),
    ] + pii.map { permission($0.name, .pii, on: $0.types, narrowable: true) }
      + switches.map { permission($0, .switch, on: [], narrowable: false) }
  }()

  static func term(_ name: String, _ operand: Term.Operand = .`self`) -> Term {
    Term(permission: permission(name), operand: operand)
  }

  // 2.3
  static let pairs: [AccessModel.Pair] =
    [
      ("event_stream_source", "destination"), ("transformation", "destination"),
      ("event_stream_source", "tracking_plan"), ("table", "destination"),
      ("sql_model", "destination"), ("audience", "destination"), ("profile", "destination"),
    ].map { AccessModel.Pair(first: type($0.0), second: type($0.1)) }

  /// edit(self) of a library, and of a data catalog item also edit of every tracking plan that
  /// contains it: what `edit` requires.
  static func editTerms(_ name: String) -> [Term] {
    name == "data_catalog" ? [term("edit"), term("edit", .every(relation: 1))] : [term("edit")]
  }

  static let workspaceActions: [AccessModel.Action] = {
    let everyType = types.map { Case(selfType: type($0), alternatives: [[]]) }
    let view = Rule(
      selfOperand: .optional, reads: true,
      cases: [Case(selfType: nil, alternatives: [[]])] + everyType)
    let edit = Rule(
      selfOperand: .required,
      cases: types.map { Case(selfType: type($0), alternatives: [editTerms($0)]) })
    let create = Rule(
      selfOperand: .type,
      cases: types.map { name in
        let permission = fullTypes.contains(name) ? "create_delete" : "edit"
        return Case(selfType: type(name), alternatives: [[term(permission)]])
      })
    let delete = Rule(
      selfOperand: .required,
      cases: types.map { name in
        let terms = fullTypes.contains(name) ? [term("create_delete")] : editTerms(name)
        return Case(selfType: type(name), alternatives: [terms])
      })
    let administer = Rule(
      selfOperand: .none, adminOnly: true, cases: [Case(selfType: nil, alternatives: [])])
    return [
      ReferenceModel.action("view", view), ReferenceModel.action("edit", edit),
      ReferenceModel.action("create", create), ReferenceModel.action("delete", delete),
      ReferenceModel.action("connect", connect), ReferenceModel.action("disconnect", connect),
      ReferenceModel.action("workspace.administer", administer),
    ] + pii.map { ReferenceModel.action($0.name, piiRule($0.name, $0.types)) }
      + switches.map { ReferenceModel.action($0, switchRule($0)) }
  }()

  static let connect = Rule(
    selfOperand: .required, symmetric: true,
    cases: fullTypes.map { name in
      let own = type(name)
      let others = pairs.compactMap { pair in
        pair.first == own ? pair.second : pair.second == own ? pair.first : nil
      }
      let terms = [
        term("edit"), term("connect"), term("edit", .target), term("connect", .target),
      ]
      return Case(selfType: own, target: .required, targetTypes: others, alternatives: [terms])
    })

  static func piiRule(_ name: String, _ types: [String]) -> Rule {
    let cases = types.map { typeName in
      // Transformation failures seen through a destination.
      name == "transformation_failure_samples"
        ? Case(
          selfType: type(typeName), target: .optional, targetTypes: [type("destination")],
          linkedBy: 0, linkedTerms: [term("destination_failure_samples", .target)],
          alternatives: [[term(name)]])
        : Case(selfType: type(typeName), alternatives: [[term(name)]])
    }
    return Rule(selfOperand: .required, reads: true, pii: true, cases: cases)
  }

  static func switchRule(_ name: String) -> Rule {
    Rule(
      selfOperand: .none,
      cases: [Case(selfType: nil, alternatives: [[term(name, Term.Operand.none)]])])
  }

  // 2.5
  static let organizationActions: [AccessModel.Action] = {
    typealias Rule = AccessModel.OrganizationRule
    let admins = Rule(who: .admins)
    let onMember = Rule(who: .admins, targetsUser: true)
    let tokens = Rule(who: .admins, organizationTokens: true)
    let nobody = Rule(who: .nobody)
    let rows: [(String, Rule)] = [
      ("members.invite", Rule(who: .admins, plan: .atLimit(.members))),
      ("members.remove", onMember),
      ("members.change_role", onMember),
      ("members.edit_policy", onMember),
      ("groups.create", Rule(who: .admins, plan: .atLimit(.groups))),
      ("groups.manage", Rule(who: .admins, plan: .noneOf(.groups))),
      ("policies.manage", admins),
      ("policies.manage_baseline", Rule(who: .admins, plan: .without(.baseline))),
      ("workspaces.create", Rule(who: .admins, plan: .atLimit(.workspaces))),
      ("service_tokens.manage", Rule(who: .admins, plan: .without(.serviceTokens))),
      ("service_tokens.edit_policy", nobody),
      ("personal_tokens.create_admin", nobody),
      ("personal_tokens.create", Rule(who: .selfService)),
      ("billing.manage", admins),
      ("workspace_alerts.manage", admins),
      ("event_blocking.manage", admins),
      ("data_retention.manage", admins),
      ("migration.run", admins),
      (
        "audit_logs.read",
        Rule(who: .admins, organizationTokens: true, plan: .without(.auditLog))
      ),
      ("scim.manage", tokens),
      ("organization_usage.read", tokens),
    ]
    return rows.map { name, rule in
      AccessModel.Action(
        name: name, display: ReferenceModel.words(name), rule: .organization(rule))
    }
  }()

  // 2.6
  static let plans: [AccessModel.Plan] = [
    AccessModel.Plan(
      name: "free", display: "Free", features: [],
      limits: [.members: 10, .groups: 0, .workspaces: 1]),
    AccessModel.Plan(
      name: "starter", display: "Starter", features: [.memberPolicies, .serviceTokens],
      limits: [.members: 10, .groups: 0]),
    AccessModel.Plan(
      name: "growth", display: "Growth",
      features: [.memberPolicies, .groupPolicies, .serviceTokens], limits: [.groups: 3]),
    AccessModel.Plan(
      name: "enterprise", display: "Enterprise", features: Set(AccessModel.PlanFeature.allCases),
      limits: [:]),
  ]
}
