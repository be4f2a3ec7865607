internal import VerdictCrypto
internal import VerdictEngine
internal import VerdictGateway
internal import VerdictHTTP2
internal import VerdictLog
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSystem

/// The services of the product, one set a loop and a worker: the one place where wire and engine
/// meet.
///
/// What a request needs beyond its reply lies in the arena, which is emptied before each request
/// and allocates nothing once warm. A large request takes the arena with it to a place of its own.
public struct Services: ServiceSet, ~Copyable {
  static var methods: [ServedMethod] {
    Method.allCases.map {
      // A client's body makes a gateway's question as long as it likes, and must not make it fail.
      ServedMethod(
        path: $0.path, number: $0.rawValue, kind: kind(of: $0),
        answersTooLong: $0 == .externalAuthorization)
    }
  }

  private static func kind(of method: Method) -> ServedMethod.Kind {
    switch method {
    case .healthPage: .page
    case .authorizeStream, .reflect, .reflectAlpha: .bidirectional
    case .watchSnapshots, .healthWatch: .serverStreaming
    default: .unary
    }
  }

  let state: ServiceState
  /// A worker does at once what would hold a loop.
  let isOnWorker: Bool
  var arena = MessageArena()
  var batch = ColumnBatch()
  let places: [SlicedRequest]
  var checkCount: UInt64 = 0
  var gateway: Gateway
  /// Of the listener whose requests are answered.
  private(set) var identity = IdentitySources.ofServer
  /// Decision ids: a random half that tells loops and processes apart, and a count.
  var decisionID: (UInt64, UInt64)
  /// What is to be counted and logged of the request that was answered last.
  var logDraft: LogDraft
  /// Samples requests for the shadow.
  private var tap: ShadowTap

  /// Made on the thread of the loop or worker that it serves.
  public init(_ state: ServiceState, isOnWorker: Bool = false) {
    self.state = state
    self.isOnWorker = isOnWorker
    places = (0..<(isOnWorker ? 1 : SlicedRequest.countMax)).map { _ in SlicedRequest() }
    gateway = Gateway(state.identity, isOnWorker: isOnWorker)
    tap = state.shadow?.tap() ?? ShadowTap()
    let random = RandomBytes.make(count: 8).withByteView { $0.load64(at: 0) }
    decisionID = (random, 0)
    logDraft = LogDraft(state.logSampling)
  }

  mutating func identify(by sources: IdentitySources) { identity = sources }

  mutating func answer(
    method: UInt8, message: ByteView, set: UInt, nowNanoseconds: UInt64, mayBegin: Bool,
    reply: inout ReplyBuffer
  ) -> ServiceOutcome {
    arena.reset()
    logDraft.clear()
    // SAFETY: the loop holds its publication during the call, and until what is begun ends.
    let set = unsafe SnapshotSet(bits: set)
    switch Method(rawValue: method) {
    case .authorize, .authorizeStream:
      let outcome = authorize(message, set, mayBegin: mayBegin, &reply)
      if tap.isDue() { tap.add(method: Method.authorize.rawValue, message, outcome) }
      return outcome
    case .checkVisibility:
      let outcome = checkVisibility(message, set, mayBegin: mayBegin, &reply)
      if tap.isDue() { tap.add(method: method, message, outcome) }
      return outcome
    case .getServerInfo: return getServerInfo(message, set, &reply)
    case .healthCheck: return .answered(checkHealth(message, set, &reply))
    case .healthPage: return .answered(showHealth(set, &reply))
    case .healthList: return .answered(listHealth(message, set, &reply))
    case .reflect, .reflectAlpha: return .answered(reflect(message, &reply))
    case .watchSnapshots, .healthWatch: preconditionFailure("watches are told by the loop")
    case .externalAuthorization:
      let outcome = externalAuthorization(message, set, &reply)
      if tap.isDue() { tap.add(method: method, message, identity: identity, outcome) }
      return outcome
    case .explain, .getEffectivePolicy, .listResources, .listPrincipals, .getShadowReport:
      preconditionFailure("inspections are for workers")
    case nil: preconditionFailure("the loop passes numbers of the method table")
    }
  }

  // MARK: What all methods share

  /// The status of a message that could not be unpacked.
  func unreadable() -> RPCStatus {
    arena.isExhausted
      ? RPCStatus(.resourceExhausted, "the message takes more memory than one request may")
      : RPCStatus(.internalError, "the message is not readable as this method's request")
  }

  /// What a request for a generation that is not in force yet gets, unless the loop waits for it.
  func awaiting(
    _ generation: UInt64, _ organization: SnapshotSet.Organization?, _ reply: inout ReplyBuffer
  ) -> ServiceOutcome {
    let inForce = organization.map { "\($0.generation) is in force" } ?? "no policies are loaded"
    return .awaits(
      reply.fail(
        .failedPrecondition, "min_generation: \(inForce), \(generation) was asked for"))
  }

  static var outOfMemory: RPCStatus {
    RPCStatus(.resourceExhausted, "the answer takes more memory than one request may")
  }

  static var noSnapshot: RPCStatus { RPCStatus(.unavailable, "no policies are loaded yet") }

  /// The next decision id, in the arena; nil where it is full.
  mutating func nextDecisionID() -> ByteView? {
    decisionID.1 &+= 1
    guard let room = unsafe arena.allocate(byteCount: 16) else { return nil }
    // SAFETY: sixteen bytes of room.
    unsafe room.storeBytes(of: decisionID.0, as: UInt64.self)
    unsafe room.storeBytes(of: decisionID.1.bigEndian, toByteOffset: 8, as: UInt64.self)
    return unsafe ByteView(base: room, count: 16)
  }

  /// Where an answer comes from: the organization's snapshot, or none where it is not loaded. Nil
  /// where the arena is full: no answer goes out that doesn't say which policies gave it.
  mutating func origin(_ organization: SnapshotSet.Organization?) -> AnswerOrigin? {
    guard let id = nextDecisionID() else { return nil }
    guard let organization else {
      return AnswerOrigin(decisionID: id, snapshotDigest: ByteView(), generation: 0)
    }
    guard let room = unsafe arena.allocate(byteCount: 32) else { return nil }
    // SAFETY: thirty-two bytes of room.
    unsafe room.storeBytes(of: organization.digest.0, as: UInt64.self)
    unsafe room.storeBytes(of: organization.digest.1, toByteOffset: 8, as: UInt64.self)
    unsafe room.storeBytes(of: organization.digest.2, toByteOffset: 16, as: UInt64.self)
    unsafe room.storeBytes(of: organization.digest.3, toByteOffset: 24, as: UInt64.self)
    return AnswerOrigin(
      decisionID: id, snapshotDigest: unsafe ByteView(base: room, count: 32),
      generation: organization.generation)
  }

  /// Room in the arena for bytes that are all written before they are read.
  func bytes(_ count: Int) -> UnsafeMutablePointer<UInt8>? {
    unsafe arena.allocate(byteCount: count)?.bindMemory(to: UInt8.self, capacity: count)
  }
}
