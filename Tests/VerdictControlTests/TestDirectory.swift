import Glibc
import VerdictModel
import VerdictSnapshot

@testable import VerdictControl
@testable import VerdictSystem

/// A directory of a test, removed with it. In memory where possible: hundreds of publishes would
/// wait for the disk most of the time.
final class TestDirectory: Sendable {
  let path: String

  init() {
    let parent = unsafe access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    var name = Array("\(parent)/verdict-control-XXXXXX".utf8CString)
    path = unsafe name.withUnsafeMutableBufferPointer { buffer in
      unsafe String(cString: mkdtemp(buffer.baseAddress!)!)
    }
  }

  deinit { Self.remove(path) }

  /// A control directory that doesn't exist yet.
  var control: ControlDirectory { ControlDirectory(path: path + "/control") }

  static func remove(_ path: String) {
    var record = stat()
    guard unsafe lstat(path, &record) == 0 else { return }
    if record.st_mode & S_IFMT == S_IFDIR {
      for name in (try? File.names(in: path)) ?? [] { remove(path + "/" + name) }
      _ = unsafe rmdir(path)
    } else {
      _ = unsafe unlink(path)
    }
  }
}

extension ControlDirectory {
  @discardableResult
  func publish(
    snapshots: [OrganizationSnapshot], attachments: [SetAttachment] = [], message: String,
    author: String, createdSeconds: Int64, _ edit: (inout SetTerms) -> Void = { _ in }
  ) throws -> PublishedSet {
    var terms = SetTerms(createdSeconds: createdSeconds)
    terms.message = message
    terms.author = author
    edit(&terms)
    var request = PublishRequest(snapshots: snapshots, terms: terms)
    request.attachments = attachments
    return try publish(request)
  }

  /// Publishes version `version` of each organization.
  @discardableResult
  func publish(
    _ organizations: [(String, Int)], padding: Int = 0, attachments: [SetAttachment] = [],
    _ edit: (inout SetTerms) -> Void = { _ in }
  ) throws -> PublishedSet {
    try publish(
      snapshots: organizations.map {
        OrganizationSnapshot(
          bytes: SnapshotFixture.bytes($0.0, version: $0.1, padding: padding),
          compilerVersion: "1.0.0")
      }, attachments: attachments,
      message: "why", author: "who", createdSeconds: 1_700_000_000, edit)
  }

  var indexPath: String { path + "/index.json" }

  func blobPath(_ digest: String) -> String {
    path + "/blobs/sha256/" + digest.dropFirst("sha256:".count)
  }

  func readIndex() throws -> ImageIndex { try LayoutReader(path: path).index().index }

  func names() throws -> [String] {
    try readIndex().manifests.map { $0.annotations?["org.opencontainers.image.ref.name"] ?? "" }
  }

  /// A file's bytes, replaced in place by what `change` makes of them.
  func rewrite(_ file: String, _ change: (inout [UInt8]) -> Void) throws {
    var bytes = try File.read(file, byteCountMax: 1 << 30)
    change(&bytes)
    try File.remove(file)
    try File.create(file, with: bytes)
  }

  var currentSet: SetDocument {
    get throws {
      let reader = try LayoutReader(path: path)
      let entry = try reader.index().index.manifests[0]
      return try SetDocument(
        reader.document(entry, byteCountMax: 1 << 24), place: "set")
    }
  }
}

extension LoadedSet {
  /// `organization generation` for each.
  var summary: [String] { organizations.map { "\($0.organization.text) \($0.generation)" } }
}

extension LoadedOrganization {
  /// The text in which versions differ.
  var version: String { view.section(.displayTexts).text }
}
