internal import CProtobufC
internal import CVerdictProto
public import VerdictModel

/// A `GetServerInfoResponse`.
public struct ServerInfo: Sendable, Equatable {
  public var version: String
  public var setNumber: UInt64
  public var concurrentStreamCountMax: UInt32
  public var organizations: [Organization]
  public var policies: Policies

  /// A `PolicyState`; the numbers of the wire.
  public enum PolicyState: UInt32, Sendable, Equatable {
    case unspecified = 0
    case loaded = 1
    case stale = 2
    case error = 3
  }

  /// A `PolicyStatus`. Texts that there are none of are empty, times zero.
  public struct Policies: Sendable, Equatable {
    public var state = PolicyState.unspecified
    public var isClosed = false
    public var setDigest: [UInt8] = []
    public var ageSeconds: UInt64 = 0
    public var expiresSeconds: UInt64 = 0
    public var keyID = ""
    public var lastSuccessSeconds: UInt64 = 0
    public var lastFailureSeconds: UInt64 = 0
    public var lastFailure = ""
    public var lastFailureCause = ""

    public init() {}

    public init(
      state: PolicyState, isClosed: Bool, setDigest: [UInt8], ageSeconds: UInt64,
      expiresSeconds: UInt64, keyID: String, lastSuccessSeconds: UInt64,
      lastFailureSeconds: UInt64, lastFailure: String, lastFailureCause: String
    ) {
      self.state = state
      self.isClosed = isClosed
      self.setDigest = setDigest
      self.ageSeconds = ageSeconds
      self.expiresSeconds = expiresSeconds
      self.keyID = keyID
      self.lastSuccessSeconds = lastSuccessSeconds
      self.lastFailureSeconds = lastFailureSeconds
      self.lastFailure = lastFailure
      self.lastFailureCause = lastFailureCause
    }
  }

  /// An `OrganizationInfo`.
  public struct Organization: Sendable, Equatable {
    public var organization: String
    public var model: String
    public var snapshotDigest: [UInt8]
    public var generation: UInt64
    public var ageSeconds: UInt64
    public var snapshotByteCount: UInt64

    public init(
      organization: String, model: String, snapshotDigest: [UInt8], generation: UInt64,
      ageSeconds: UInt64, snapshotByteCount: UInt64
    ) {
      self.organization = organization
      self.model = model
      self.snapshotDigest = snapshotDigest
      self.generation = generation
      self.ageSeconds = ageSeconds
      self.snapshotByteCount = snapshotByteCount
    }
  }

  public init(
    version: String, setNumber: UInt64, concurrentStreamCountMax: UInt32,
    organizations: [Organization], policies: Policies = Policies()
  ) {
    self.policies = policies
    self.version = version
    self.setNumber = setNumber
    self.concurrentStreamCountMax = concurrentStreamCountMax
    self.organizations = organizations
  }

  /// Packs the message into memory that `reserve` hands out for so many bytes. It is asked for
  /// rarely and may allocate; nil where the organizations don't fit into the arena.
  public func pack(
    in arena: borrowing MessageArena, _ reserve: (Int) -> UnsafeMutableRawPointer
  ) -> Bool {
    var limits = unsafe Verdict__V1__ServerLimits()
    unsafe verdict__v1__server_limits__init(&limits)
    unsafe limits.message_bytes = UInt32(Limits.messageByteCountMax)
    unsafe limits.arena_bytes = UInt32(Limits.arenaByteCountMax)
    unsafe limits.plain_checks = UInt32(Limits.plainCheckCountMax)
    unsafe limits.column_checks = UInt32(Limits.columnCheckCountMax)
    unsafe limits.visibility_cells = UInt32(Limits.visibilityCellCountMax)
    unsafe limits.concurrent_streams = concurrentStreamCountMax

    var message = unsafe Verdict__V1__GetServerInfoResponse()
    unsafe verdict__v1__get_server_info_response__init(&message)
    guard let list = unsafe packedOrganizations(in: arena), let version = copy(version, arena),
      let status = unsafe packedPolicies(in: arena)
    else { return false }
    unsafe message.policies = status
    unsafe message.version = version.binaryData
    unsafe message.n_organizations = organizations.count
    unsafe message.organizations = list
    unsafe message.set_number = setNumber
    // SAFETY: `limits` outlives the call; packing writes as many bytes as it said it would.
    unsafe withUnsafeMutablePointer(to: &limits) { limits in
      unsafe message.limits = limits
      let room = unsafe reserve(verdict__v1__get_server_info_response__get_packed_size(&message))
      unsafe _ = verdict__v1__get_server_info_response__pack(
        &message, room.assumingMemoryBound(to: UInt8.self))
    }
    return true
  }

