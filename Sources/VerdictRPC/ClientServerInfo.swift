internal import CProtobufC
internal import CVerdictProto
internal import VerdictModel

extension ServerInfo {
  /// The message of a `GetServerInfoRequest`, which has no fields.
  public static let request: [UInt8] = []

  /// Reads a `GetServerInfoResponse`.
  public init(decoding bytes: [UInt8]) throws(MalformedReply) {
    self = try bytes.withByteView { view in
      Result { () throws(MalformedReply) in try ServerInfo(decoding: view) }
    }.get()
  }

  private init(decoding bytes: ByteView) throws(MalformedReply) {
    let arena = MessageArena()
    guard
      let response = unsafe verdict__v1__get_server_info_response__unpack(
        arena.allocator, bytes.count, bytes.cBytes)
    else { throw MalformedReply("the reply is not readable as a `GetServerInfoResponse`") }
    // SAFETY of this function: an unpacked message, alive as long as the arena; protobuf-c made as
    // many pointers as it counted, none of them null.
    var organizations: [Organization] = []
    for index in unsafe 0..<response.pointee.n_organizations {
      let info = unsafe response.pointee.organizations[index].unsafelyUnwrapped
      organizations.append(
        unsafe Organization(
          organization: info.pointee.organization.text, model: info.pointee.model.text,
          snapshotDigest: info.pointee.snapshot_digest.array,
          generation: info.pointee.generation, ageSeconds: info.pointee.age_seconds,
          snapshotByteCount: info.pointee.snapshot_bytes))
    }
    let limits = unsafe response.pointee.limits
    unsafe self.init(
      version: response.pointee.version.text, setNumber: response.pointee.set_number,
      concurrentStreamCountMax: limits?.pointee.concurrent_streams ?? 0,
      organizations: organizations,
      policies: Policies(response.pointee.policies))
  }
}

extension ServerInfo.Policies {
  /// - Precondition: an unpacked message, or none.
  @unsafe
  fileprivate init(_ status: UnsafeMutablePointer<Verdict__V1__PolicyStatus>?) {
    self.init()
    // SAFETY: the message and its texts live until the caller frees them.
    guard let status = unsafe status?.pointee else { return }
    // A state from the future is none that is known.
    state = unsafe ServerInfo.PolicyState(rawValue: status.state.rawValue) ?? .unspecified
    isClosed = unsafe status.is_closed != 0
    setDigest = unsafe status.set_digest.array
    ageSeconds = unsafe status.age_seconds
    expiresSeconds = unsafe status.expires_seconds
    keyID = unsafe status.key_id.text
    lastSuccessSeconds = unsafe status.last_success_seconds
    lastFailureSeconds = unsafe status.last_failure_seconds
    lastFailure = unsafe status.last_failure.text
    lastFailureCause = unsafe status.last_failure_cause.text
  }
}
