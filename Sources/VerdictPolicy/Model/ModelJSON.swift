public import VerdictModel

extension AccessModel {
  /// The model as JSON in the form of model files: reading it gives the same model again.
  /// Shorthands are written out: `same_as`, `pairs`, and the actions that follow from PII
  /// permissions and switches.
  public var json: JSONValue { ModelJSON(model: self).value }
}

/// Writes one model; the keys are those of `ModelReader`.
private struct ModelJSON {
  let model: AccessModel

  var value: JSONValue {
    var members: [JSONValue.Member] = [
      .init(Key.apiVersion.name, ModelReader.apiVersion), .init(Key.id.name, model.id),
      .init(Key.display.name, model.display), .init(Key.access.name, model.access.rawValue),
      member(
        .types,
        .object(
          model.resourceTypes.map {
            .init($0.name, object([text(.display, $0.display), text(.plural, $0.plural)]))
          })),
    ]
    for (key, kind) in [
      (Key.permissions, Permission.Kind.resource), (.pii, .pii), (.switches, .switch),
    ] {
      let permissions = model.permissions.filter { $0.kind == kind }
      if permissions.isEmpty && key != .permissions { continue }
      members.append(
        member(key, .object(permissions.map { .init($0.name, permission($0)) })))
    }
    members.append(member(.relations, .list(model.relations.map(relation))))
    members.append(
      member(
        .connections, .list(model.connections.map { types([$0.first, $0.second]) })))
    members.append(
      member(.plans, .object(model.plans.map { .init($0.name, plan($0)) })))
    var actions: [JSONValue.Member] = []
    var organizationActions: [JSONValue.Member] = []
    for action in model.actions {
      switch action.rule {
      case .workspace(let rule): actions.append(.init(action.name, value(action, rule)))
      case .organization(let rule):
        organizationActions.append(.init(action.name, value(action, rule)))
      }
    }
    members.append(member(.actions, .object(actions)))
    members.append(member(.organizationActions, .object(organizationActions)))
    if model.access == .roles {
      members.append(member(.roles, .object(model.roles.map { .init($0.name, role($0)) })))
    }
    return .object(members)
  }

  typealias Permission = AccessModel.Permission

  // MARK: Pieces

  private func member(_ key: Key, _ value: JSONValue) -> JSONValue.Member { .init(key.name, value) }
  private func text(_ key: Key, _ text: String) -> JSONValue.Member { .init(key.name, text) }
  private func object(_ members: [JSONValue.Member?]) -> JSONValue {
    .object(members.compactMap { $0 })
  }

  /// A flag, left out where it is false.
  private func flag(_ key: Key, _ isOn: Bool) -> JSONValue.Member? {
    isOn ? member(key, .bool(true)) : nil
  }

  private func type(_ index: Int) -> JSONValue { .text(model.resourceTypes[index].name) }
  private func types(_ indices: [Int]) -> JSONValue { .list(indices.map(type)) }

  private func terms(_ terms: [AccessModel.Term]) -> JSONValue {
    .list(terms.map { .text(ModelText.term($0, in: model)) })
  }

  private func permission(_ permission: Permission) -> JSONValue {
    let isNarrowable = permission.types.first?.narrowable ?? true
    return object([
      text(.display, permission.display),
      permission.kind == .switch ? nil : member(.types, types(permission.types.map(\.type))),
      isNarrowable ? nil : member(.narrowable, .bool(false)),
    ])
  }

  private func relation(_ relation: AccessModel.Relation) -> JSONValue {
    object([
      text(.name, relation.name), member(.from, type(relation.from)),
      member(.to, type(relation.to)), flag(.single, relation.single),
      flag(.throughConnections, relation.throughConnections),
    ])
  }

  private func plan(_ plan: AccessModel.Plan) -> JSONValue {
    let limits = AccessModel.PlanLimit.allCases.compactMap { limit in
      plan.limits[limit].map { JSONValue.Member(limit.rawValue, .number(Int64($0))) }
    }
    let features = AccessModel.PlanFeature.allCases.filter { plan.features.contains($0) }
    return object([
      text(.display, plan.display),
      limits.isEmpty ? nil : member(.limits, .object(limits)),
      features.isEmpty ? nil : member(.features, .list(features.map { .text($0.rawValue) })),
    ])
  }

  private func value(_ action: AccessModel.Action, _ rule: AccessModel.WorkspaceRule) -> JSONValue {
    let resource =
      switch rule.selfOperand {
      case .none: "none"
      case .optional: "optional"
      case .required: "required"
      case .type: "type"
      }
    // What the reader makes where an action for admins has no cases.
    let hasCases = !rule.adminOnly || rule.cases != [.init(selfType: nil, alternatives: [])]
    return object([
      text(.display, action.display), text(.resource, resource), flag(.symmetric, rule.symmetric),
      flag(.adminOnly, rule.adminOnly), flag(.reads, rule.reads), flag(.pii, rule.pii),
      hasCases ? member(.cases, .list(rule.cases.map(value(of:)))) : nil,
    ])
  }

  private func value(of one: AccessModel.Case) -> JSONValue {
    let target: JSONValue.Member? =
      one.target == .none
      ? nil
      : member(
        .target,
        object([
          member(.types, types(one.targetTypes)), flag(.optional, one.target == .optional),
        ]))
    return object([
      member(.types, one.selfType.map { types([$0]) } ?? .text("none")), target,
      one.linkedBy.map { text(.linkedBy, model.relations[$0].name) },
      one.linkedBy.map { _ in member(.whenLinked, terms(one.linkedTerms)) },
      one.alternatives.count == 1
        ? member(.requires, terms(one.alternatives[0]))
        : member(.anyOf, .list(one.alternatives.map(terms))),
    ])
  }

  private func value(
    _ action: AccessModel.Action, _ rule: AccessModel.OrganizationRule
  ) -> JSONValue {
    let who =
      switch rule.who {
      case .admins: "admins"
      case .selfService: "self"
      case .nobody: "nobody"
      }
    let gate: JSONValue.Member? =
      switch rule.plan {
      case .atLimit(let limit): text(.atLimit, limit.rawValue)
      case .noneOf(let limit): text(.noneOf, limit.rawValue)
      case .without(let feature): text(.without, feature.rawValue)
      case nil: nil
      }
    return object([
      text(.display, action.display), text(.who, who),
      flag(.organizationTokens, rule.organizationTokens),
      rule.targetsUser ? text(.target, "user") : nil,
      gate.map { member(.plan, .object([$0])) },
    ])
  }

  private func role(_ role: AccessModel.Role) -> JSONValue {
    let scope = role.scope.map {
      member(.scope, object([text(.key, $0.key), member(.type, type($0.type))]))
    }
    let grants = role.grants.map { grant in
      object([
        member(.permissions, .list([.text(model.permissions[grant.permission].name)])),
        grant.type.map { member(.types, types([$0])) }, flag(.onlyWithAll, grant.onlyWithAll),
      ])
    }
    return object([
      text(.display, role.display),
      member(.plans, .list(role.plans.map { .text(model.plans[$0].name) })),
      flag(.administers, role.administers), scope,
      grants.isEmpty ? nil : member(.grants, .list(grants)),
    ])
  }
}
