public import VerdictModel
public import VerdictPolicy

/// Makes small random organizations that obey every rule of a valid document: what an author could
/// write under the plan, in every form of scope, with members, groups and tokens of all kinds.
///
/// Works from the access model alone, so that it serves any model.
public struct WorldGenerator {
  public var random: SeededRandom

  public init(seed: UInt64) { random = SeededRandom(seed: seed) }

  /// One organization.
  public mutating func document(
    model: AccessModel, organization: String = "acme"
  ) -> PolicyDocument {
    var world = World(model: model, plan: random.below(model.plans.count), random: random)
    let document = world.document(organization: Array(organization.utf8))
    random = world.random
    return document
  }

  /// A set of up to three organizations; mostly one.
  public mutating func documents(models: [AccessModel]) -> [PolicyDocument] {
    let names = ["acme", "globex", "acm\u{e9}"]
    let count = random.chance(70) ? 1 : 1 + random.below(names.count)
    return names.prefix(count).map { document(model: random.pick(models), organization: $0) }
  }
}

/// A world in the making.
struct World {
  let model: AccessModel
  let plan: Int
  var random: SeededRandom
  var symbols = SymbolTable()
  /// How often a policy holds any one grant, in percent; one world is rich and the next is poor.
  let density: Int

  var owner: Name
  var admins: [Name] = []
  var members: [Name] = []
  var groups: [PolicyDocument.Group] = []
  var workspaces: [PolicyDocument.Workspace] = []

  init(model: AccessModel, plan: Int, random: SeededRandom) {
    self.model = model
    self.plan = plan
    self.random = random
    density = self.random.pick([10, 30, 50, 80])
    owner = Name(symbol: symbols.intern("nobody"), mark: Mark(line: 0, column: 0))
  }

  func allows(_ feature: AccessModel.PlanFeature) -> Bool {
    model.plans[plan].features.contains(feature)
  }

  func limit(_ limit: AccessModel.PlanLimit) -> Int? { model.plans[plan].limits[limit] }

  mutating func name(_ bytes: [UInt8]) -> Name {
    Name(
      symbol: bytes.withByteView { symbols.intern($0) }, mark: Mark(line: 0, column: 0))
  }

  mutating func document(organization: [UInt8]) -> PolicyDocument {
    let id = name(organization)
    addUsers()
    let ids = random.shuffled(IdentifierPool.legal).map { name($0) }
    let most = min(limit(.workspaces) ?? 3, 3)
    let count = random.chance(3) ? 0 : 1 + random.below(most)
    workspaces = ids.prefix(count).map { PolicyDocument.Workspace(id: $0) }
    addResources()
    switch model.access {
    case .policies:
      addGroups()
      addPolicies()
    case .roles:
      addRoles()
    }
    let invitations = invitations()
    let tokens = model.access == .policies
    let serviceTokens = tokens ? self.serviceTokens() : []
    let personalTokens = tokens ? self.personalTokens() : []
    return PolicyDocument(
      path: "world.yaml", model: model, symbols: symbols,
      organization: PolicyDocument.Organization(
        id: id, plan: plan, owner: owner, admins: admins,
        // In models with roles a role makes the member.
        members: model.access == .policies ? members : [], invitations: invitations,
        unknownResources: random.chance(30) ? .deny : .future),
      groups: groups, workspaces: workspaces, serviceTokens: serviceTokens,
      personalTokens: personalTokens)
  }

  private mutating func addUsers() {
    let ids = random.shuffled(IdentifierPool.legal).map { name($0) }
    owner = ids[0]
    let adminCount = random.below(3)
    admins = Array(ids[1..<(1 + adminCount)])
    members = Array(ids[(1 + adminCount)..<(1 + adminCount + random.below(7))])
  }

