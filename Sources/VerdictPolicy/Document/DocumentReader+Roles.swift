internal import VerdictModel

/// Role assignments, of models with `access: roles`.
extension DocumentReader {
  mutating func readRoles(_ node: Int, _ workspace: Int) {
    guard let entries = reading.entries(node, "`roles`") else { return }
    for (key, value) in entries {
      guard let user = reading.id(key, "a user"),
        let elements = reading.elements(value, "a user's roles")
      else { continue }
      if standings[Int(user.symbol.rawValue)].administers {
        reading.warning(
          user.mark,
          "`\(tree.text(key))` is an owner or admin and may do everything, roles have "
            + "no effect")
      }
      for element in elements {
        guard let assignment = readAssignment(element, user, workspace) else { continue }
        guard !standings[Int(user.symbol.rawValue)].administers else { continue }
        workspaces[workspace].roles.append(assignment)
      }
    }
  }

  private mutating func readAssignment(
    _ node: Int, _ user: Name, _ workspace: Int
  ) -> PolicyDocument.RoleAssignment? {
    guard reading.isMapping(node, "a role") else { return nil }
    let value = tree.entries(node).first {
      tree.isText($0.key) && tree.symbol($0.key) == Key.role.symbol
    }?.value
    guard let value else {
      reading.error(node, "a role assignment has no `role`, which is required")
      return nil
    }
    guard let name = reading.text(value, "`role`") else { return nil }
    guard let index = model.roleIndex(name) else {
      let advice = Spelling.advice(name, among: model.roles.map(\.name))
      reading.error(value, "unknown role `\(reading.shortened(value))`, \(advice)")
      return nil
    }
    let role = model.roles[index]
    if !role.plans.contains(plan) {
      let plans = role.plans.map { model.plans[$0].name }
      reading.error(
        value,
        "the plan `\(model.plans[plan].name)` does not have the role `\(name)` (rule "
          + "`roles`); remove it or change the plan to \(Spelling.choice(plans))")
    }
    guard let scope = readRoleScope(node, role, workspace) else { return nil }
    return PolicyDocument.RoleAssignment(user: user, role: index, scope: scope)
  }

  /// The scope under the role's own key: `sources: all` or `sources: [ids]`.
  private mutating func readRoleScope(
    _ node: Int, _ role: AccessModel.Role, _ workspace: Int
  ) -> PolicyDocument.Scope? {
    var scope: PolicyDocument.Scope? = role.scope == nil ? .all : nil
    var hasScope = false
    for (key, value) in tree.entries(node)
    where tree.isText(key) && tree.symbol(key) != Key.role.symbol {
      guard let roleScope = role.scope, tree.text(key) == roleScope.key else {
        let known = [Key.role.name] + (role.scope.map { [$0.key] } ?? [])
        reading.unknownKey(key, "an assignment of `\(role.name)`", known)
        continue
      }
      hasScope = true
      if tree.isText(value), tree.text(value) == "all" {
        scope = .all
      } else if tree.kind(value) == .sequence {
        let grantable = AccessModel.Grantable(type: roleScope.type, narrowable: true)
        scope = .some(readIDs(value, [grantable], workspace)[0], future: false)
      } else {
        reading.error(value, "`\(roleScope.key)` is no scope, expected `all` or a list of ids")
      }
    }
    if let roleScope = role.scope, !hasScope {
      reading.error(
        node,
        "an assignment of `\(role.name)` has no `\(roleScope.key)`, expected `all` or a list "
          + "of ids")
    }
    return scope
  }
}
