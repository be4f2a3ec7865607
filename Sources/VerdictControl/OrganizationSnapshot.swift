public import VerdictCrypto
internal import VerdictModel
internal import VerdictSnapshot

/// The compiled policies of one organization, to be published.
public struct OrganizationSnapshot: Sendable {
  /// A snapshot in the format of `VerdictSnapshot`.
  public let bytes: [UInt8]
  /// Version of what compiled it, for the manifest.
  public let compilerVersion: String
  /// Names everything that the snapshot follows from; the next publish need not compile what has
  /// the same. nil: it always has to.
  public let source: SHA256Digest?

  public init(bytes: [UInt8], compilerVersion: String, source: SHA256Digest? = nil) {
    self.bytes = bytes
    self.compilerVersion = compilerVersion
    self.source = source
  }
}

/// A snapshot that was validated and says itself whose it is.
struct IdentifiedSnapshot {
  let content: OrganizationSnapshot
  let organization: [UInt8]
  let model: [UInt8]
  let digest: SHA256Digest

  init(_ content: OrganizationSnapshot) throws(ControlError) {
    // SAFETY: the span's bytes live for the call, and what is read from them is copied.
    let identity = try unsafe content.bytes.span.withUnsafeBytes {
      bytes throws(ControlError) -> SnapshotIdentity in
      try SnapshotIdentity(of: .validating(unsafe ByteView(bytes), place: ""))
    }
    organization = identity.organization
    model = identity.model
    self.content = content
    digest = SHA256Digest(ofArray: content.bytes)
    // An annotation is text; what text can't hold exactly would come back as somebody else.
    guard Array(organization.text.utf8) == organization, Array(model.text.utf8) == model else {
      throw ControlError(.snapshot, organization.text, "the id is not UTF-8")
    }
  }
}

/// Whose snapshot it is, as the snapshot itself says.
struct SnapshotIdentity: Equatable {
  let organization: [UInt8]
  let model: [UInt8]

  init(of view: SnapshotView) {
    organization = view.organizationID.array
    model = view.modelID.array
  }
}

extension SnapshotView {
  /// The view of a snapshot that came from outside.
  static func validating(_ bytes: ByteView, place: String) throws(ControlError) -> SnapshotView {
    do {
      return try SnapshotView(validating: bytes)
    } catch {
      throw ControlError(.snapshot, place, "\(error); publish again")
    }
  }
}

extension SHA256Digest {
  init(ofArray bytes: [UInt8]) {
    self = bytes.withByteView { SHA256Digest(of: $0) }
  }
}