  private func packedPolicies(
    in arena: borrowing MessageArena
  ) -> UnsafeMutablePointer<Verdict__V1__PolicyStatus>? {
    guard
      let room = unsafe arena.allocate(byteCount: MemoryLayout<Verdict__V1__PolicyStatus>.size),
      let digest = policies.setDigest.withByteView({ copy($0, arena) }),
      let key = copy(policies.keyID, arena), let failure = copy(policies.lastFailure, arena),
      let cause = copy(policies.lastFailureCause, arena)
    else { return nil }
    // SAFETY: rooms of the arena are aligned and as large as asked for.
    let status = unsafe room.bindMemory(to: Verdict__V1__PolicyStatus.self, capacity: 1)
    unsafe verdict__v1__policy_status__init(status)
    unsafe status.pointee.state = Verdict__V1__PolicyState(rawValue: policies.state.rawValue)
    unsafe status.pointee.is_closed = policies.isClosed ? 1 : 0
    unsafe status.pointee.set_digest = digest.binaryData
    unsafe status.pointee.age_seconds = policies.ageSeconds
    unsafe status.pointee.expires_seconds = policies.expiresSeconds
    unsafe status.pointee.key_id = key.binaryData
    unsafe status.pointee.last_success_seconds = policies.lastSuccessSeconds
    unsafe status.pointee.last_failure_seconds = policies.lastFailureSeconds
    unsafe status.pointee.last_failure = failure.binaryData
    unsafe status.pointee.last_failure_cause = cause.binaryData
    return unsafe status
  }

  private typealias OrganizationInfo = UnsafeMutablePointer<Verdict__V1__OrganizationInfo>

  private func packedOrganizations(
    in arena: borrowing MessageArena
  ) -> UnsafeMutablePointer<OrganizationInfo?>? {
    let stride = unsafe MemoryLayout<OrganizationInfo?>.stride
    guard let room = unsafe arena.allocate(byteCount: organizations.count * stride) else {
      return nil
    }
    // SAFETY: rooms of the arena are aligned and as large as asked for.
    let list = unsafe room.bindMemory(to: OrganizationInfo?.self, capacity: organizations.count)
    for (index, organization) in organizations.enumerated() {
      guard
        let room = unsafe arena.allocate(
          byteCount: MemoryLayout<Verdict__V1__OrganizationInfo>.size),
        let name = copy(organization.organization, arena),
        let model = copy(organization.model, arena),
        let digest = organization.snapshotDigest.withByteView({ copy($0, arena) })
      else { return nil }
      let info = unsafe room.bindMemory(to: Verdict__V1__OrganizationInfo.self, capacity: 1)
      unsafe verdict__v1__organization_info__init(info)
      unsafe info.pointee.organization = name.binaryData
      unsafe info.pointee.model = model.binaryData
      unsafe info.pointee.snapshot_digest = digest.binaryData
      unsafe info.pointee.generation = organization.generation
      unsafe info.pointee.age_seconds = organization.ageSeconds
      unsafe info.pointee.snapshot_bytes = organization.snapshotByteCount
      unsafe (list + index).initialize(to: info)
    }
    return unsafe list
  }
}

/// Copies a text into the arena, or answers nil where it is full.
private func copy(_ text: String, _ arena: borrowing MessageArena) -> ByteView? {
  var text = text
  return text.withUTF8 { bytes in
    // SAFETY: valid during the closure, and copied in it.
    unsafe copy(ByteView(UnsafeRawBufferPointer(bytes)), arena)
  }
}

private func copy(_ bytes: ByteView, _ arena: borrowing MessageArena) -> ByteView? {
  arena.copy(bytes)
}

extension MessageArena {
  /// A copy of the bytes in the arena, or nil where it is full.
  public borrowing func copy(_ bytes: ByteView) -> ByteView? {
    guard let room = unsafe allocate(byteCount: bytes.count) else { return nil }
    // SAFETY: as much room as there are bytes.
    if let source = unsafe bytes.buffer.baseAddress {
      unsafe room.copyMemory(from: source, byteCount: bytes.count)
    }
    return unsafe ByteView(base: room, count: bytes.count)
  }
}
