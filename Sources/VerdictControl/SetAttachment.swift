public import VerdictCrypto

/// Something that belongs to a set beside its snapshots, carried as bytes: it is published with
/// them, signed with them and gets into force with them. The control directory doesn't look into
/// it.
public struct SetAttachment: Sendable, Equatable {
  /// What an attachment is, by its media type. A set has at most one of each.
  public enum Kind: String, Sendable, CaseIterable {
    /// The compiled route table of gateways.
    case routes = "application/vnd.verdict.routes.v1"
    /// Checks with expected answers, which have to come out before the set gets into force: what
    /// `EmbeddedChecks` reads and writes.
    case checks = "application/vnd.verdict.checks.v1"

    /// The name for people.
    public var name: String { self == .routes ? "routes" : "checks" }
  }

  public let kind: Kind
  /// At least one byte, at most `ControlLimits.attachmentByteCountMax`.
  public let bytes: [UInt8]

  public init(_ kind: Kind, bytes: [UInt8]) {
    self.kind = kind
    self.bytes = bytes
  }
}

/// An attachment of a loaded set, its digest verified.
public struct LoadedAttachment: Sendable {
  public let kind: SetAttachment.Kind
  public let bytes: [UInt8]
  /// SHA-256 of the bytes.
  public let digest: SHA256Digest
  /// The number of the set in which it last changed.
  public let generation: UInt64
  let manifestDigest: SHA256Digest
}
