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
  /// At most one of each kind.
  public let attachments: [LoadedAttachment]
  /// Of the attachment with the routes; nil where the set has none.
  let routes: RouteTables?
  /// Whose signature was verified; nil: nobody's was asked for.
  public let keyID: String?
  /// When it expires, in seconds since 1970; nil: never.
  public let expiresSeconds: Int64?
  /// Why the guard is to let it pass; nil: it isn't.
  public let overrideReason: String?
  /// What it was published with, for the log.
  public let message: String
  public let author: String

  public init(
    setNumber: UInt64, createdSeconds: Int64, digest: SHA256Digest?,
    organizations: [LoadedOrganization]
  ) {
    self.setNumber = setNumber
    self.createdSeconds = createdSeconds
    self.digest = digest
    self.organizations = organizations
    attachments = []
    routes = nil
    keyID = nil
    expiresSeconds = nil
    overrideReason = nil
    message = ""
    author = ""
  }

  init(
    _ record: SetRecord, organizations: [LoadedOrganization], attachments: [LoadedAttachment],
    routes: RouteTables?, keyID: String?
  ) {
    self.routes = routes
    setNumber = record.number
    createdSeconds = record.document.createdSeconds
    digest = record.digest
    self.organizations = organizations
    self.attachments = attachments
    self.keyID = keyID
    expiresSeconds = record.document.expiresSeconds
    overrideReason = record.document.overrideReason
    message = record.document.message
    author = record.document.author
  }

  /// The attachment of a kind, if the set has one.
  public func attachment(_ kind: SetAttachment.Kind) -> LoadedAttachment? {
    attachments.first { $0.kind == kind }
  }

  /// The manifests that it came by; nil for documents.
  var inventory: SetRecord.Inventory? {
    guard digest != nil else { return nil }
    var inventory = SetRecord.Inventory()
    for organization in organizations {
      inventory.organizations[organization.organization] = organization.origin?.digest
    }
    for attachment in attachments {
      inventory.attachments[attachment.kind] = attachment.manifestDigest
    }
    return inventory
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
  /// The manifest that it came by; nil for documents.
  let origin: Origin?

  struct Origin: Sendable {
    let digest: SHA256Digest
    let manifest: OrganizationManifest
  }

  public var byteCount: Int { memory.byteCount }

  init(
    view: SnapshotView, memory: SealedMemory, generation: UInt64, digest: SHA256Digest,
    origin: Origin?
  ) {
    self.view = view
    self.memory = memory
    let identity = SnapshotIdentity(of: view)
    organization = identity.organization
    model = identity.model
    self.generation = generation
    self.digest = digest
    self.origin = origin
  }
}
