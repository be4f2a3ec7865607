internal import VerdictCrypto
internal import VerdictModel
internal import VerdictSnapshot
internal import VerdictSystem

extension ControlDirectory {
  /// Loads the current set, whole or not at all.
  ///
  /// Every blob is copied into sealed memory and the copy is verified, so that nothing that happens
  /// to the files later matters.
  ///
  /// - Parameter previous: a set that was loaded before; snapshots that both have are shared.
  /// - Throws: the first thing that is wrong. A missing or half-written `index.json` is looked at
  ///   again for a tenth of a second before.
  public func load(reusing previous: LoadedSet? = nil) throws(ControlError) -> LoadedSet {
    var retriesLeft = 5
    while true {
      let seen = (try? LayoutReader(path: path))?.indexStatus()
      do throws(ControlError) {
        return try loadOnce(reusing: previous)
      } catch {
        // While one reads, somebody may publish and collect what the old index needs: then it is
        // the new one that counts.
        let now = (try? LayoutReader(path: path))?.indexStatus()
        guard retriesLeft > 0, error.code == .unsettled || now != seen else { throw error }
        retriesLeft -= 1
        SystemClock.sleep(nanoseconds: 20_000_000)
      }
    }
  }

  private func loadOnce(reusing previous: LoadedSet?) throws(ControlError) -> LoadedSet {
    let reader = try LayoutReader(path: path)
    let index = try reader.index().index
    let place = "\(path)/\(ImageLayout.indexFile)"
    let current = index.manifests.filter { $0.annotations?[Annotation.refName] == Ref.current }
    guard let entry = current.first else {
      throw ControlError(.document, place, "no ref `current`; publish with `verdict publish`")
    }
    guard current.count == 1 else {
      throw ControlError(.document, place, "\(current.count) refs `current`; remove all but one")
    }
    guard entry.mediaType == ImageLayout.indexType else {
      throw ControlError(
        .document, place, "ref `current` is a \(quoted(entry.mediaType)), not a set; publish one")
    }
    let digest = try entry.parsedDigest(place: place)
    if let previous, previous.digest == digest { return previous }
    let set = try SetDocument(
      reader.document(entry, byteCountMax: ControlLimits.setByteCountMax),
      place: "\(path)/\(LayoutReader.blobName(digest))")
    return LoadedSet(
      setNumber: set.number, createdSeconds: set.createdSeconds, digest: digest,
      organizations: try organizations(of: set, reader, reusing: previous, place: place))
  }

  private func organizations(
    of set: SetDocument, _ reader: borrowing LayoutReader, reusing previous: LoadedSet?,
    place: String
  ) throws(ControlError) -> [LoadedOrganization] {
    let known = ReusableOrganizations(previous)
    var result: [LoadedOrganization] = []
    result.reserveCapacity(set.manifests.count)
    for entry in set.manifests {
      let digest = try entry.parsedDigest(place: place)
      let organization: LoadedOrganization
      if let unchanged = known.byManifest[digest] {
        organization = unchanged
      } else {
        organization = try load(entry, digest, reader, known)
      }
      guard organization.generation <= set.number else {
        throw ControlError(
          .document, place,
          "organization \(quoted(organization.organization.text)) has generation"
            + " \(organization.generation) in set \(set.number); publish again")
      }
      result.append(organization)
    }
    result.sort { $0.organization.lexicographicallyPrecedes($1.organization) }
    for (first, second) in zip(result, result.dropFirst())
    where first.organization == second.organization {
      throw ControlError(
        .document, place,
        "two manifests for organization \(quoted(first.organization.text)) in one set; publish again"
      )
    }
    return result
  }

  private func load(
    _ entry: Descriptor, _ digest: SHA256Digest, _ reader: borrowing LayoutReader,
    _ known: ReusableOrganizations
  ) throws(ControlError) -> LoadedOrganization {
    let manifest = try OrganizationManifest(
      reader.document(entry, byteCountMax: ControlLimits.manifestByteCountMax),
      place: "\(path)/\(LayoutReader.blobName(digest))")
    let loaded: LoadedOrganization
    let place = "\(path)/\(LayoutReader.blobName(manifest.snapshotDigest))"
    if let same = known.bySnapshot[manifest.snapshotDigest],
      same.byteCount == manifest.snapshot.size
    {
      loaded = LoadedOrganization(
        view: same.view, memory: same.memory, generation: manifest.generation,
        digest: same.digest, manifestDigest: digest)
    } else {
      let memory = try reader.sealed(
        manifest.snapshot, byteCountMax: ControlLimits.snapshotByteCountMax)
      // SAFETY: the loaded organization keeps the memory for as long as the view.
      let view = try SnapshotView.validating(unsafe ByteView(memory.bytes), place: place)
      loaded = LoadedOrganization(
        view: view, memory: memory, generation: manifest.generation,
        digest: manifest.snapshotDigest, manifestDigest: digest)
    }
    guard loaded.organization == manifest.organization, loaded.model == manifest.model else {
      throw ControlError(
        .snapshot, place,
        "of organization \(quoted(loaded.organization.text)) and model \(quoted(loaded.model.text)), but"
          + " announced as \(quoted(manifest.organization.text)) and \(quoted(manifest.model.text));"
          + " publish again")
    }
    return loaded
  }
}

/// What a set that was loaded before has to offer. Everything in it was verified then.
private struct ReusableOrganizations {
  private(set) var byManifest: [SHA256Digest: LoadedOrganization] = [:]
  private(set) var bySnapshot: [SHA256Digest: LoadedOrganization] = [:]

  init(_ set: LoadedSet?) {
    for organization in set?.organizations ?? [] {
      bySnapshot[organization.digest] = organization
      if let manifest = organization.manifestDigest { byManifest[manifest] = organization }
    }
  }
}
