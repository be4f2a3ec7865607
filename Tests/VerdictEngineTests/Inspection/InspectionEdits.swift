import VerdictModel
import VerdictPolicy
import VerdictTestKit

/// Changes to a document that hold an explanation to its word: only the sources that it names, or
/// the grants that it proposes.
extension PolicyDocument {
  private func named(_ bytes: [UInt8]) -> Name? {
    bytes.withByteView { symbols.find($0) }
      .map { Name(symbol: $0, mark: Mark(line: 0, column: 0)) }
  }

  /// The place of a workspace.
  func workspace(_ id: String) -> Int? {
    workspaces.firstIndex { bytes($0.id) == Array(id.utf8) }
  }

  // MARK: Taking sources away

  /// Takes away everything that somebody has in a workspace but what comes from `sources`.
  ///
  /// - Parameters:
  ///   - user: a user's id; nil for a service token.
  mutating func keep(
    _ sources: [RightSource], user: [UInt8]?, serviceToken: [UInt8]?, in place: Int
  ) {
    func has(_ kind: RightSource.Kind) -> Bool { sources.contains { $0.kind == kind } }
    let document = self
    if !has(.baseline) { workspaces[place].baseline = nil }
    if let serviceToken, !has(.tokenPolicy) {
      for index in serviceTokens.indices where bytes(serviceTokens[index].id) == serviceToken {
        serviceTokens[index].policy = Policy()
      }
    }
    guard let user else { return }
    let isUser = { (name: Name) in document.bytes(name) == user }
    if !has(.directAccess) { workspaces[place].members.removeAll(where: isUser) }
    if !has(.memberPolicy) {
      workspaces[place].memberPolicies.removeAll { isUser($0.holder) }
    }
    let id = workspaces[place].id.symbol
    for index in groups.indices where groups[index].workspaces.contains(where: { $0.symbol == id })
    {
      let name = bytes(groups[index].id)
      let isKept = sources.contains { $0.kind == .group && Array($0.name.utf8) == name }
      if !isKept { groups[index].members.removeAll(where: isUser) }
    }
    workspaces[place].roles.removeAll { assignment in
      isUser(assignment.user)
        && !sources.contains { document.isAssignment(assignment, $0) }
    }
  }

  /// Whether a source is this assignment of a role.
  func isAssignment(_ assignment: RoleAssignment, _ source: RightSource) -> Bool {
    let role = model.roles[assignment.role]
    guard source.kind == .role, source.name == role.name else { return false }
    guard role.scope != nil else { return source.scope == nil }
    switch assignment.scope {
    case .all: return source.scope?.isAll == true
    case .some(let ids, _):
      let wanted = Set(ids.map { bytes($0) })
      return source.scope?.isAll == false
        && Set((source.scope?.ids ?? []).map { Array($0.utf8) }) == wanted
    }
  }

  // MARK: Adding grants

  mutating func addAccess(user: [UInt8], in place: Int) {
    guard let name = named(user) else { return }
    workspaces[place].members.append(name)
  }

  /// Makes grants, in the principal's own policy or by the roles that are named for them.
  mutating func grant(
    _ grants: [Explanation.MissingGrant], user: [UInt8]?, serviceToken: [UInt8]?, in place: Int
  ) {
    if model.access == .roles { return assign(grants, user: user ?? [], in: place) }
    var policy = Policy()
    for grant in grants {
      guard let permission = model.permissions.firstIndex(where: { $0.name == grant.permission })
      else { continue }
      guard let type = model.resourceTypes.firstIndex(where: { $0.name == grant.type }) else {
        policy.switches.append(permission)
        continue
      }
      policy.grants.append(
        Grant(
          permission: permission, type: type, scope: scope(grant),
          mark: Mark(line: 0, column: 0)))
    }
    if let serviceToken {
      for index in serviceTokens.indices where bytes(serviceTokens[index].id) == serviceToken {
        serviceTokens[index].policy.grants += policy.grants
        serviceTokens[index].policy.switches += policy.switches
      }
    }
    guard let user, let holder = named(user) else { return }
    if let index = workspaces[place].memberPolicies.firstIndex(where: {
      $0.holder.symbol == holder.symbol
    }) {
      workspaces[place].memberPolicies[index].policy.grants += policy.grants
      workspaces[place].memberPolicies[index].policy.switches += policy.switches
    } else {
      workspaces[place].memberPolicies.append(HolderPolicy(holder: holder, policy: policy))
    }
  }

  private func scope(_ grant: Explanation.MissingGrant) -> Scope {
    guard !grant.id.isEmpty, let id = named(Array(grant.id.utf8)) else { return .all }
    return .some([id], future: false)
  }

  private mutating func assign(
    _ grants: [Explanation.MissingGrant], user: [UInt8], in place: Int
  ) {
    guard let holder = named(user) else { return }
    for grant in grants {
      guard
        let role = model.roles.firstIndex(where: { $0.name == grant.roles.first ?? "" })
      else { continue }
      let isListed = model.roles[role].scope.map { model.resourceTypes[$0.type].name } == grant.type
      workspaces[place].roles.append(
        RoleAssignment(user: holder, role: role, scope: isListed ? scope(grant) : .all))
    }
  }
}
