/// The parts of the OCI image specification (1.1) that a control directory is made of, and the
/// names that are our own.
///
/// ```
/// index.json ── ref `current` ──> set (image index) ── one per organization ──> manifest
///            ── ref `g<N>`    ──> set ...              │                         │ layer
///            ── ref `staged`  ──> set ...              │                         v
///                                                      │                      snapshot
///                                                      └─ one per attachment ──> manifest ──>
///                                                      bytes
/// ```
///
/// What must survive a copy through a registry stands **inside** the set and the manifests,
/// because copying tools drop annotations of the entries that point at them. And they may write the
/// set anew from the fields that they know: skopeo 1.9 does. So a set has only these fields, in the
/// order and spelling in which such a tool writes them (`LayoutDocument`), and keeps its digest.
enum ImageLayout {
  static let indexType = "application/vnd.oci.image.index.v1+json"
  static let manifestType = "application/vnd.oci.image.manifest.v1+json"
  /// The blob `{}`, which stands where an image would have its configuration.
  static let emptyType = "application/vnd.oci.empty.v1+json"
  static let emptyBlob = Array("{}".utf8)

  static let organizationType = "application/vnd.verdict.organization.v1"
  static let snapshotType = "application/vnd.verdict.snapshot.v1"
  static let attachmentType = "application/vnd.verdict.attachment.v1"

  static let layoutFile = "oci-layout"
  static let layoutContent = Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)
  static let indexFile = "index.json"
  static let blobDirectory = "blobs/sha256"
}

/// The refs of a control directory.
enum Ref {
  /// What is served.
  static let current = "current"
  /// The staging area; never served.
  static let staged = "staged"

  static func history(_ number: UInt64) -> String { "g\(number)" }

  /// The set number that a history ref names: `g` and a number from 1 without leading zeros.
  static func number(ofHistory name: String) -> UInt64? {
    guard name.utf8.first == UInt8(ascii: "g"), let number = UInt64(name.dropFirst()),
      number > 0, number <= ControlLimits.setNumberMax, history(number) == name
    else { return nil }
    return number
  }
}

/// The keys of annotations.
enum Annotation {
  static let refName = "org.opencontainers.image.ref.name"
  /// RFC 3339, UTC, whole seconds.
  static let created = "org.opencontainers.image.created"
  static let authors = "org.opencontainers.image.authors"
  static let message = "dev.verdict.message"
  static let setNumber = "dev.verdict.set.number"
  static let organization = "dev.verdict.organization"
  static let generation = "dev.verdict.generation"
  static let model = "dev.verdict.model"
  static let compiler = "dev.verdict.compiler.version"
  /// Digest of what the snapshot was compiled from and by; only where publishers may rely on it.
  static let source = "dev.verdict.source"
  /// `current` or `staged`; what has none is for `current`.
  static let channel = "dev.verdict.channel"
  /// Digest of the set that was current when this one was signed.
  static let previous = "dev.verdict.previous"
  /// The number of the set whose content this one brings back.
  static let rollback = "dev.verdict.rollback"
  /// Why the server's guard is to let this set pass.
  static let override = "dev.verdict.guard.override"
  static let notBefore = "dev.verdict.not-before"
  static let expires = "dev.verdict.expires"
  /// Of a signature: who made it, and its bytes in hexadecimal digits.
  static let key = "dev.verdict.key"
  static let signature = "dev.verdict.signature"
  /// On `index.json`: while it is there, `current` stays as it is. Why, who and when.
  static let pin = "dev.verdict.pin"
  static let pinAuthor = "dev.verdict.pin.author"
  static let pinCreated = "dev.verdict.pin.created"
}

/// What a set is meant to become. A signature for one is none for the other.
public enum SetChannel: String, Sendable, CaseIterable {
  case current, staged
}

/// A reference to a blob.
struct Descriptor: Decodable, Equatable, Sendable {
  var mediaType: String
  var digest: String
  var size: Int
  var annotations: [String: String]?
  var platform: Platform?

  struct Platform: Decodable, Equatable, Sendable {
    var architecture: String
    var os: String
    /// What a manifest has that is not for any machine. Copying tools expect the field.
    static let none = Platform(architecture: "unknown", os: "unknown")
  }
}

/// `index.json`, and the index of a set.
struct ImageIndex: Decodable, Equatable {
  var manifests: [Descriptor]
  var annotations: [String: String]?
}

/// The manifest of one organization or attachment.
struct ImageManifest: Decodable, Equatable {
  var artifactType: String?
  var config: Descriptor
  var layers: [Descriptor]
  var annotations: [String: String]?
}
