internal import VerdictCrypto
internal import VerdictSystem

extension ControlDirectory {
  /// Makes `snapshots` the current set, all at once, and keeps the set before in the history.
  ///
  /// Organizations whose snapshot is the same as in the set before keep their manifest and their
  /// generation, byte for byte. If that is so for all of them, and none went, there is nothing to
  /// publish: the set's number stays and `isNew` is false. (Damaged blobs are mended even then.)
  ///
  /// - Parameters:
  ///   - message: why, for the history. Up to 4,096 bytes, may be empty.
  ///   - author: who, for the history. Up to 4,096 bytes, may be empty.
  ///   - createdSeconds: now, in seconds since 1970.
  /// - Throws: with everything as it was, except perhaps for blobs that nothing refers to. `busy`
  ///   if somebody else publishes just now.
  /// - Complexity: linear in the bytes of all snapshots.
  public func publish(
    snapshots: [OrganizationSnapshot], message: String, author: String, createdSeconds: Int64
  ) throws(ControlError) -> PublishedSet {
    let snapshots = try identified(snapshots)
    try check(message)
    try check(author)
    let timestamp = LayoutDocument.timestamp(createdSeconds)
    guard LayoutDocument.seconds(ofTimestamp: timestamp) == createdSeconds else {
      throw ControlError(.limit, path, "`\(timestamp)` is no time to publish; set the clock")
    }
    let writer = try LayoutWriter(locking: path)
    let before = try PublishedState(reading: path)
    guard before.numberMax < ControlLimits.setNumberMax else {
      throw ControlError(.limit, path, "no set number is left; publish into a new directory")
    }
    let number = before.numberMax + 1

    _ = try writer.writeBlob(ImageLayout.emptyBlob, mediaType: ImageLayout.emptyType)
    var manifests: [Descriptor] = []
    var organizations: [PublishedOrganization] = []
    for snapshot in snapshots {
      let known = before.organizations[snapshot.organization]
      let kept = known?.manifest.snapshotDigest == snapshot.digest ? known : nil
      _ = try writer.writeBlob(snapshot.content.bytes, mediaType: ImageLayout.snapshotType)
      let bytes =
        kept?.bytes
        ?? OrganizationManifest.bytes(
          of: snapshot, generation: number, createdSeconds: createdSeconds)
      var manifest = try writer.writeBlob(bytes, mediaType: ImageLayout.manifestType)
      manifest.platform = Descriptor.Platform.none
      manifests.append(manifest)
      organizations.append(
        PublishedOrganization(
          organization: snapshot.organization, model: snapshot.model,
          generation: kept?.manifest.generation ?? number, digest: snapshot.digest,
          byteCount: snapshot.content.bytes.count, isChanged: kept == nil))
    }

    if let current = before.current, manifests.map(\.digest) == current.manifestDigests {
      try writer.synchronizeBlobs()
      return PublishedSet(
        number: current.number, digest: current.digest, isNew: false,
        organizations: organizations, removed: [])
    }
    let set = try writer.writeBlob(
      SetDocument.bytes(
        number: number, createdSeconds: createdSeconds, message: message, author: author,
        manifests: manifests),
      mediaType: ImageLayout.indexType)
    try writer.writeIndex(before.index.replacing(current: set, number: number))
    let published = Set(snapshots.map(\.organization))
    return PublishedSet(
      number: number, digest: try set.parsedDigest(place: path), isNew: true,
      organizations: organizations,
      removed: before.organizations.keys.filter { !published.contains($0) }
        .sorted { $0.lexicographicallyPrecedes($1) })
  }

  /// Message and author are text of bounded length. Of the control characters only tabs and line
  /// ends may be in them: all JSON writers spell those alike, and a set that a copying tool writes
  /// anew must keep its digest.
  private func check(_ text: String) throws(ControlError) {
    guard text.utf8.count <= ControlLimits.messageByteCountMax else {
      throw ControlError(
        .limit, path, "message or author longer than \(ControlLimits.messageByteCountMax) bytes")
    }
    for scalar in text.unicodeScalars where scalar.value < 32 && scalar != "\n" && scalar != "\t" {
      throw ControlError(
        .document, path, "message or author \(quoted(text)): a control character; remove it")
    }
  }

