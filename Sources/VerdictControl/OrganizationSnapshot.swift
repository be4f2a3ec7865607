internal import VerdictCrypto
internal import VerdictModel

/// The compiled policies of one organization, to be published.
public struct OrganizationSnapshot: Sendable {
  /// A snapshot in the format of `VerdictSnapshot`.
  public let bytes: [UInt8]
  /// Version of what compiled it, for the manifest.
  public let compilerVersion: String

  public init(bytes: [UInt8], compilerVersion: String) {
    self.bytes = bytes
    self.compilerVersion = compilerVersion
  }
}

/// A snapshot that was validated and says itself whose it is.
struct IdentifiedSnapshot {
  let content: OrganizationSnapshot
  let organization: [UInt8]
  let model: [UInt8]
  let digest: SHA256Digest

  init(_ content: OrganizationSnapshot) throws(ControlError) {
    let identity = content.bytes.withByteView { bytes in
      Result { () throws(ControlError) in try SnapshotIdentity(validating: bytes, place: "") }
    }
    organization = try identity.get().organization
    model = try identity.get().model
    self.content = content
    digest = SHA256Digest(ofArray: content.bytes)
    // An annotation is text; what text can't hold exactly would come back as somebody else.
    guard Array(organization.text.utf8) == organization, Array(model.text.utf8) == model else {
      throw ControlError(.snapshot, organization.text, "the id is not UTF-8")
    }
  }
}

extension SHA256Digest {
  init(ofArray bytes: [UInt8]) {
    self = bytes.withByteView { SHA256Digest(of: $0) }
  }
}