  /// Pending invitations; where the plan limits members, sometimes as many as it takes.
  private mutating func invitations() -> [Name] {
    let room = (limit(.members) ?? 100) - 1 - admins.count - members.count
    let count = min(room, limit(.members) != nil && random.chance(40) ? room : random.below(3))
    return (0..<max(count, 0)).map { name(Array("invited-\($0)@acme.example".utf8)) }
  }

  /// Distributes ids of every type over the workspaces; what is left over stays unknown.
  private mutating func addResources() {
    guard !workspaces.isEmpty else { return }
    // Now and then so many of one type that scopes are long, sparse, or both; mostly where scopes
    // may list ids.
    let lists = allows(.instanceScopes) || model.access == .roles
    let listed = random.pickAny(model.roles.compactMap { $0.scope?.type })
    let crowded =
      random.chance(lists ? 20 : 1) ? listed ?? random.below(model.resourceTypes.count) : nil
    for type in model.resourceTypes.indices {
      let ids = random.shuffled(IdentifierPool.legal.prefix(10).map { $0 })
      for id in ids.prefix(random.below(5) + random.below(4)) {
        let place = random.below(workspaces.count)
        let resource = PolicyDocument.Resource(type: type, id: name(id))
        workspaces[place].resources.append(resource)
      }
      if type == crowded { crowd(type) }
    }
    for place in workspaces.indices { addLinks(in: place) }
  }

  /// Hundreds of resources of one type.
  private mutating func crowd(_ type: Int) {
    for number in 0..<200 + random.below(800) {
      let place = random.below(workspaces.count)
      let id = name(Array("crowd-\(number)".utf8))
      workspaces[place].resources.append(PolicyDocument.Resource(type: type, id: id))
    }
  }

  private mutating func addLinks(in place: Int) {
    // A resource without the one link that its type must have can't be written.
    for relation in model.relations where relation.single {
      let hasParents = workspaces[place].resources.contains { $0.type == relation.to }
      if !hasParents { workspaces[place].resources.removeAll { $0.type == relation.from } }
    }
    let resources = workspaces[place].resources
    for (index, relation) in model.relations.enumerated() {
      let ends = resources.filter { $0.type == relation.to }.map(\.id)
      for position in resources.indices where resources[position].type == relation.from {
        let chosen =
          relation.single ? [random.pick(ends)] : random.some(of: ends, percent: 40)
        workspaces[place].resources[position].links += chosen.map {
          PolicyDocument.Link(relation: index, id: $0)
        }
      }
    }
    for pair in model.connections where random.chance(40) {
      let sources = resources.filter { $0.type == pair.first }
      let destinations = resources.filter { $0.type == pair.second }
      guard let source = random.pickAny(sources), let end = random.pickAny(destinations) else {
        continue
      }
      let number = workspaces[place].connections.count
      workspaces[place].connections.append(
        PolicyDocument.Connection(
          id: name(Array("connection-\(place)-\(number)".utf8)),
          source: PolicyDocument.ResourceReference(type: source.type, id: source.id),
          destination: PolicyDocument.ResourceReference(type: end.type, id: end.id)))
      link(source, to: end, in: place)
      link(end, to: source, in: place)
    }
  }

  /// A checked document has a connection as a link too, where the model says so.
  private mutating func link(
    _ resource: PolicyDocument.Resource, to end: PolicyDocument.Resource, in place: Int
  ) {
    let isResource = { (other: PolicyDocument.Resource) in
      other.type == resource.type && other.id.symbol == resource.id.symbol
    }
    guard let position = workspaces[place].resources.firstIndex(where: isResource) else { return }
    for (index, relation) in model.relations.enumerated()
    where relation.throughConnections && relation.from == resource.type && relation.to == end.type {
      let links = workspaces[place].resources[position].links
      if links.contains(where: { $0.relation == index && $0.id.symbol == end.id.symbol }) {
        continue
      }
      workspaces[place].resources[position].links.append(
        PolicyDocument.Link(relation: index, id: end.id))
    }
  }
}