  /// The snapshots in byte order of their organizations, each validated.
  private func identified(
    _ snapshots: [OrganizationSnapshot]
  ) throws(ControlError) -> [IdentifiedSnapshot] {
    guard !snapshots.isEmpty else {
      throw ControlError(.limit, path, "no organization to publish; name their documents")
    }
    guard snapshots.count <= ControlLimits.organizationCountMax else {
      throw ControlError(
        .limit, path, "more than \(ControlLimits.organizationCountMax) organizations")
    }
    var result: [IdentifiedSnapshot] = []
    for snapshot in snapshots { result.append(try IdentifiedSnapshot(snapshot)) }
    result.sort { $0.organization.lexicographicallyPrecedes($1.organization) }
    for (first, second) in zip(result, result.dropFirst())
    where first.organization == second.organization {
      throw ControlError(
        .document, path,
        "two snapshots for organization \(quoted(first.organization.text)); publish one")
    }
    return result
  }
}

/// What a directory holds before a publish.
private struct PublishedState {
  struct Organization {
    let manifest: OrganizationManifest
    let bytes: [UInt8]
  }

  struct Current {
    let number: UInt64
    let digest: SHA256Digest
    let manifestDigests: [String]
  }

  var index = ImageIndex(manifests: [])
  /// The highest number that any set in the directory has.
  var numberMax: UInt64 = 0
  /// nil before the first publish, and when the current set is damaged.
  var current: Current?
  /// Of the current set, those whose manifest is whole.
  var organizations: [[UInt8]: Organization] = [:]

  /// An unreadable `index.json` is an error: without it the next number is unknown, and a number
  /// that was used before would be taken for an old set. Damage further down is mended by
  /// publishing: what can't be read counts as changed.
  init(reading path: String) throws(ControlError) {
    guard File.exists("\(path)/\(ImageLayout.indexFile)") else { return }
    let reader = try LayoutReader(path: path)
    index = try reader.index().index
    for entry in index.manifests {
      let name = entry.annotations?[Annotation.refName] ?? ""
      numberMax = max(numberMax, Ref.number(ofHistory: name) ?? 0)
      guard name == Ref.current || name == Ref.staged else { continue }
      let set: SetDocument
      do {
        set = try Self.set(entry, reader)
      } catch {
        // The history may still say which number the damaged set had.
        guard index.hasHistory(of: entry) else { throw error }
        continue
      }
      numberMax = max(numberMax, set.number)
      guard name == Ref.current else { continue }
      current = Current(
        number: set.number, digest: try entry.parsedDigest(place: path),
        manifestDigests: set.manifests.map(\.digest))
      readOrganizations(of: set, reader)
    }
  }

  private static func set(
    _ entry: Descriptor, _ reader: borrowing LayoutReader
  ) throws(ControlError) -> SetDocument {
    let bytes = try reader.document(entry, byteCountMax: ControlLimits.setByteCountMax)
    return try SetDocument(bytes, place: "\(reader.path)/\(entry.digest)")
  }

  private mutating func readOrganizations(
    of set: SetDocument, _ reader: borrowing LayoutReader
  ) {
    for entry in set.manifests {
      guard
        let bytes = try? reader.document(
          entry, byteCountMax: ControlLimits.manifestByteCountMax),
        let manifest = try? OrganizationManifest(bytes, place: entry.digest)
      else { continue }
      organizations[manifest.organization] = Organization(manifest: manifest, bytes: bytes)
    }
  }
}

extension ImageIndex {
  /// Whether a history ref points at the same set.
  fileprivate func hasHistory(of entry: Descriptor) -> Bool {
    manifests.contains { other in
      other.digest == entry.digest
        && Ref.number(ofHistory: other.annotations?[Annotation.refName] ?? "") != nil
    }
  }

  /// The refs after a publish: `current`, then what others have put here, `staged` among it, then
  /// the history, oldest first, as far as it is kept.
  fileprivate func replacing(current set: Descriptor, number: UInt64) -> ImageIndex {
    func ref(_ name: String) -> Descriptor {
      var entry = set
      entry.annotations = [Annotation.refName: name]
      return entry
    }
    var kept: [Descriptor] = []
    var history: [(number: UInt64, entry: Descriptor)] = [(number, ref(Ref.history(number)))]
    for entry in manifests {
      let name = entry.annotations?[Annotation.refName] ?? ""
      if let past = Ref.number(ofHistory: name) {
        history.append((past, entry))
      } else if name != Ref.current {
        kept.append(entry)
      }
    }
    history.sort { $0.number < $1.number }
    var result = self
    result.manifests =
      [ref(Ref.current)] + kept + history.suffix(ControlLimits.historyCount).map(\.entry)
    return result
  }
}
