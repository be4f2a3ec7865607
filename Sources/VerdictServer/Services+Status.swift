internal import VerdictControl
internal import VerdictCrypto
internal import VerdictEngine
internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSnapshot
internal import VerdictSystem

/// `GetServerInfo` and health checks.
extension Services {
  mutating func getServerInfo(
    _ message: ByteView, _ set: SnapshotSet?, _ reply: inout ReplyBuffer
  ) -> ServiceOutcome {
    guard EmptyRequest.serverInfo.isReadable(message, in: arena) else {
      return .answered(unreadable())
    }
    if !isOnWorker, set?.count ?? 0 > Limits.listedOrganizationCountMax { return .forWorkers }
    let now = SystemClock.realNanoseconds() / 1_000_000_000
    var organizations: [ServerInfo.Organization] = []
    for index in 0..<(set?.count ?? 0) {
      guard let organization = set?[index] else { continue }
      let digest = organization.digest
      let words = [digest.0, digest.1, digest.2, digest.3]
      organizations.append(
        ServerInfo.Organization(
          organization: organization.view.organizationID.text,
          model: organization.view.modelID.text,
          snapshotDigest: words.flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) }
          },
          generation: organization.generation,
          ageSeconds: UInt64(max(0, now - organization.createdSeconds)),
          snapshotByteCount: UInt64(organization.view.byteCount)))
    }
    let info = ServerInfo(
      version: state.version, setNumber: set?.number ?? 0,
      concurrentStreamCountMax: UInt32(state.streamCountMax), organizations: organizations,
      policies: ServerInfo.Policies(state.policies.status))
    // SAFETY: the reply reserved as many bytes as the message has.
    let isPacked = unsafe info.pack(in: arena) { unsafe reply.claim($0) }
    return .answered(isPacked ? .ok : Services.outOfMemory)
  }

  mutating func checkHealth(
    _ message: ByteView, _ set: SnapshotSet?, _ reply: inout ReplyBuffer
  ) -> RPCStatus {
    guard let request = HealthCheckRequest(message, in: arena) else { return unreadable() }
    guard Services.isKnown(request) else { return RPCStatus(.notFound, "unknown service") }
    health(set).encoded.withByteView { reply.append($0) }
    return .ok
  }

  /// All services at once; they are served together or not at all.
  func listHealth(
    _ message: ByteView, _ set: SnapshotSet?, _ reply: inout ReplyBuffer
  ) -> RPCStatus {
    guard EmptyRequest.healthList.isReadable(message, in: arena) else { return unreadable() }
    health(set).list([""] + Method.services).withByteView { reply.append($0) }
    return .ok
  }

  /// Whether decisions are made: not without policies, not by ones that are too old, and not any
  /// more once the server drains.
  func health(_ set: SnapshotSet?) -> HealthStatus {
    guard let set, !set.isClosed, !state.isDraining else { return .notServing }
    return .serving
  }

  /// Whether a health check is about the whole server or a service of it.
  static func isKnown(_ request: HealthCheckRequest) -> Bool {
    request.service.isEmpty
      || Method.services.contains { $0.withByteView { $0 == request.service } }
  }

  /// One question about the API, of either version of the protocol.
  mutating func reflect(_ message: ByteView, _ reply: inout ReplyBuffer) -> RPCStatus {
    guard let request = ReflectionRequest(message, in: arena) else { return unreadable() }
    request.answer(from: .shared, services: Method.services)
      .withByteView { reply.append($0) }
    return .ok
  }

  /// The whole server's health for those who can't speak gRPC: 200 or 503 with a word.
  mutating func showHealth(_ set: SnapshotSet?, _ reply: inout ReplyBuffer) -> RPCStatus {
    guard health(set) == .serving else { return RPCStatus(.unavailable, "NOT_SERVING") }
    "SERVING".withByteView { reply.append($0) }
    return .ok
  }
}

extension ServerInfo.Policies {
  fileprivate init(_ status: PolicyStatus) {
    let state: ServerInfo.PolicyState =
      switch status.state {
      case .loaded: .loaded
      case .stale: .stale
      case .error: .error
      }
    self.init(
      state: state, isClosed: status.isClosed, setDigest: status.setDigest?.bytes ?? [],
      ageSeconds: UInt64(max(0, status.ageSeconds ?? 0)),
      expiresSeconds: UInt64(max(0, status.expiresSeconds ?? 0)), keyID: status.keyID ?? "",
      lastSuccessSeconds: UInt64(max(0, status.lastSuccessSeconds ?? 0)),
      lastFailureSeconds: UInt64(max(0, status.lastFailureSeconds ?? 0)),
      lastFailure: status.lastFailure?.description ?? "",
      lastFailureCause: status.lastFailure?.code.rawValue ?? "")
  }
}
