internal import VerdictEngine
internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSnapshot

/// Calls whose answer goes on: what they are told, and when it is news.
extension Services {
  static func isWatch(_ method: UInt8) -> Bool { Method(rawValue: method)?.isWatch ?? false }

  mutating func watch(method: UInt8, message: ByteView) -> WatchSubject? {
    arena.reset()
    guard Method(rawValue: method) == .healthWatch else {
      return EmptyRequest.watchSnapshots.isReadable(message, in: arena) ? .snapshots : nil
    }
    guard let request = HealthCheckRequest(message, in: arena) else { return nil }
    return Services.isKnown(request) ? .health : .unknownService
  }

  func version(of subject: WatchSubject, set: UInt) -> UInt64 {
    // SAFETY: the loop holds its publication during the call.
    let set = unsafe SnapshotSet(bits: set)
    switch subject {
    case .snapshots: return (set?.number ?? 0) &+ 1
    case .health: return UInt64(health(set).rawValue)
    case .unknownService: return UInt64(HealthStatus.serviceUnknown.rawValue)
    }
  }

  func news(about subject: WatchSubject, set: UInt) -> [UInt8] {
    // SAFETY: as above.
    let set = unsafe SnapshotSet(bits: set)
    switch subject {
    case .snapshots: return Services.snapshots(set).encoded
    case .health: return health(set).encoded
    case .unknownService: return HealthStatus.serviceUnknown.encoded
    }
  }

  private static func snapshots(_ set: SnapshotSet?) -> SnapshotList {
    var list: [SnapshotList.Snapshot] = []
    for index in 0..<(set?.count ?? 0) {
      guard let organization = set?[index] else { continue }
      let digest = organization.digest
      list.append(
        SnapshotList.Snapshot(
          organization: organization.view.organizationID.array,
          digest: [digest.0, digest.1, digest.2, digest.3].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) }
          }, generation: organization.generation))
    }
    return SnapshotList(setNumber: set?.number ?? 0, snapshots: list)
  }
}
