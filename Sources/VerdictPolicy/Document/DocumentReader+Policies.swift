internal import VerdictModel

/// Policies: the baseline, those of groups and members, and those of tokens.
extension DocumentReader {
  mutating func readPolicies(_ node: Int, _ workspace: Int) {
    guard let fields = reading.fields(node, "`policies`", at: .policies) else { return }
    if let key = fields.keyNode(.baseline), let value = fields[.baseline],
      requireFeature(.baseline, tree.mark(key), "baseline policies")
    {
      workspaces[workspace].baseline = readPolicy(value, workspace)
    }
    if let key = fields.keyNode(.groups), let value = fields[.groups],
      requireFeature(.groupPolicies, tree.mark(key), "policies of groups")
    {
      readGroupPolicies(value, workspace)
    }
    if let key = fields.keyNode(.members), let value = fields[.members],
      requireFeature(.memberPolicies, tree.mark(key), "policies of members")
    {
      readMemberPolicies(value, workspace)
    }
  }

  private mutating func readGroupPolicies(_ node: Int, _ workspace: Int) {
    guard let entries = reading.entries(node, "`groups`") else { return }
    for (key, value) in entries {
      guard let holder = reading.id(key, "a group") else { continue }
      let policy = readPolicy(value, workspace)
      let text = tree.text(key)
      guard let group = groupIndex[holder.symbol] else {
        let known = groups.prefix(1_000).map { tree.symbols.text($0.id.symbol) }
        reading.error(key, "unknown group `\(text)`, \(Spelling.advice(text, among: known))")
        continue
      }
      guard attachments.contains(Attachment(group: group, workspace: workspace)) else {
        let name = tree.symbols.text(workspaces[workspace].id.symbol)
        reading.error(
          key,
          "group `\(text)` is not attached to workspace `\(name)`; add the workspace to the "
            + "group's `workspaces`")
        continue
      }
      workspaces[workspace].groupPolicies.append(
        PolicyDocument.HolderPolicy(holder: holder, policy: policy))
    }
  }

  private mutating func readMemberPolicies(_ node: Int, _ workspace: Int) {
    guard let entries = reading.entries(node, "`members`") else { return }
    let groupsOfUsers = groupsOfUsers ?? GroupsOfUsers(groups, symbolCount: symbolCount)
    self.groupsOfUsers = groupsOfUsers
    var direct = Stamps()
    direct.begin(count: symbolCount)
    for member in workspaces[workspace].members {
      _ = direct.insert(Int(member.symbol.rawValue))
    }
    for (key, value) in entries {
      guard let holder = reading.id(key, "a member") else { continue }
      let policy = readPolicy(value, workspace)
      guard isMember(holder, "a holder of a policy") else { continue }
      let hasAccess =
        direct.contains(Int(holder.symbol.rawValue))
        || groupsOfUsers[holder.symbol].contains {
          attachments.contains(Attachment(group: Int($0), workspace: workspace))
        }
      guard hasAccess else {
        let name = tree.symbols.text(workspaces[workspace].id.symbol)
        reading.error(
          key,
          "`\(tree.text(key))` has no access to workspace `\(name)`; add the user to its "
            + "`members`, or to a group that is attached to it")
        continue
      }
      workspaces[workspace].memberPolicies.append(
        PolicyDocument.HolderPolicy(holder: holder, policy: policy))
    }
  }

  // MARK: One policy

  mutating func readPolicy(_ node: Int, _ workspace: Int) -> PolicyDocument.Policy {
    var policy = PolicyDocument.Policy()
    guard let fields = reading.fields(node, "a policy", at: .policy) else { return policy }
    if let value = fields[.resources] { readResourceGrants(value, workspace, &policy) }
    if let key = fields.keyNode(.pii), let value = fields[.pii],
      requireFeature(.pii, tree.mark(key), "configurable PII permissions")
    {
      readPIIGrants(value, workspace, &policy)
    }
    if let value = fields[.switches] { readSwitches(value, &policy) }
    return policy
  }

