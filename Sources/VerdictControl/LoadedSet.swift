public import VerdictCrypto
public import VerdictSnapshot
public import VerdictSystem

/// A set of snapshots in memory, every one verified.
public struct LoadedSet: Sendable {
  /// The set's number in the control directory, or the number of the compile.
  public let setNumber: UInt64
  /// When it was published or compiled, in seconds since 1970.
  public let createdSeconds: Int64
  /// Names the set in the control directory; nil for documents.
  public let digest: SHA256Digest?
  /// In byte order of their ids.
  public let organizations: [LoadedOrganization]

  public init(
    setNumber: UInt64, createdSeconds: Int64, digest: SHA256Digest?,
    organizations: [LoadedOrganization]
  ) {
    self.setNumber = setNumber
    self.createdSeconds = createdSeconds
    self.digest = digest
    self.organizations = organizations
  }
}

/// One organization's snapshot in memory that nobody can change.
public struct LoadedOrganization: @unchecked Sendable {
  // `@unchecked`: the view refers to `memory`, which never changes.

  /// The validated snapshot; good for as long as `memory` is.
  public let view: SnapshotView
  /// Keeps the snapshot mapped. Sets share it while the organization doesn't change.
  public let memory: SealedMemory
  public let organization: [UInt8]
  public let model: [UInt8]
  /// The number of the set in which the organization last changed.
  public let generation: UInt64
  /// SHA-256 of the snapshot.
  public let digest: SHA256Digest
  /// Digest of the manifest that it came by; nil for documents.
  let manifestDigest: SHA256Digest?

  public var byteCount: Int { memory.byteCount }

  init(
    view: SnapshotView, memory: SealedMemory, generation: UInt64, digest: SHA256Digest,
    manifestDigest: SHA256Digest?
  ) {
    self.view = view
    self.memory = memory
    let identity = SnapshotIdentity(of: view)
    organization = identity.organization
    model = identity.model
    self.generation = generation
    self.digest = digest
    self.manifestDigest = manifestDigest
  }
}
