internal import VerdictModel

/// Finds the grants of one document that an allowed check rests on.
struct GrantIndex {
  private let document: PolicyDocument
  private let grants: [GrantListing.Place: [GrantListing.Grant]]
  /// Where the document's entries begin among all.
  private let first: Int
  private let groupsOfUsers: GroupsOfUsers
  private let workspaces: [Symbol: Int]
  /// Place of every resource in its workspace.
  private var resources: [Key: Int] = [:]

  private struct Key: Hashable {
    var workspace: Int
    var type: Int
    var id: Symbol
  }

  private typealias Grants = [GrantListing.Grant]

  init(_ document: PolicyDocument, _ listing: GrantListing, first: Int) {
    self.document = document
    self.first = first
    grants = listing.grants
    groupsOfUsers = GroupsOfUsers(document.groups, symbolCount: document.symbols.count)
    var workspaces: [Symbol: Int] = [:]
    for (index, workspace) in document.workspaces.enumerated() {
      workspaces[workspace.id.symbol] = index
      for (place, resource) in workspace.resources.enumerated() {
        resources[Key(workspace: index, type: resource.type, id: resource.id.symbol)] = place
      }
    }
    self.workspaces = workspaces
  }

  private var model: AccessModel { document.model }

  func isNamed(_ organization: String) -> Bool {
    document.symbols.find(organization) == document.organization.id.symbol
  }

  /// The entries, counted over all documents.
  func exercised(by check: Check) -> [Int] {
    guard let action = model.actionIndex(check.action),
      case .workspace(let rule) = model.actions[action].rule,
      let (workspace, held) = held(check)
    else { return [] }
    let resource = check.resource.map { operand($0, workspace) }
    let target = check.target.map { operand($0, workspace) }
    guard let one = rule.cases.first(where: { $0.selfType == resource?.type }) else { return [] }
    let terms = Terms(index: self, grants: held, resource: resource, target: target)
    var found: Set<Int> = []
    for alternative in terms.isLinked(by: one.linkedBy) ? [one.linkedTerms] : one.alternatives {
      let holding = alternative.map(terms.holding)
      if holding.contains(where: { $0?.isEmpty ?? false }) { continue }
      for entries in holding { found.formUnion(entries ?? []) }
    }
    return found.map { first + $0 }
  }

  // MARK: Principals

  /// The workspace that a check is about, and all that its principal was given there.
  private func held(_ check: Check) -> (workspace: Int, grants: Grants)? {
    let named = check.workspace.flatMap { document.symbols.find($0) }
    var user: Symbol?
    var own = named
    var holders: [GrantListing.Holder] = [.baseline]
    let (kind, id) = check.principal.withByteView { bytes in
      let name = PrincipalName(bytes)
      return (name.kind, document.symbols.find(name.id))
    }
    switch kind {
    case .user: user = id
    case .serviceToken:
      guard let token = document.serviceTokens.first(where: { $0.id.symbol == id }) else {
        return nil
      }
      own = named ?? token.workspace?.symbol
      holders.append(.serviceToken(token.id.symbol))
    case .personalToken:
      guard let token = document.personalTokens.first(where: { $0.id.symbol == id }) else {
        return nil
      }
      own = named ?? token.workspace.symbol
      user = token.user.symbol
    }
    guard let own, let workspace = workspaces[own] else { return nil }
    if let user {
      holders.append(.user(user))
      for group in groupsOfUsers[user] {
        holders.append(.group(document.groups[Int(group)].id.symbol))
      }
    }
    return (
      workspace,
      holders.flatMap { grants[GrantListing.Place(workspace: own, holder: $0)] ?? [] }
    )
  }

  // MARK: Operands

  fileprivate struct Operand {
    var type: Int?
    /// nil where the document does not have it.
    var known: PolicyDocument.Resource?
  }

  /// `TYPE/ID`, or `TYPE` alone.
  private func operand(_ text: String, _ workspace: Int) -> Operand {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    let type = model.typeIndex(String(parts[0]))
    guard parts.count == 2, let type, let id = document.symbols.find(String(parts[1])) else {
      return Operand(type: type, known: nil)
    }
    return Operand(type: type, known: self.resource(type, id, workspace))
  }

  private func resource(_ type: Int, _ id: Symbol, _ workspace: Int) -> PolicyDocument.Resource? {
    resources[Key(workspace: workspace, type: type, id: id)].map {
      document.workspaces[workspace].resources[$0]
    }
  }

  /// The terms of one check against what its principal holds.
  private struct Terms {
    let index: GrantIndex
    let grants: Grants
    let resource: Operand?
    let target: Operand?

    func isLinked(by relation: Int?) -> Bool {
      guard let relation, let id = target?.known?.id.symbol else { return false }
      return links(relation).contains(id)
    }

    private func links(_ relation: Int) -> [Symbol] {
      (resource?.known?.links ?? []).filter { $0.relation == relation }.map(\.id.symbol)
    }

    /// The entries by which a term holds: none where it doesn't, nil where it needs none.
    func holding(_ term: AccessModel.Term) -> Set<Int>? {
      switch term.operand {
      case .none: return entries(term.permission, type: nil) { _ in true }
      case .`self`: return entries(term.permission, on: resource)
      case .target: return entries(term.permission, on: target)
      case .every(let relation):
        let each = links(relation).map { entries(term.permission, relation, $0) }
        if each.isEmpty { return nil }
        return each.contains(where: \.isEmpty) ? [] : each.reduce(into: []) { $0.formUnion($1) }
      case .any(let relation):
        return links(relation).reduce(into: []) {
          $0.formUnion(entries(term.permission, relation, $1))
        }
      case .parent(let relation):
        if let parent = links(relation).first {
          return entries(term.permission, relation, parent)
        }
        return entries(term.permission, type: index.model.relations[relation].to) { scope in
          if case .all = scope { true } else { false }
        }
      }
    }

    private func entries(
      _ permission: Int, type: Int?, covers: (PolicyDocument.Scope) -> Bool
    ) -> Set<Int> {
      Set(
        grants.filter { $0.permission == permission && $0.type == type && covers($0.scope) }
          .map(\.entry))
    }

    private func entries(_ permission: Int, on operand: Operand?) -> Set<Int> {
      guard let operand, let type = operand.type else { return [] }
      return entries(permission, type: type) { scope in
        guard case .some(let ids, let future) = scope else { return true }
        guard let known = operand.known else { return future }
        return ids.contains { $0.symbol == known.id.symbol }
      }
    }

    private func entries(_ permission: Int, _ relation: Int, _ id: Symbol) -> Set<Int> {
      entries(permission, type: index.model.relations[relation].to) { scope in
        guard case .some(let ids, _) = scope else { return true }
        return ids.contains { $0.symbol == id }
      }
    }
  }
}
