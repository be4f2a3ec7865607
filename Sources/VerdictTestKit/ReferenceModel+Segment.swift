public import VerdictModel

extension ReferenceModel {
  /// Section 3.
  public static let segment = AccessModel(
    id: "segment", display: "Segment", access: .roles,
    resourceTypes: Segment.types.map { name in
      AccessModel.ResourceType(
        name: name, display: ReferenceModel.words(name), plural: ReferenceModel.words(name) + "s")
    },
    permissions: Segment.permissions,
    relations: [
      AccessModel.Relation(
        name: "parent", from: Segment.type("streaming_destination"), to: Segment.type("source"),
        single: true, throughConnections: false),
      AccessModel.Relation(
        name: "sources", from: Segment.type("tracking_plan"), to: Segment.type("source"),
        single: false, throughConnections: false),
    ],
    actions: Segment.actions,
    connections: ["warehouse", "tracking_plan"].map {
      AccessModel.Pair(first: Segment.type("source"), second: Segment.type($0))
    },
    roles: Segment.roles,
    plans: Segment.plans.map { name in
      AccessModel.Plan(name: name, display: ReferenceModel.words(name), features: [], limits: [:])
    })
}

private enum Segment {
  typealias Case = AccessModel.Case
  typealias Term = AccessModel.Term
  typealias Rule = AccessModel.WorkspaceRule

  static let types = [
    "source", "streaming_destination", "warehouse", "tracking_plan", "audience", "trait",
  ]
  static let plans = ["free", "team", "business"]

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

  /// A streaming destination has no grants of its own: its parent's count.
  static let permissions: [AccessModel.Permission] = {
    let granted = ["source", "warehouse", "tracking_plan", "audience", "trait"]
    let onTypes: [(String, AccessModel.Permission.Kind, [String])] = [
      ("view", .resource, granted), ("edit", .resource, granted), ("create", .resource, granted),
      ("delete", .resource, granted), ("view_pii", .resource, ["audience", "trait"]),
      ("manage_personas_settings", .switch, []),
    ]
    return onTypes.map { name, kind, types in
      AccessModel.Permission(
        name: name, display: ReferenceModel.words(name), kind: kind,
        types: types.map { AccessModel.Grantable(type: type($0), narrowable: $0 == "source") })
    }
  }()

  static func term(_ name: String, _ operand: Term.Operand = .`self`) -> Term {
    Term(permission: permission(name), operand: operand)
  }

  /// `view` and `edit`: the grant on self; of a streaming destination on its parent; of a tracking
  /// plan also on any of the sources that it is linked to.
  static func cases(reading name: String) -> [Case] {
    types.map { typeName in
      let alternatives: [[Term]] =
        switch typeName {
        case "streaming_destination": [[term(name, .parent(relation: 0))]]
        case "tracking_plan": [[term(name)], [term(name, .any(relation: 1))]]
        default: [[term(name)]]
        }
      return Case(selfType: type(typeName), alternatives: alternatives)
    }
  }

  static let actions: [AccessModel.Action] = {
    let view = Rule(
      selfOperand: .optional, reads: true,
      cases: [Case(selfType: nil, alternatives: [[]])] + cases(reading: "view"))
    let edit = Rule(selfOperand: .required, cases: cases(reading: "edit"))
    let create = Rule(
      selfOperand: .type,
      cases: types.map { name in
        name == "streaming_destination"
          ? Case(
            selfType: type(name), target: .required, targetTypes: [type("source")],
            alternatives: [[term("edit", .target)]])
          : Case(selfType: type(name), alternatives: [[term("create")]])
      })
    let delete = Rule(
      selfOperand: .required,
      cases: types.map { name in
        let terms =
          name == "streaming_destination"
          ? [term("edit", .parent(relation: 0))] : [term("delete")]
        return Case(selfType: type(name), alternatives: [terms])
      })
    let ends = [term("edit"), term("edit", .target)]
    let connect = Rule(
      selfOperand: .required, symmetric: true,
      cases: [
        ("source", ["warehouse", "tracking_plan"]), ("warehouse", ["source"]),
        ("tracking_plan", ["source"]),
      ].map { name, others in
        Case(
          selfType: type(name), target: .required, targetTypes: others.map(type),
          alternatives: [ends])
      })
    let liveData = Rule(
      selfOperand: .required, reads: true,
      cases: [Case(selfType: type("source"), alternatives: [[term("view")]])])
    let viewPII = Rule(
      selfOperand: .required, reads: true,
      cases: ["audience", "trait"].map {
        Case(selfType: type($0), alternatives: [[term("view_pii")]])
      })
    let settings = Rule(
      selfOperand: .none,
      cases: [
        Case(
          selfType: nil, alternatives: [[term("manage_personas_settings", Term.Operand.none)]])
      ])
    let administer = Rule(
      selfOperand: .none, adminOnly: true, cases: [Case(selfType: nil, alternatives: [])])
    return [
      ("view", view), ("edit", edit), ("create", create), ("delete", delete),
      ("view_live_data", liveData), ("connect", connect), ("disconnect", connect),
      ("view_pii", viewPII), ("manage_personas_settings", settings),
      ("access.manage", administer), ("members.invite", administer),
    ].map { ReferenceModel.action($0, $1) }
  }()

  static let roles: [AccessModel.Role] = {
    func grants(_ permissions: [String], on types: [String]) -> [AccessModel.RoleGrant] {
      types.flatMap { typeName in
        permissions.map { name in
          AccessModel.RoleGrant(
            permission: permission(name), type: type(typeName), onlyWithAll: false)
        }
      }
    }
    /// `create` and `delete` come only with all current and future sources.
    let withAllSources = ["create", "delete"].map { name in
      AccessModel.RoleGrant(permission: permission(name), type: type("source"), onlyWithAll: true)
    }
    let settings = AccessModel.RoleGrant(
      permission: permission("manage_personas_settings"), type: nil, onlyWithAll: false)
    let full = ["view", "edit", "create", "delete"]
    let personas = ["audience", "trait"]
    let sources = AccessModel.RoleScope(key: "sources", type: type("source"))

    func role(
      _ name: String, everyPlan: Bool = false, administers: Bool = false,
      scope: AccessModel.RoleScope? = nil, _ grants: [AccessModel.RoleGrant]
    ) -> AccessModel.Role {
      AccessModel.Role(
        name: name, display: ReferenceModel.words(name), plans: everyPlan ? [0, 1, 2] : [2],
        administers: administers, scope: scope, grants: grants)
    }
    return [
      role("workspace_owner", everyPlan: true, administers: true, []),
      role(
        "source_admin", everyPlan: true, scope: sources,
        grants(["view", "edit"], on: ["source"]) + withAllSources),
      role("source_read_only", scope: sources, grants(["view"], on: ["source"])),
      role("warehouse_admin", grants(full, on: ["warehouse"])),
      role("warehouse_read_only", grants(["view"], on: ["warehouse"])),
      role("protocols_admin", grants(full, on: ["tracking_plan"])),
      role("protocols_read_only", grants(["view"], on: ["tracking_plan"])),
      role("personas_admin", grants(full + ["view_pii"], on: personas) + [settings]),
      role("personas_user", grants(["view", "edit", "create"], on: personas)),
      role("personas_read_only", grants(["view"], on: personas)),
      role("minimal_access", []),
    ]
  }()
}
