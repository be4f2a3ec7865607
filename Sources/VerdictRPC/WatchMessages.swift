/// A `WatchSnapshotsResponse`.
public struct SnapshotList {
  /// One organization's snapshot.
  public struct Snapshot {
    public let organization: [UInt8]
    public let digest: [UInt8]
    public let generation: UInt64

    public init(organization: [UInt8], digest: [UInt8], generation: UInt64) {
      self.organization = organization
      self.digest = digest
      self.generation = generation
    }
  }

  public let setNumber: UInt64
  public let snapshots: [Snapshot]

  public init(setNumber: UInt64, snapshots: [Snapshot]) {
    self.setNumber = setNumber
    self.snapshots = snapshots
  }

  public var encoded: [UInt8] {
    var list = WireWriter()
    list.add(1, setNumber)
    for snapshot in snapshots {
      var one = WireWriter()
      one.add(1, snapshot.organization)
      one.add(2, snapshot.digest)
      one.add(3, snapshot.generation)
      list.add(2, one.bytes)
    }
    return list.bytes
  }
}

extension HealthStatus {
  /// A `HealthCheckResponse`.
  public var encoded: [UInt8] {
    var response = WireWriter()
    response.add(1, UInt64(rawValue))
    return response.bytes
  }

  /// A `HealthListResponse` with the same status for all services.
  public func list(_ services: [String]) -> [UInt8] {
    var list = WireWriter()
    for service in services {
      var entry = WireWriter()
      entry.add(1, service.utf8)
      entry.add(2, encoded)
      list.add(1, entry.bytes)
    }
    return list.bytes
  }
}
