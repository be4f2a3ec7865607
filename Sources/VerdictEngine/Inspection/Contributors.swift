internal import VerdictModel
internal import VerdictSnapshot

/// Everything that gives a principal rights in one workspace, from the provenance sections.
struct Contributors {
  struct Contributor {
    let source: RightSource
    /// What it grants; nil where it only gives access.
    let policy: Int?
    let givesAccess: Bool
    /// A role whose holder administers the workspace.
    let administers: Bool

    init(_ source: RightSource, policy: Int? = nil, givesAccess: Bool, administers: Bool = false) {
      self.source = source
      self.policy = policy
      self.givesAccess = givesAccess
      self.administers = administers
    }
  }

  let view: SnapshotView
  let workspace: Int
  private(set) var all: [Contributor] = []

  /// What everybody with access to the workspace has.
  init(baselineOf workspace: Int, in view: SnapshotView) {
    self.view = view
    self.workspace = workspace
    if !view.policy(workspace).grants.isEmpty {
      all.append(Contributor(RightSource(.baseline), policy: workspace, givesAccess: false))
    }
  }

  /// What a principal with a class there has.
  ///
  /// - Parameter slot: of a user or a service token.
  init(slot: Int, class index: Int, workspace: Int, in view: SnapshotView) {
    self.init(baselineOf: workspace, in: view)
    let mix = view.mix(principalSlot: slot, class: index)
    let records = mix.policies.map { ($0, view.policy($0)) }
    let isToken =
      view.table(.principals).slot(slot).tag == PrincipalKind.serviceToken.rawValue
    if isToken {
      all.append(Contributor(RightSource(.tokenWorkspace), givesAccess: true))
    } else if mix.isDirect, !records.contains(where: { $0.1.kind == .role }) {
      all.append(Contributor(RightSource(.directAccess), givesAccess: true))
    }
    for (number, record) in records { add(number, record) }
  }

  private mutating func add(_ number: Int, _ record: PolicyRecord) {
    switch record.kind {
    case .group:
      all.append(
        Contributor(
          RightSource(.group, name: view.groupName(record.name).text), policy: number,
          givesAccess: true))
    case .member:
      all.append(Contributor(RightSource(.memberPolicy), policy: number, givesAccess: false))
    case .token:
      all.append(Contributor(RightSource(.tokenPolicy), policy: number, givesAccess: false))
    case .role:
      let role = view.role(record.name)
      var source = RightSource(.role, name: role.name.text, display: role.display.text)
      if let type = role.scopeType {
        source.scope = scope(ofRole: record, type: type)
        source.scopeTypes = view.typePlural(type).text
      }
      all.append(
        Contributor(
          source, policy: number, givesAccess: true, administers: role.has(RoleFlag.administers)))
    // A mix doesn't list the baseline.
    case .baseline: break
    }
  }

  /// What an assignment covers, seen by what it grants on the type that it can list.
  private func scope(ofRole record: PolicyRecord, type: Int) -> GrantScope {
    for place in record.grants {
      let grant = view.policyGrant(place)
      if view.grantable(cell: grant.cell).type == type { return scope(grant.word, type) }
    }
    return GrantScope(isAll: false, includesFuture: false)
  }

  // MARK: What they grant

  /// The word that a contributor has for a cell, 0 for none.
  func word(_ contributor: Contributor, cell: Int) -> UInt32 {
    guard let policy = contributor.policy else { return 0 }
    for place in view.policy(policy).grants {
      let grant = view.policyGrant(place)
      if grant.cell == cell { return grant.word }
    }
    return 0
  }

  /// Whether a contributor grants a requirement.
  func covers(_ contributor: Contributor, _ leaf: RequirementLeaf) -> Bool {
    let word = word(contributor, cell: leaf.cell)
    guard word > 1 else { return word == 1 }
    guard let ordinal = leaf.ordinal else { return word & 3 == 3 }
    return view.policyScope(word, contains: ordinal)
  }

  /// A grant's scope with the ids of its resources.
  func scope(_ word: UInt32, _ type: Int?) -> GrantScope {
    guard word > 1, let type else { return .all }
    return scope(view.policyScopeOrdinals(word), future: word & 3 == 3, type)
  }

  func scope(_ ordinals: [UInt32], future: Bool, _ type: Int) -> GrantScope {
    let places = view.resources(workspace: workspace, type: type)
    let resources = view.table(.resources)
    let known = ordinals.filter { Int($0) < places.count }
    return GrantScope(
      isAll: false, includesFuture: future,
      ids: known.prefix(Limits.scopeIDCountMax).map {
        resources.key(slot: view.resourceSlot(at: places.lowerBound + Int($0))).text
      }, idCount: known.count)
  }
}

/// A permission on one resource, or on whatever the snapshot doesn't know.
struct RequirementLeaf {
  let permission: Int
  /// -1: there is no such grant.
  let cell: Int
  /// The type, or nil for a switch.
  let type: Int?
  /// Of a known resource: its slot and ordinal.
  let slot: Int?
  let ordinal: UInt32?
  /// Of an unknown one: its id, empty for one that is yet to be made.
  let id: String
}
