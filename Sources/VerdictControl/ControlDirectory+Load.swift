internal import VerdictCrypto
internal import VerdictModel
internal import VerdictSnapshot
internal import VerdictSystem

extension ControlDirectory {
  /// Loads a set, whole or not at all.
  ///
  /// Every blob is copied into sealed memory and the copy is verified, so that nothing that happens
  /// to the files later matters.
  ///
  /// - Parameters:
  ///   - previous: a set that was loaded before; it is the result where it is the same still.
  ///   - others: more sets that were loaded before; snapshots that any has are shared.
  ///   - rules: what it must be beyond whole. Their channel says which ref is loaded.
  /// - Throws: the first thing that is wrong. A missing or half-written `index.json` is looked at
  ///   again for a tenth of a second before.
  public func load(
    reusing previous: LoadedSet? = nil, and others: [LoadedSet] = [],
    rules: AcceptanceRules = AcceptanceRules()
  ) throws(ControlError) -> LoadedSet {
    var retriesLeft = 5
    while true {
      let seen = (try? LayoutReader(path: path))?.indexStatus()
      do throws(ControlError) {
        return try loadOnce(reusing: previous, others, rules)
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

  private func loadOnce(
    reusing previous: LoadedSet?, _ others: [LoadedSet], _ rules: AcceptanceRules
  ) throws(ControlError) -> LoadedSet {
    let reader = try LayoutReader(path: path, ownership: rules.ownership)
    let entry = try reader.index().index.entry(
      rules.channel.rawValue, place: "\(path)/\(ImageLayout.indexFile)")
    if let previous, previous.digest == (try entry.parsedDigest(place: path)) { return previous }
    return try load(
      entry, reader, reusing: ReusableOrganizations(others + (previous.map { [$0] } ?? [])), rules)
  }

  /// Loads the set that a ref points at.
  private func load(
    _ entry: Descriptor, _ reader: borrowing LayoutReader, reusing known: ReusableOrganizations,
    _ rules: AcceptanceRules
  ) throws(ControlError) -> LoadedSet {
    let record = try SetRecord(
      entry, reader, known: known.manifests, place: "\(path)/\(ImageLayout.indexFile)")
    // Before the snapshots are looked into: they may be large, and hostile.
    try rules.check(record, reader)
    var organizations: [LoadedOrganization] = []
    organizations.reserveCapacity(record.organizations.count)
    for entry in record.organizations {
      if let unchanged = known.byManifest[entry.digest] {
        organizations.append(unchanged)
      } else {
        organizations.append(try load(entry, reader, known))
      }
    }
    var attachments: [LoadedAttachment] = []
    for entry in record.attachments {
      let bytes = try reader.document(
        entry.manifest.content, byteCountMax: ControlLimits.attachmentByteCountMax)
      attachments.append(
        LoadedAttachment(
          kind: entry.manifest.kind, bytes: bytes, digest: entry.manifest.contentDigest,
          generation: entry.manifest.generation, manifestDigest: entry.digest))
    }
    let routes = try attachments.first { $0.kind == .routes }.map {
      tables throws(ControlError) in
      try RouteTables(
        validating: tables.bytes, place: "\(path)/\(LayoutReader.blobName(tables.digest))")
    }
    return LoadedSet(
      record, organizations: organizations, attachments: attachments, routes: routes,
      keyID: rules.trust == nil ? nil : record.document.keyID)
  }

  private func load(
    _ entry: SetRecord.Entry<OrganizationManifest>, _ reader: borrowing LayoutReader,
    _ known: ReusableOrganizations
  ) throws(ControlError) -> LoadedOrganization {
    let manifest = entry.manifest
    let loaded: LoadedOrganization
    let place = "\(path)/\(LayoutReader.blobName(manifest.snapshotDigest))"
    if let same = known.bySnapshot[manifest.snapshotDigest],
      same.byteCount == manifest.snapshot.size
    {
      loaded = LoadedOrganization(
        view: same.view, memory: same.memory, generation: manifest.generation,
        digest: same.digest, origin: .init(digest: entry.digest, manifest: manifest))
    } else {
      let memory = try reader.sealed(
        manifest.snapshot, byteCountMax: ControlLimits.snapshotByteCountMax)
      // SAFETY: the loaded organization keeps the memory for as long as the view.
      let view = try SnapshotView.validating(unsafe ByteView(memory.bytes), place: place)
      loaded = LoadedOrganization(
        view: view, memory: memory, generation: manifest.generation,
        digest: manifest.snapshotDigest, origin: .init(digest: entry.digest, manifest: manifest))
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

extension ImageIndex {
  /// The set that a ref points at.
  func entry(_ ref: String, place: String) throws(ControlError) -> Descriptor {
    let found = manifests.filter { $0.annotations?[Annotation.refName] == ref }
    guard let entry = found.first else {
      if ref == Ref.staged {
        throw ControlError(
          .absent, place, "nothing is staged; publish with `verdict publish --staged`")
      }
      let advice =
        switch ref {
        case Ref.current: "; publish with `verdict publish`"
        default: "; `verdict history` lists what is there"
        }
      throw ControlError(.document, place, "no ref `\(ref)`\(advice)")
    }
    guard found.count == 1 else {
      throw ControlError(.document, place, "\(found.count) refs `\(ref)`; remove all but one")
    }
    guard entry.mediaType == ImageLayout.indexType else {
      throw ControlError(
        .document, place, "ref `\(ref)` is a \(quoted(entry.mediaType)), not a set; publish one")
    }
    return entry
  }
}

/// What sets that were loaded before have to offer. Everything in them was verified then.
private struct ReusableOrganizations {
  private(set) var byManifest: [SHA256Digest: LoadedOrganization] = [:]
  private(set) var manifests: [SHA256Digest: OrganizationManifest] = [:]
  private(set) var bySnapshot: [SHA256Digest: LoadedOrganization] = [:]

  init(_ sets: [LoadedSet]) {
    for organization in sets.flatMap(\.organizations) {
      bySnapshot[organization.digest] = organization
      if let origin = organization.origin {
        byManifest[origin.digest] = organization
        manifests[origin.digest] = origin.manifest
      }
    }
  }
}
