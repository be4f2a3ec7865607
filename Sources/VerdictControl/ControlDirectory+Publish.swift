public import VerdictCrypto
internal import VerdictModel
internal import VerdictSnapshot
internal import VerdictSystem

extension ControlDirectory {
  /// Makes what is requested the current or the staged set, all at once, and keeps the current set
  /// before in the history.
  ///
  /// Organizations whose snapshot is the same as in the set before keep their manifest and their
  /// generation, byte for byte. If that is so for all of them, and none went, there is nothing to
  /// publish: the set's number stays and `isNew` is false. (Damaged blobs are mended even then.)
  ///
  /// - Throws: with everything as it was, except perhaps for blobs that nothing refers to. `busy`
  ///   if somebody else publishes just now, `pinned` if the directory is.
  /// - Complexity: linear in the bytes of all snapshots.
  public func publish(_ request: PublishRequest) throws(ControlError) -> PublishedSet {
    let items = try request.items(path: path)
    return try replace(request.terms) { before throws(ControlError) in
      var all = items
      for organization in request.unchanged {
        guard let kept = before.current?.organizations[organization.organization],
          kept.manifest.source == organization.source.descriptor
        else {
          throw ControlError(
            .busy, path,
            "organization \(quoted(organization.organization.text)) was published by somebody else"
              + " meanwhile; publish again")
        }
        all.append(SetPlan.Item(manifest: .organization(kept.manifest), content: nil))
      }
      return try SetPlan.ordered(all, path: path)
    }
  }

  /// What the organizations of the current set say that they follow from, if it can be relied on:
  /// where sets are signed, by a signature of `terms`' own key or one that it trusts.
  public func publishedSources(
    _ terms: SetTerms
  ) -> [[UInt8]: SHA256Digest] {
    guard let reader = try? LayoutReader(path: path),
      let entry = try? reader.index().index.entry(Ref.current, place: path),
      let record = try? SetRecord(entry, reader, place: path),
      (try? terms.checkSource(record, channel: .current, path: path)) != nil
    else { return [:] }
    var sources: [[UInt8]: SHA256Digest] = [:]
    for entry in record.organizations {
      // What is damaged is compiled anew, and mended so.
      guard let source = entry.manifest.source, (try? reader.verify(entry.manifest)) != nil
      else { continue }
      sources[entry.manifest.organization] = try? SHA256Digest(descriptor: source)
    }
    return sources
  }

  /// Works out a new set and makes it visible: what publishing, renewing, deploying and rolling
  /// back have in common.
  func replace(
    _ terms: SetTerms, _ items: (PublishedState) throws(ControlError) -> [SetPlan.Item]
  ) throws(ControlError) -> PublishedSet {
    try terms.check(path: path)
    if terms.isDryRun {
      let before = try state(terms)
      return try SetPlan(items(before), terms, after: before, path: path).result
    }
    let writer = try LayoutWriter(locking: path)
    let before = try state(terms)
    if terms.channel == .current, let pin = before.index.pin(), terms.changesContent {
      throw ControlError(
        .pinned, path, "pinned\(pin.text); run `verdict unpin` before publishing")
    }
    let plan = try SetPlan(items(before), terms, after: before, path: path)
    for blob in plan.blobs {
      _ = try writer.writeBlob(blob.bytes, mediaType: blob.mediaType)
    }
    if plan.result.isNew {
      try writer.writeIndex(plan.index, replacing: before.indexBytes)
    } else {
      try writer.synchronizeBlobs()
    }
    return plan.result
  }

  /// What is there, as far as it may be built on. Who signs keeps no manifest from a set that
  /// somebody else may have made: it would be signed without having been looked at.
  private func state(_ terms: SetTerms) throws(ControlError) -> PublishedState {
    var state = try PublishedState(reading: path)
    guard terms.signing != nil, !terms.trustsContent, state.indexBytes != nil else { return state }
    let reader = try LayoutReader(path: path)
    for channel in SetChannel.allCases where state.head(of: channel) != nil {
      do throws(ControlError) {
        let record = try SetRecord(
          state.index.entry(channel.rawValue, place: path), reader, place: path)
        try terms.checkSource(record, channel: channel, path: path)
      } catch {
        state.distrust(channel)
      }
    }
    return state
  }
}

extension SetTerms {
  /// A renewal under a pin is fine: it changes nothing but the time and the signature.
  fileprivate var changesContent: Bool { !isRefresh }

