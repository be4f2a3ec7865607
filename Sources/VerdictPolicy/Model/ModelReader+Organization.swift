internal import VerdictModel

/// What concerns the organization: plans, organization actions and roles.
extension ModelReader {
  mutating func readPlans(_ node: Int) {
    for (key, value) in reading.entries(node, "`plans`") ?? .none(reading.tree) {
      guard let name = name(key, "a plan"),
        let fields = reading.fields(
          value, "a plan", allowed: [.display, .features, .limits], required: [.display])
      else { continue }
      var plan = AccessModel.Plan(
        name: name, display: display(fields[.display]), features: [], limits: [:])
      if let node = fields[.features] {
        for element in reading.elements(node, "`features`") ?? .none(reading.tree) {
          if let feature = feature(element) { plan.features.insert(feature) }
        }
      }
      if let node = fields[.limits] {
        for (key, value) in reading.entries(node, "`limits`") ?? .none(reading.tree) {
          if let limit = limit(key) { plan.limits[limit] = reading.number(value, "a limit") }
        }
      }
      model.plans.append(plan)
    }
    if model.plans.isEmpty { reading.error(node, "a model needs at least one plan") }
  }

  private mutating func feature(_ node: Int) -> AccessModel.PlanFeature? {
    word(node, "feature", AccessModel.PlanFeature.allCases.map(\.rawValue)).map {
      AccessModel.PlanFeature.allCases[$0]
    }
  }

  private mutating func limit(_ node: Int) -> AccessModel.PlanLimit? {
    word(node, "limit", AccessModel.PlanLimit.allCases.map(\.rawValue)).map {
      AccessModel.PlanLimit.allCases[$0]
    }
  }

  mutating func readOrganizationActions(_ node: Int) {
    let allowed: [Key] = [.display, .who, .organizationTokens, .target, .plan]
    for (key, value) in reading.entries(node, "`organization_actions`") ?? .none(reading.tree) {
      guard let name = name(key, "an action"),
        let fields = reading.fields(
          value, "an organization action", allowed: allowed, required: [.display, .who])
      else { continue }
      if model.actionIndex(name) != nil {
        reading.error(key, "action `\(name)` is defined twice, expected one name for each")
        continue
      }
      var rule = AccessModel.OrganizationRule(
        who: who(fields[.who]), organizationTokens: flag(fields, .organizationTokens))
      if let node = fields[.target] { rule.targetsUser = word(node, "target", ["user"]) != nil }
      if let node = fields[.plan] { rule.plan = planGate(node) }
      model.actions.append(
        AccessModel.Action(
          name: name, display: display(fields[.display]), rule: .organization(rule)))
    }
  }

  /// A missing or unknown word is an error, and nobody may meanwhile.
  private mutating func who(_ node: Int?) -> AccessModel.OrganizationRule.Who {
    switch node.flatMap({ word($0, "`who`", ["admins", "self", "nobody"]) }) {
    case 0: .admins
    case 1: .selfService
    default: .nobody
    }
  }

  private mutating func planGate(_ node: Int) -> AccessModel.OrganizationRule.PlanGate? {
    guard
      let fields = reading.fields(node, "`plan`", allowed: [.atLimit, .noneOf, .without])
    else { return nil }
    if fields.seen.count != 1 {
      reading.error(node, "`plan` needs exactly one of `at_limit`, `none_of` and `without`")
    }
    if let node = fields[.atLimit] { return limit(node).map { .atLimit($0) } }
    if let node = fields[.noneOf] { return limit(node).map { .noneOf($0) } }
    return fields[.without].flatMap { feature($0) }.map { .without($0) }
  }

  // MARK: Roles

  mutating func readRoles(_ node: Int) {
    let allowed: [Key] = [.display, .plans, .administers, .scope, .grants]
    for (key, value) in reading.entries(node, "`roles`") ?? .none(reading.tree) {
      guard let name = name(key, "a role"),
        let fields = reading.fields(
          value, "a role", allowed: allowed, required: [.display, .plans])
      else { continue }
      var role = AccessModel.Role(
        name: name, display: display(fields[.display]), plans: rolePlans(fields[.plans]),
        administers: flag(fields, .administers), scope: nil, grants: [])
      if let node = fields[.scope] { role.scope = roleScope(node) }
      if let node = fields[.grants] {
        for element in reading.elements(node, "`grants`") ?? .none(reading.tree) {
          readRoleGrants(element, &role)
        }
      }
      model.roles.append(role)
    }
  }

  private mutating func rolePlans(_ node: Int?) -> [Int] {
    guard let node else { return [] }
    if reading.tree.isText(node), reading.tree.text(node) == "all" {
      return Array(model.plans.indices)
    }
    return (reading.elements(node, "`plans`") ?? .none(reading.tree)).compactMap { plan($0) }
  }

  private mutating func roleScope(_ node: Int) -> AccessModel.RoleScope? {
    guard
      let fields = reading.fields(
        node, "`scope`", allowed: [.key, .type], required: [.key, .type]),
      let keyNode = fields[.key], let key = name(keyNode, "a key"),
      let type = fields[.type].flatMap({ type($0) })
    else { return nil }
    if key == Key.role.name {
      reading.error(keyNode, "`\(key)` is taken, expected another key")
    }
    return AccessModel.RoleScope(key: key, type: type)
  }

  /// One grant for every pair of a permission and a type.
  private mutating func readRoleGrants(_ node: Int, _ role: inout AccessModel.Role) {
    guard
      let fields = reading.fields(
        node, "a grant", allowed: [.permissions, .types, .onlyWithAll], required: [.permissions]),
      let list = fields[.permissions]
    else { return }
    let onlyWithAll = flag(fields, .onlyWithAll)
    let types = fields[.types].map { typeList($0) }
    for element in reading.elements(list, "`permissions`") ?? .none(reading.tree) {
      guard let permission = permission(element) else { continue }
      let isSwitch = model.permissions[permission].kind == .switch
      if isSwitch != (types == nil) {
        reading.error(element, "a switch takes no `types`, and every other permission needs them")
      }
      if isSwitch {
        role.grants.append(
          AccessModel.RoleGrant(permission: permission, type: nil, onlyWithAll: onlyWithAll))
      }
      for type in types ?? [] where !isSwitch {
        check(permission, type, onlyWithAll, element, role)
        role.grants.append(
          AccessModel.RoleGrant(permission: permission, type: type, onlyWithAll: onlyWithAll))
      }
    }
  }

  private mutating func check(
    _ permission: Int, _ type: Int, _ onlyWithAll: Bool, _ node: Int, _ role: AccessModel.Role
  ) {
    let name = model.permissions[permission].name
    let typeName = model.resourceTypes[type].name
    guard let grantable = model.grantable(permission, on: type) else {
      reading.error(node, "permission `\(name)` can't be granted on `\(typeName)`")
      return
    }
    guard let scope = role.scope, !onlyWithAll else { return }
    if type != scope.type || !grantable.narrowable {
      reading.error(
        node,
        "`\(name)` on `\(typeName)` can't follow the ids that an assignment lists, "
          + "expected `only_with_all: true`")
    }
  }
}
