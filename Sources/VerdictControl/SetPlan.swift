internal import VerdictCrypto

/// A new set, worked out before anything of it is written.
struct SetPlan {
  /// One manifest of the new set, and what it is about.
  struct Item {
    /// Its generation doesn't count: it is kept or given anew here.
    let manifest: SetManifest
    /// What the manifest's layer holds; nil: the directory has it already, whole.
    let content: [UInt8]?
  }

  struct Blob {
    let bytes: [UInt8]
    let mediaType: String
  }

  let number: UInt64
  /// Everything that the set needs and that may be missing, what is referred to first.
  let blobs: [Blob]
  let set: Descriptor
  let index: ImageIndex
  let result: PublishedSet

  fileprivate struct Draft {
    var blobs = [Blob(bytes: ImageLayout.emptyBlob, mediaType: ImageLayout.emptyType)]
    var manifests: [Descriptor] = []
    var organizations: [PublishedOrganization] = []
    var attachments: [SetAttachment.Kind: Bool] = [:]
  }

  /// - Parameter items: organizations in byte order of their ids, then attachments.
  init(
    _ items: [Item], _ terms: SetTerms, after before: PublishedState, path: String
  ) throws(ControlError) {
    guard before.numberMax < ControlLimits.setNumberMax else {
      throw ControlError(.limit, path, "no set number is left; publish into a new directory")
    }
    let number = before.numberMax + 1
    var draft = Draft()
    for item in items {
      switch item.manifest {
      case .organization(let manifest):
        Self.add(manifest, item, terms, before, number, &draft)
      case .attachment(let manifest):
        Self.add(manifest, item, terms, before, number, &draft)
      }
    }
    let head = before.head(of: terms.channel)
    let removed = Self.removed(draft, before)
    if let head, !terms.isNew(after: head), draft.manifests.map(\.digest) == head.manifestDigests {
      self.number = head.document.number
      blobs = draft.blobs
      set = Descriptor(
        mediaType: ImageLayout.indexType, digest: head.digest.descriptor, size: 0)
      index = before.index
      result = PublishedSet(
        number: head.document.number, digest: head.digest, isNew: false,
        organizations: draft.organizations, removed: [], attachments: draft.attachments,
        removedAttachments: [])
      return
    }
    let bytes = try Self.bytes(of: draft.manifests, items, terms, number, before, path: path)
    self.number = number
    blobs = draft.blobs + [Blob(bytes: bytes, mediaType: ImageLayout.indexType)]
    set = Descriptor(bytes, mediaType: ImageLayout.indexType)
    index = before.index.replacing(
      terms.channel, by: set, number: number, keepCount: terms.keepCount)
    result = PublishedSet(
      number: number, digest: SHA256Digest(ofArray: bytes), isNew: true,
      organizations: draft.organizations, removed: removed, attachments: draft.attachments,
      removedAttachments: SetAttachment.Kind.allCases.filter {
        draft.attachments[$0] == nil && before.current?.attachments[$0] != nil
      })
  }

  // MARK: Items

  private static func add(
    _ manifest: OrganizationManifest, _ item: Item, _ terms: SetTerms, _ before: PublishedState,
    _ number: UInt64, _ draft: inout Draft
  ) {
    if let content = item.content {
      draft.blobs.append(Blob(bytes: content, mediaType: ImageLayout.snapshotType))
    }
    // A staged set keeps what `current` has, so that deploying it changes no more than it must.
    let known = [before.current, terms.channel == .staged ? before.staged : nil].compactMap {
      $0?.organizations[manifest.organization]
    }
    let kept = known.first { $0.manifest.snapshotDigest == manifest.snapshotDigest }
    draft.manifests.append(
      kept?.descriptor ?? draft.write(item.manifest, number, terms.createdSeconds))
    draft.organizations.append(
      PublishedOrganization(
        organization: manifest.organization, model: manifest.model,
        generation: kept?.manifest.generation ?? number, digest: manifest.snapshotDigest,
        byteCount: manifest.snapshot.size, isChanged: kept == nil))
  }

  private static func add(
    _ manifest: AttachmentManifest, _ item: Item, _ terms: SetTerms, _ before: PublishedState,
    _ number: UInt64, _ draft: inout Draft
  ) {
    if let content = item.content {
      draft.blobs.append(Blob(bytes: content, mediaType: manifest.kind.rawValue))
    }
    let known = [before.current, terms.channel == .staged ? before.staged : nil].compactMap {
      $0?.attachments[manifest.kind]
    }
    let kept = known.first { $0.manifest.contentDigest == manifest.contentDigest }
    draft.manifests.append(
      kept?.descriptor ?? draft.write(item.manifest, number, terms.createdSeconds))
    draft.attachments[manifest.kind] = kept == nil
  }

  private static func removed(_ draft: Draft, _ before: PublishedState) -> [[UInt8]] {
    let published = Set(draft.organizations.map(\.organization))
    return (before.current?.organizations.keys.filter { !published.contains($0) } ?? [])
      .sorted { $0.lexicographicallyPrecedes($1) }
  }

  // MARK: The set

  private static func bytes(
    of manifests: [Descriptor], _ items: [Item], _ terms: SetTerms, _ number: UInt64,
    _ before: PublishedState, path: String
  ) throws(ControlError) -> [UInt8] {
    var annotations = terms.annotations(number: number, previous: before.current?.digest)
    if let signing = terms.signing {
      var organizations: [(id: [UInt8], manifest: SHA256Digest)] = []
      var attachments: [(kind: SetAttachment.Kind, manifest: SHA256Digest)] = []
      for (item, manifest) in zip(items, manifests) {
        let digest = try manifest.parsedDigest(place: path)
        switch item.manifest {
        case .organization(let one): organizations.append((one.organization, digest))
        case .attachment(let one): attachments.append((one.kind, digest))
        }
      }
      annotations[Annotation.signature] = SetStatement(
        annotations: annotations, channel: terms.channel, organizations: organizations,
        attachments: attachments
      ).signature(by: signing.key)
    }
    let bytes = LayoutDocument.bytes(
      of: ImageIndex(manifests: manifests, annotations: annotations))
    guard bytes.count <= ControlLimits.setByteCountMax else {
      throw ControlError(
        .limit, path, "the set's index would have more than \(ControlLimits.setByteCountMax) bytes")
    }
    return bytes
  }
}

extension SetPlan.Draft {
  /// Adds a new manifest at generation `number`.
  fileprivate mutating func write(
    _ manifest: SetManifest, _ number: UInt64, _ createdSeconds: Int64
  ) -> Descriptor {
    let bytes = manifest.bytes(generation: number, createdSeconds: createdSeconds)
    blobs.append(SetPlan.Blob(bytes: bytes, mediaType: ImageLayout.manifestType))
    var descriptor = Descriptor(bytes, mediaType: ImageLayout.manifestType)
    descriptor.platform = Descriptor.Platform.none
    return descriptor
  }
}

extension SetTerms {
  /// Whether even the content of `head` makes a new set under these terms.
  fileprivate func isNew(after head: PublishedState.Head) -> Bool {
    if renews || rollback != nil || !overrideReason.isEmpty { return true }
    guard let signing else { return false }
    return head.document.keyID != signing.key.verifyingKey.id
  }
}

extension Descriptor {
  init(_ bytes: [UInt8], mediaType: String) {
    self.init(
      mediaType: mediaType, digest: SHA256Digest(ofArray: bytes).descriptor, size: bytes.count)
  }
}