  /// Content that is taken from the directory is signed only if it was signed before, by this key
  /// or one that is trusted: else whoever can write there could have anything signed.
  func checkSource(
    _ record: SetRecord, channel: SetChannel, path: String
  ) throws(ControlError) {
    guard let signing else { return }
    // Servers hold keys to their limits, seeing what is in force there.
    let keys = trust.all.map(\.key) + [signing.key.verifyingKey]
    var rules = AcceptanceRules()
    rules.trust = TrustedKeys(keys.map { TrustedKey(key: $0, organizations: nil) })
    rules.channel = channel
    try rules.check(record, LayoutReader(path: path))
  }
}

extension PublishRequest {
  /// Everything that was compiled, validated.
  fileprivate func items(path: String) throws(ControlError) -> [SetPlan.Item] {
    guard !snapshots.isEmpty || !unchanged.isEmpty else {
      throw ControlError(.limit, path, "no organization to publish; name their documents")
    }
    guard snapshots.count + unchanged.count <= ControlLimits.organizationCountMax else {
      throw ControlError(
        .limit, path, "more than \(ControlLimits.organizationCountMax) organizations")
    }
    var items: [SetPlan.Item] = []
    for snapshot in snapshots {
      let identified = try IdentifiedSnapshot(snapshot)
      items.append(
        SetPlan.Item(
          manifest: .organization(
            OrganizationManifest(
              organization: identified.organization, model: identified.model, generation: 0,
              compilerVersion: snapshot.compilerVersion, source: snapshot.source?.descriptor,
              snapshot: Descriptor(snapshot.bytes, mediaType: ImageLayout.snapshotType),
              snapshotDigest: identified.digest)), content: snapshot.bytes))
    }
    for attachment in attachments {
      guard (1...ControlLimits.attachmentByteCountMax).contains(attachment.bytes.count) else {
        throw ControlError(
          .limit, path,
          "\(attachment.kind.name): \(attachment.bytes.count) bytes, allowed are 1 to"
            + " \(ControlLimits.attachmentByteCountMax)")
      }
      if attachment.kind == .routes { _ = try RouteTables(validating: attachment.bytes) }
      let content = Descriptor(attachment.bytes, mediaType: attachment.kind.rawValue)
      items.append(
        SetPlan.Item(
          manifest: .attachment(
            AttachmentManifest(
              kind: attachment.kind, generation: 0, content: content,
              contentDigest: SHA256Digest(ofArray: attachment.bytes))),
          content: attachment.bytes))
    }
    return items
  }
}

extension SetPlan {
  /// Organizations in byte order of their ids, then attachments; each once.
  static func ordered(_ items: [Item], path: String) throws(ControlError) -> [Item] {
    var organizations: [(id: [UInt8], item: Item)] = []
    var attachments: [(kind: SetAttachment.Kind, item: Item)] = []
    for item in items {
      switch item.manifest {
      case .organization(let manifest): organizations.append((manifest.organization, item))
      case .attachment(let manifest): attachments.append((manifest.kind, item))
      }
    }
    organizations.sort { $0.id.lexicographicallyPrecedes($1.id) }
    for (first, second) in zip(organizations, organizations.dropFirst()) where first.id == second.id
    {
      throw ControlError(
        .document, path, "two snapshots for organization \(quoted(first.id.text)); publish one")
    }
    var result = organizations.map(\.item)
    for kind in SetAttachment.Kind.allCases {
      let found = attachments.filter { $0.kind == kind }
      guard found.count < 2 else {
        throw ControlError(.document, path, "\(kind.name) given twice; publish one")
      }
      result += found.map(\.item)
    }
    return result
  }
}

extension LayoutReader {
  /// That the snapshot of a manifest is there, whole, valid and of the organization and model that
  /// it is announced as.
  func verify(_ manifest: OrganizationManifest) throws(ControlError) {
    let memory = try sealed(
      manifest.snapshot, byteCountMax: ControlLimits.snapshotByteCountMax)
    let place = "\(path)/\(Self.blobName(manifest.snapshotDigest))"
    // SAFETY: the memory outlives the view.
    let view = try SnapshotView.validating(unsafe ByteView(memory.bytes), place: place)
    let identity = SnapshotIdentity(of: view)
    guard identity.organization == manifest.organization, identity.model == manifest.model else {
      throw ControlError(.snapshot, place, "not the announced organization; publish documents")
    }
  }
}
