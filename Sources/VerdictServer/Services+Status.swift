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
  ) -> RPCStatus {
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
      concurrentStreamCountMax: UInt32(state.streamCountMax), organizations: organizations)
    // SAFETY: the reply reserved as many bytes as the message has.
    let isPacked = unsafe info.pack(in: arena) { unsafe reply.claim($0) }
    return isPacked ? .ok : Services.outOfMemory
  }

  mutating func checkHealth(
    _ message: ByteView, _ set: SnapshotSet?, _ reply: inout ReplyBuffer
  ) -> RPCStatus {
    guard let request = HealthCheckRequest(message, in: arena) else { return unreadable() }
    let isKnown =
      request.service.isEmpty
      || Method.services.contains { $0.withByteView { $0 == request.service } }
    guard isKnown else { return RPCStatus(.notFound, "unknown service") }
    let status: HealthStatus = set != nil && !state.isDraining ? .serving : .notServing
    // SAFETY: the reply reserved as many bytes as the message has.
    unsafe status.pack { unsafe reply.claim($0) }
    return .ok
  }

  /// The whole server's health for those who can't speak gRPC: 200 or 503 with a word.
  mutating func showHealth(_ set: SnapshotSet?, _ reply: inout ReplyBuffer) -> RPCStatus {
    guard set != nil, !state.isDraining else { return RPCStatus(.unavailable, "NOT_SERVING") }
    "SERVING".withByteView { reply.append($0) }
    return .ok
  }
}
