internal import VerdictCrypto

/// A set and its manifests, read and their digests verified; of the snapshots nothing is known but
/// what the manifests claim.
struct SetRecord {
  struct Entry<Manifest> {
    /// As the set's index has it.
    let descriptor: Descriptor
    let digest: SHA256Digest
    let manifest: Manifest
  }

  let digest: SHA256Digest
  let document: SetDocument
  /// In byte order of the organizations.
  let organizations: [Entry<OrganizationManifest>]
  /// In the order of `SetAttachment.Kind`.
  let attachments: [Entry<AttachmentManifest>]

  var number: UInt64 { document.number }

  /// - Parameters:
  ///   - known: manifests that were read before, by their digests; they are not read again.
  ///   - place: the index that refers to the set, for errors.
  init(
    _ entry: Descriptor, _ reader: borrowing LayoutReader,
    known: [SHA256Digest: OrganizationManifest] = [:], place: String
  ) throws(ControlError) {
    digest = try entry.parsedDigest(place: place)
    let place = "\(reader.path)/\(LayoutReader.blobName(digest))"
    document = try SetDocument(
      reader.document(entry, byteCountMax: ControlLimits.setByteCountMax), place: place)
    var organizations: [Entry<OrganizationManifest>] = []
    var attachments: [Entry<AttachmentManifest>] = []
    organizations.reserveCapacity(document.manifests.count)
    for descriptor in document.manifests {
      let digest = try descriptor.parsedDigest(place: place)
      if let manifest = known[digest] {
        organizations.append(Entry(descriptor: descriptor, digest: digest, manifest: manifest))
        continue
      }
      let bytes = try reader.document(
        descriptor, byteCountMax: ControlLimits.manifestByteCountMax)
      let name = "\(reader.path)/\(LayoutReader.blobName(digest))"
      switch try SetManifest(bytes, place: name) {
      case .organization(let manifest):
        organizations.append(Entry(descriptor: descriptor, digest: digest, manifest: manifest))
      case .attachment(let manifest):
        attachments.append(Entry(descriptor: descriptor, digest: digest, manifest: manifest))
      }
    }
    organizations.sort {
      $0.manifest.organization.lexicographicallyPrecedes($1.manifest.organization)
    }
    self.organizations = organizations
    self.attachments = SetAttachment.Kind.allCases.flatMap { kind in
      attachments.filter { $0.manifest.kind == kind }
    }
    try check(place: place)
  }

  /// One manifest for each organization and kind, and no generation from the future.
  private func check(place: String) throws(ControlError) {
    guard organizations.count <= ControlLimits.organizationCountMax else {
      throw ControlError(
        .limit, place, "more than \(ControlLimits.organizationCountMax) organizations")
    }
    for (first, second) in zip(organizations, organizations.dropFirst())
    where first.manifest.organization == second.manifest.organization {
      throw ControlError(
        .document, place,
        "two manifests for organization \(quoted(first.manifest.organization.text)) in one set;"
          + " publish again")
    }
    for (first, second) in zip(attachments, attachments.dropFirst())
    where first.manifest.kind == second.manifest.kind {
      throw ControlError(
        .document, place, "two attachments of type `\(first.manifest.kind.rawValue)`; keep one")
    }
    for entry in organizations where entry.manifest.generation > number {
      throw ControlError(
        .document, place,
        "organization \(quoted(entry.manifest.organization.text)) has generation"
          + " \(entry.manifest.generation) in set \(number); publish again")
    }
    for entry in attachments where entry.manifest.generation > number {
      throw ControlError(
        .document, place,
        "`\(entry.manifest.kind.rawValue)` has generation \(entry.manifest.generation) in set"
          + " \(number); publish again")
    }
  }

  /// What the signature of this set is about.
  var statement: SetStatement {
    SetStatement(
      annotations: document.annotations, channel: document.channel,
      organizations: organizations.map { ($0.manifest.organization, $0.digest) },
      attachments: attachments.map { ($0.manifest.kind, $0.digest) })
  }

  /// The organizations and attachments whose manifests differ between two sets, those that only one
  /// has included.
  func changes(
    since other: SetRecord.Inventory
  ) -> (organizations: [[UInt8]], attachments: [SetAttachment.Kind]) {
    let own = inventory
    var changed = own.organizations.filter { other.organizations[$0.key] != $0.value }.map(\.key)
    changed += other.organizations.keys.filter { own.organizations[$0] == nil }
    changed.sort { $0.lexicographicallyPrecedes($1) }
    let kinds = SetAttachment.Kind.allCases.filter { own.attachments[$0] != other.attachments[$0] }
    return (changed, kinds)
  }

  /// Which manifests a set has.
  struct Inventory: Sendable, Equatable {
    var organizations: [[UInt8]: SHA256Digest] = [:]
    var attachments: [SetAttachment.Kind: SHA256Digest] = [:]
  }

  var inventory: Inventory {
    Inventory(
      organizations: Dictionary(
        uniqueKeysWithValues: organizations.map { ($0.manifest.organization, $0.digest) }),
      attachments: Dictionary(
        uniqueKeysWithValues: attachments.map { ($0.manifest.kind, $0.digest) }))
  }
}
