import VerdictModel
public import VerdictPolicy

/// Makes checks that are worth asking of a set of documents: mostly well-shaped questions about
/// what the documents know, and everything that can be wrong with one.
public struct CheckGenerator {
  var random: SeededRandom
  let places: [Place]

  /// What can be named in one organization.
  struct Place {
    let model: AccessModel
    let organization: [UInt8]
    let admins: [[UInt8]]
    let members: [[UInt8]]
    let strangers: [[UInt8]]
    let serviceTokens: [(id: [UInt8], workspace: [UInt8]?)]
    let personalTokens: [(id: [UInt8], workspace: [UInt8])]
    let workspaces: [Workspace]
  }

  struct Workspace {
    let id: [UInt8]
    let users: [[UInt8]]
    /// By type.
    let resources: [[[UInt8]]]
  }

  public init(documents: [PolicyDocument], seed: UInt64) {
    random = SeededRandom(seed: seed)
    places = documents.map { Place($0) }
  }

  /// The next check. About 1 in 6 is wrong in some way.
  public mutating func next() -> ReferenceCheck {
    let place = random.pick(places)
    let workspace = random.pickAny(place.workspaces)
    var check = ReferenceCheck(
      organization: places.count > 1 || random.chance(30) ? place.organization : nil,
      principal: principal(of: place, near: workspace), workspace: workspace?.id, action: [])
    let isToken =
      check.principal.starts(with: "service".utf8)
      || check.principal.starts(with: "personal".utf8)
    if isToken && random.chance(50) { check.workspace = nil }

    let rules = place.model.actions
    let organizational = random.chance(20)
    let fitting = rules.filter { action in
      if case .organization = action.rule { return organizational }
      return !organizational
    }
    let action = random.pick(fitting.isEmpty ? rules : fitting)
    check.action = Array(action.name.utf8)
    switch action.rule {
    case .organization(let rule):
      if rule.targetsUser { check.target = Array("user:".utf8) + user(of: place) }
      if random.chance(60) { check.workspace = nil }
    case .workspace(let rule):
      fill(&check, for: rule, in: workspace, of: place)
    }
    if random.chance(16) { spoil(&check, in: place) }
    return check
  }

  private mutating func principal(of place: Place, near workspace: Workspace?) -> [UInt8] {
    switch random.below(100) {
    case ..<8: named("user:", random.pick(place.admins))
    case ..<52: named("user:", random.pickAny(workspace?.users ?? []) ?? user(of: place))
    case ..<58: named("user:", user(of: place))
    case ..<74:
      random.pickAny(place.serviceTokens).map { named("service_token:", $0.id) }
        ?? named("user:", user(of: place))
    case ..<94:
      random.pickAny(place.personalTokens).map { named("personal_token:", $0.id) }
        ?? named("user:", user(of: place))
    default: stranger(of: place)
    }
  }

  /// With its prefix; a user also without, where the id alone is not taken for another kind.
  private mutating func named(_ prefix: String, _ id: [UInt8]) -> [UInt8] {
    let prefixes = ["user:", "service_token:", "personal_token:"]
    let bare = prefixes.allSatisfy { !id.starts(with: $0.utf8) }
    return prefix == "user:" && bare && random.chance(20) ? id : Array(prefix.utf8) + id
  }

  private mutating func user(of place: Place) -> [UInt8] {
    random.chance(80)
      ? random.pick(place.admins + place.members) : random.pick(place.strangers)
  }

  /// Somebody else's name, or a right name under a wrong prefix.
  private mutating func stranger(of place: Place) -> [UInt8] {
    let ids =
      place.strangers + place.members + place.serviceTokens.map(\.id)
      + place.personalTokens.map(\.id)
    let prefix = random.pick(["user:", "service_token:", "personal_token:"])
    return Array(prefix.utf8) + random.pick(ids)
  }

  private mutating func fill(
    _ check: inout ReferenceCheck, for rule: AccessModel.WorkspaceRule, in workspace: Workspace?,
    of place: Place
  ) {
    let requirement = random.pick(rule.cases)
    if let type = requirement.selfType {
      check.resource =
        rule.selfOperand == .type
        ? Array(place.model.resourceTypes[type].name.utf8)
        : resource(type, in: workspace, of: place)
    }
    let wantsTarget =
      requirement.target == .required || (requirement.target == .optional && random.chance(70))
    if wantsTarget, let type = random.pickAny(requirement.targetTypes) {
      check.target = resource(type, in: workspace, of: place)
    }
  }

  /// `TYPE/ID`, mostly of a resource of the workspace.
  mutating func resource(_ type: Int, in workspace: Workspace?, of place: Place) -> [UInt8] {
    let elsewhere = place.workspaces.flatMap { $0.resources[type] }
    let ids: [[UInt8]] =
      switch random.below(100) {
      case ..<80: workspace?.resources[type] ?? []
      case ..<88: elsewhere
      case ..<94: IdentifierPool.legal
      default: IdentifierPool.unused
      }
    let id = random.pickAny(ids) ?? random.pick(IdentifierPool.unused)
    return Array("\(place.model.resourceTypes[type].name)/".utf8) + id
  }
}

extension CheckGenerator.Place {
  init(_ document: PolicyDocument) {
    func bytes(_ name: Name) -> [UInt8] { document.symbols.withBytes(of: name.symbol) { $0.array } }
    model = document.model
    organization = bytes(document.organization.id)
    admins = [bytes(document.organization.owner)] + document.organization.admins.map(bytes)
    members = document.organization.members.map(bytes)
    strangers = document.organization.invitations.map(bytes) + IdentifierPool.unused
    serviceTokens = document.serviceTokens.map { (bytes($0.id), $0.workspace.map(bytes)) }
    personalTokens = document.personalTokens.map { (bytes($0.id), bytes($0.workspace)) }
    workspaces = document.workspaces.map { workspace in
      let groups = document.groups.filter { group in
        group.workspaces.contains { $0.symbol == workspace.id.symbol }
      }
      let users =
        workspace.members + groups.flatMap(\.members) + workspace.roles.map(\.user)
      return CheckGenerator.Workspace(
        id: bytes(workspace.id), users: users.map(bytes),
        resources: document.model.resourceTypes.indices.map { type in
          let ids = workspace.resources.filter { $0.type == type }.map { bytes($0.id) }
          guard ids.count > 40 else { return ids }
          // Of a crowd those that a short list names are asked about as often as all others.
          let listed = workspace.shortLists(of: type).flatMap { $0 }.map(bytes)
          let times = ids.count / max(listed.count, 1) + 1
          return ids + repeatElement(listed, count: times).flatMap { $0 }
        })
    }
  }
}

extension PolicyDocument.Workspace {
  /// The scopes on a type that name a few resources, of its policies and roles.
  fileprivate func shortLists(of type: Int) -> [[Name]] {
    let policies = (groupPolicies + memberPolicies).map(\.policy) + [baseline].compactMap { $0 }
    let scopes =
      policies.flatMap(\.grants).filter { $0.type == type }.map(\.scope) + roles.map(\.scope)
    return scopes.compactMap { scope in
      guard case .some(let ids, _) = scope, ids.count <= 10 else { return nil }
      let here = Set(resources.filter { $0.type == type }.map(\.id.symbol))
      return ids.filter { here.contains($0.symbol) }
    }
  }
}
