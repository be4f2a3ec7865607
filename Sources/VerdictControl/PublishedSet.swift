public import VerdictCrypto

/// What a publish has done.
public struct PublishedSet: Sendable {
  /// The number of the set that is `current` now.
  public let number: UInt64
  /// Names the whole set.
  public let digest: SHA256Digest
  /// Whether the set is a new one. Publishing what is current already makes none.
  public let isNew: Bool
  /// In byte order of their ids.
  public let organizations: [PublishedOrganization]
  /// Ids of organizations that the set before had and this one doesn't, in byte order.
  public let removed: [[UInt8]]
  /// The attachments, and whether this publish changed them.
  public let attachments: [SetAttachment.Kind: Bool]
  /// Attachments that the set before had and this one doesn't.
  public let removedAttachments: [SetAttachment.Kind]
}

/// One organization of a published set.
public struct PublishedOrganization: Sendable {
  public let organization: [UInt8]
  public let model: [UInt8]
  /// The number of the set in which the organization last changed.
  public let generation: UInt64
  /// SHA-256 of the snapshot.
  public let digest: SHA256Digest
  public let byteCount: Int
  /// Whether this publish changed it.
  public let isChanged: Bool
}
