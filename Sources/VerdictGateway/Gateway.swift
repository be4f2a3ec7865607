internal import VerdictCrypto
public import VerdictEngine
public import VerdictModel
public import VerdictRPC
internal import VerdictRoutes
internal import VerdictSnapshot

/// Decides whether a request may pass: who is calling, which checks its route asks for, and whether
/// all of them allow. Total: whatever a request says has an answer, and only an answer of reason
/// `internal` is the server's fault.
///
/// One for each thread. What a request needs lies in the arena; nothing is allocated for one that
/// passes.
public struct Gateway: ~Copyable {
  let rules: IdentityRules
  var workspaces = WorkspaceNames()
  /// Unforeseeable to clients.
  let seed: UInt64
  /// nil: no JWT is believed.
  var tokens: TokenVerifier?

  /// - Parameter isOnWorker: whether JWTs may be verified, which would hold a loop.
  public init(_ configuration: IdentityConfiguration, isOnWorker: Bool) {
    rules = IdentityRules(configuration)
    tokens = configuration.tokenTrust.map { TokenVerifier($0, verifies: isOnWorker) }
    seed = RandomBytes.make(count: 8).withByteView { $0.load64(at: 0) }
  }

  /// Decides a request from one set.
  ///
  /// - Parameters:
  ///   - nowSeconds: since 1970, for tokens that expire.
  ///   - arena: holds the request, and what the answer refers to.
  public mutating func decide(
    _ request: GatewayRequest, _ set: SnapshotSet, nowSeconds: Int64,
    in arena: borrowing MessageArena
  ) -> GatewayAnswer {
    var answer = GatewayAnswer()
    guard let room = unsafe arena.allocate(byteCount: request.target.count) else {
      return answer.denied(.badRequest)
    }
    // SAFETY: as much room as the target has bytes.
    let bytes = unsafe room.bindMemory(to: UInt8.self, capacity: max(request.target.count, 1))
    let path: RequestPath
    do throws(RequestPathFault) {
      path = unsafe try RequestPath(request.target, room: bytes)
    } catch {
      answer.detail = error.message
      return answer.denied(.badRequest)
    }
    let identity = identify(request, set, nowSeconds, arena)
    if identity.awaitsVerification {
      answer.awaitsVerification = true
      return answer.denied(.internal)
    }
    let organization = identity.organization
    if organization >= 0 { answer.organization = set[organization] }
    if identity.reason == .granted {
      answer.principalKind = identity.kind
      answer.principalID = identity.id
    }
    guard let table = routes(set, organization: organization) else {
      return answer.denied(identity.reason == .granted ? .noRoute : identity.reason)
    }
    var values = RequestValues(request: request, path: path, table: table, seed: seed)
    let route = values.route(arena)
    if case .found(let index) = route, table.route(index).has(RouteFlag.isPublic) {
      answer.route = table.route(index).template
      return answer.allowed(.granted)
    }
    guard identity.reason == .granted else { return answer.denied(identity.reason) }
    switch route {
    case .none: return answer.denied(.noRoute)
    case .refused:
      if let fault = values.bodyFault { answer.detail = fault }
      return answer.denied(.badRequest)
    case .found(let index):
      answer.route = table.route(index).template
      return check(table.route(index), identity, &values, answer, arena)
    }
  }

  /// A JWT that was verified since this was asked last, to be told to the loop.
  public mutating func takeVerifiedToken() -> VerifiedToken? { tokens?.takeNews() }

  /// Takes over what a worker has verified.
  public mutating func remember(_ token: VerifiedToken) { tokens?.remember(token) }

  /// The table of the organization's model; where nobody knows the organization, the only one.
  private func routes(_ set: SnapshotSet, organization: Int) -> RouteTable? {
    let tables = RouteTableList(set.routes)
    if organization < 0 { return tables.count == 1 ? tables[0] : nil }
    let model = set[organization].view.modelID
    for index in 0..<tables.count where tables[index].modelID == model { return tables[index] }
    return nil
  }
}

/// What a request gets.
public struct GatewayAnswer {
  public internal(set) var reason = Reason.internal
  /// What is wrong beyond the reason, for people.
  public internal(set) var detail: StaticString = ""
  /// What the engine said of the first check that doesn't allow, in words; in the arena.
  public internal(set) var message = ByteView()
  /// Empty where nobody is known.
  public internal(set) var principalID = ByteView()
  public internal(set) var principalKind = PrincipalKind.user
  public internal(set) var organization: SnapshotSet.Organization?
  /// Empty where the request is about none.
  public internal(set) var workspace = ByteView()
  /// The template of the route, or empty.
  public internal(set) var route = ByteView()
  /// The action of the first check that doesn't allow, or of the last.
  public internal(set) var action = ByteView()
  /// What that check was about, and how it was decided; nil where no check was.
  public internal(set) var resource = Operand()
  public internal(set) var target = Operand()
  public internal(set) var decision: Decision?

  /// A resource as the request names it: any bytes.
  public struct Operand {
    /// Its number in the snapshot, or -1: none.
    public var type = -1
    public var id = ByteView()
  }

  /// No answer: a JWT is to be verified first, by a worker.
  public internal(set) var awaitsVerification = false

  public init() {}

  public var isAllow: Bool { reason.effect == .allow }
  /// The status that a client gets who may not.
  public var status: Int32 { reason == .unidentified ? 401 : 403 }

  consuming func denied(_ reason: Reason) -> GatewayAnswer {
    self.reason = reason
    return self
  }

  consuming func allowed(_ reason: Reason) -> GatewayAnswer {
    self.reason = reason
    return self
  }
}

/// Names of workspaces by their numbers: a snapshot finds only the other way round. Remembers
/// places, and looks whether they are still right: another snapshot has others.
struct WorkspaceNames {
  private var slots = InlineArray<64, Int32>(repeating: 0)

  mutating func name(_ number: Int, _ view: SnapshotView) -> ByteView {
    let table = view.table(.workspaces)
    let place = number & 63
    if isSlot(Int(slots[place]), of: number, table) { return table.key(slot: Int(slots[place])) }
    for slot in 0..<table.slotCount where isSlot(slot, of: number, table) {
      slots[place] = Int32(slot)
      return table.key(slot: slot)
    }
    return ByteView()
  }

  private func isSlot(_ slot: Int, of number: Int, _ table: KeyTable) -> Bool {
    guard slot < table.slotCount else { return false }
    let found = table.slot(slot)
    return found.isFound && Int(found.value) == number
  }
}