  private mutating func readResourceGrants(
    _ node: Int, _ workspace: Int, _ policy: inout PolicyDocument.Policy
  ) {
    guard let entries = reading.entries(node, "`resources`") else { return }
    for (key, value) in entries where tree.isText(key) {
      guard let type = types[tree.symbol(key)] else {
        unknownType(key)
        continue
      }
      guard let grants = reading.entries(value, "the grants on a type") else { continue }
      for (key, value) in grants where tree.isText(key) {
        let text = tree.text(key)
        guard let permission = model.permissionIndex(text),
          model.permissions[permission].kind == .resource,
          let grantable = model.grantable(permission, on: type)
        else {
          refusePermission(key, type)
          continue
        }
        readGrant(value, permission, [grantable], tree.mark(key), workspace, &policy)
      }
    }
  }

  private mutating func refusePermission(_ key: Int, _ type: Int) {
    let text = tree.text(key)
    let found = reading.shortened(key)
    if let index = model.permissionIndex(text), model.permissions[index].kind != .resource {
      let place = model.permissions[index].kind == .pii ? Key.pii : Key.switches
      reading.error(key, "`\(found)` is granted under `\(place.name)`, move it there")
      return
    }
    let known = model.permissions.indices.filter {
      model.permissions[$0].kind == .resource && model.grantable($0, on: type) != nil
    }.map { model.permissions[$0].name }
    let problem =
      model.permissionIndex(text) == nil
      ? "unknown permission `\(found)`"
      : "permission `\(found)` can't be granted on `\(model.resourceTypes[type].name)`"
    reading.error(key, "\(problem), \(Spelling.advice(text, among: known))")
  }

  private mutating func readPIIGrants(
    _ node: Int, _ workspace: Int, _ policy: inout PolicyDocument.Policy
  ) {
    guard let entries = reading.entries(node, "`pii`") else { return }
    for (key, value) in entries where tree.isText(key) {
      let text = tree.text(key)
      guard let permission = model.permissionIndex(text),
        model.permissions[permission].kind == .pii
      else {
        let known = model.permissions.filter { $0.kind == .pii }.map(\.name)
        let advice = Spelling.advice(text, among: known)
        reading.error(key, "unknown PII permission `\(reading.shortened(key))`, \(advice)")
        continue
      }
      let types = model.permissions[permission].types
      readGrant(value, permission, types, tree.mark(key), workspace, &policy)
    }
  }

  private mutating func readSwitches(_ node: Int, _ policy: inout PolicyDocument.Policy) {
    guard let elements = reading.elements(node, "`switches`") else { return }
    for element in elements {
      guard let text = reading.text(element, "a switch") else { continue }
      guard let index = model.permissionIndex(text), model.permissions[index].kind == .switch else {
        let known = model.permissions.filter { $0.kind == .switch }.map(\.name)
        let advice = Spelling.advice(text, among: known)
        reading.error(element, "unknown switch `\(reading.shortened(element))`, \(advice)")
        continue
      }
      if policy.switches.contains(index) {
        reading.warning(tree.mark(element), "switch `\(text)` is listed twice")
      } else {
        policy.switches.append(index)
        policy.switchMarks.append(tree.mark(element))
      }
    }
  }
}

/// The groups of every user, packed.
struct GroupsOfUsers {
  private var starts: [UInt32]
  private var packed: [UInt32]

  init(_ groups: [PolicyDocument.Group], symbolCount: Int) {
    starts = Array(repeating: 0, count: symbolCount + 1)
    for group in groups {
      for member in group.members { starts[Int(member.symbol.rawValue) + 1] += 1 }
    }
    for index in 0..<symbolCount { starts[index + 1] += starts[index] }
    packed = Array(repeating: 0, count: Int(starts[symbolCount]))
    var next = starts
    for (index, group) in groups.enumerated() {
      for member in group.members {
        let user = Int(member.symbol.rawValue)
        packed[Int(next[user])] = UInt32(index)
        next[user] += 1
      }
    }
  }

  subscript(user: Symbol) -> ArraySlice<UInt32> {
    packed[Int(starts[Int(user.rawValue)])..<Int(starts[Int(user.rawValue) + 1])]
  }
}
