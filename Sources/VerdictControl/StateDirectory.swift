internal import VerdictCrypto
internal import VerdictModel
internal import VerdictSystem

/// What a server remembers over restarts: the last good set, and the highest set number that it has
/// accepted, for each key that signed one.
///
/// The directory is an OCI image layout like a control directory, for this user alone. Set and
/// numbers stand in one `index.json`, which is replaced by one rename before the set gets into
/// force: after any crash there is either what was in force before or what was about to be.
///
/// | Annotation of `index.json` | Meaning |
/// |---|---|
/// | `dev.verdict.mark.<key id>`, or `unsigned` | `N sha256:... CREATED`: its highest set |
public struct StateDirectory: Sendable {
  public let path: String

  public init(path: String) { self.path = path }

  /// The highest set that was accepted.
  struct Mark: Equatable, Sendable {
    var number: UInt64
    var digest: SHA256Digest
    var createdSeconds: Int64

    var text: String { "\(number) \(digest.descriptor) \(createdSeconds)" }

    init(number: UInt64, digest: SHA256Digest, createdSeconds: Int64) {
      self.number = number
      self.digest = digest
      self.createdSeconds = createdSeconds
    }

    init?(_ text: String) {
      let words = text.split(separator: " ")
      guard words.count == 3, let number = UInt64(words[0]), let created = Int64(words[2]),
        let digest = try? SHA256Digest(descriptor: String(words[1]))
      else { return nil }
      self.init(number: number, digest: digest, createdSeconds: created)
    }
  }

  private static let markPrefix = "dev.verdict.mark."
  private static let unsigned = "unsigned"

  /// Whether anything was kept here before.
  var isEmpty: Bool { !File.exists("\(path)/\(ImageLayout.indexFile)") }

  /// The highest mark of the keys that are trusted still: one that a revoked key set is void, or
  /// whoever stole the key could keep all later sets out for ever. nil: there is none.
  ///
  /// - Throws: `state` where there is something that can't be read. It is not taken for nothing.
  func mark(trust: TrustedKeys?) throws(ControlError) -> Mark? {
    guard !isEmpty else { return nil }
    do throws(ControlError) {
      return try marks(in: index(), trust).max { $0.number < $1.number }
    } catch {
      throw ControlError(
        .state, path,
        "the state can't be read (\(error)); restore it, or remove it and start with"
          + " `--accept-older`")
    }
  }

  private func index() throws(ControlError) -> ImageIndex {
    try LayoutReader(path: path, ownership: Ownership()).index().index
  }

  /// Those of the keys that are trusted still.
  private func marks(
    in index: ImageIndex, _ trust: TrustedKeys?
  ) throws(ControlError) -> [Mark] {
    var marks: [Mark] = []
    for (key, value) in index.annotations ?? [:] where key.hasPrefix(Self.markPrefix) {
      guard let mark = Mark(value) else {
        throw ControlError(.document, path, "annotation `\(key)`: \(quoted(value)) is no mark")
      }
      if let trust, trust[String(key.dropFirst(Self.markPrefix.count))] == nil { continue }
      marks.append(mark)
    }
    return marks
  }

  /// The last good set, verified like any other but for its time; nil: none was kept. What its key
  /// may change was verified when it was kept, if a key that is trusted still has its mark.
  func lastGood(trust: TrustedKeys?) throws(ControlError) -> LoadedSet? {
    guard !isEmpty else { return nil }
    var rules = AcceptanceRules()
    rules.trust = trust
    rules.ownership = Ownership()
    do throws(ControlError) {
      let index = try index()
      let digest = try index.entry(Ref.current, place: path).parsedDigest(place: path)
      if try marks(in: index, trust).contains(where: { $0.digest == digest }) {
        rules.base = AcceptanceRules.Base(digest: digest)
      }
      return try ControlDirectory(path: path).load(rules: rules)
    } catch {
      throw ControlError(.state, path, "the last good set can't be used: \(error)")
    }
  }

  /// Keeps `set`, which was loaded from `source`, as the last good one, and its number as the
  /// highest of its key.
  ///
  /// - Parameters:
  ///   - resets: forget all marks before; an operator has asked for an older set.
  ///   - rewrites: trust no blob that is there; some are damaged.
  /// - Throws: `state`. What was kept before is still there then.
  func keep(
    _ set: LoadedSet, from source: ControlDirectory, resets: Bool, rewrites: Bool
  ) throws(ControlError) {
    guard let digest = set.digest else { return }
    do throws(ControlError) {
      try prepare()
      let writer = try LayoutWriter(locking: path)
      let reader = try LayoutReader(path: path)
      let bytes = reader.indexBytes()
      let old = try? reader.index().index
      if rewrites { removeBlobs(allBut: []) }
      let needed = try copy(set, digest, from: source, writer)
      var annotations = resets ? [:] : old?.annotations ?? [:]
      let mark = Mark(
        number: set.setNumber, digest: digest, createdSeconds: set.createdSeconds)
      annotations[Self.markPrefix + (set.keyID ?? Self.unsigned)] = mark.text
      var entry = needed.set
      entry.annotations = [Annotation.refName: Ref.current]
      try writer.writeIndex(
        ImageIndex(manifests: [entry], annotations: annotations), replacing: bytes)
      removeBlobs(allBut: needed.names)
    } catch {
      throw ControlError(
        .state, path, "set \(set.setNumber) can't be kept, so it is not used: \(error)")
    }
  }

  private func prepare() throws(ControlError) {
    do throws(SystemError) {
      guard !File.exists(path) else { return }
      try File.createDirectories(AtomicFile.directory(of: path))
      try File.createDirectories(path, mode: 0o700)
    } catch {
      throw ControlError(error, error.subject)
    }
  }

  /// Writes everything that the set needs. Its snapshots come from memory, where they were
  /// verified.
  private func copy(
    _ set: LoadedSet, _ digest: SHA256Digest, from source: ControlDirectory,
    _ writer: borrowing LayoutWriter
  ) throws(ControlError) -> (set: Descriptor, names: Set<String>) {
    let reader = try LayoutReader(path: source.path)
    var names: Set<String> = [digest.hex]
    let empty = try writer.writeBlob(ImageLayout.emptyBlob, mediaType: ImageLayout.emptyType)
    names.insert(try empty.parsedDigest(place: path).hex)
    for organization in set.organizations {
      try writer.writeBlob(organization.memory, digest: organization.digest)
      names.insert(organization.digest.hex)
    }
    for attachment in set.attachments {
      _ = try writer.writeBlob(attachment.bytes, mediaType: attachment.kind.rawValue)
      names.insert(attachment.digest.hex)
    }
    let entry = Descriptor(
      mediaType: ImageLayout.indexType, digest: digest.descriptor,
      size: reader.byteCount(of: digest))
    let bytes = try reader.document(entry, byteCountMax: ControlLimits.setByteCountMax)
    let document = try SetDocument(bytes, place: source.path)
    for manifest in document.manifests {
      let content = try reader.document(
        manifest, byteCountMax: ControlLimits.manifestByteCountMax)
      _ = try writer.writeBlob(content, mediaType: ImageLayout.manifestType)
      names.insert(try manifest.parsedDigest(place: path).hex)
    }
    _ = try writer.writeBlob(bytes, mediaType: ImageLayout.indexType)
    return (entry, names)
  }

  /// What is left over is removed the next time.
  private func removeBlobs(allBut needed: Set<String>) {
    let directory = "\(path)/\(ImageLayout.blobDirectory)"
    for name in (try? File.names(in: directory)) ?? [] where !needed.contains(name) {
      try? File.remove("\(directory)/\(name)")
    }
  }
}
