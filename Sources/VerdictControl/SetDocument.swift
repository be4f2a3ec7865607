internal import VerdictCrypto

/// The index of one set, read: which manifests belong together, and under which number.
struct SetDocument {
  /// As they stand there, those included that mean nothing here: the signature covers all.
  let annotations: [String: String]
  let number: UInt64
  let createdSeconds: Int64
  let channel: SetChannel
  let notBeforeSeconds: Int64?
  let expiresSeconds: Int64?
  let previous: SHA256Digest?
  let rollback: UInt64?
  let manifests: [Descriptor]

  var message: String { annotations[Annotation.message] ?? "" }
  var author: String { annotations[Annotation.authors] ?? "" }
  var overrideReason: String? { annotations[Annotation.override] }
  /// Who claims to have signed it; nil: nobody.
  var keyID: String? { annotations[Annotation.key] }

  init(_ bytes: [UInt8], place: String) throws(ControlError) {
    let index = try LayoutDocument.value(
      ImageIndex.self, from: bytes, place: place, unreadable: .document)
    let annotations = Annotations(index.annotations, place: place)
    self.annotations = annotations.values
    number = try annotations.positive(Annotation.setNumber)
    createdSeconds = try annotations.seconds(Annotation.created)
    notBeforeSeconds = try annotations.optional(Annotation.notBefore, annotations.seconds)
    expiresSeconds = try annotations.optional(Annotation.expires, annotations.seconds)
    rollback = try annotations.optional(Annotation.rollback, annotations.positive)
    previous = try annotations.optional(Annotation.previous, annotations.digest)
    channel = try annotations.optional(Annotation.channel, annotations.channel) ?? .current
    // More than there can be organizations and attachments; which is which is not known yet.
    guard
      index.manifests.count <= ControlLimits.organizationCountMax
        + SetAttachment.Kind.allCases.count
    else {
      throw ControlError(
        .limit, place, "more than \(ControlLimits.organizationCountMax) organizations")
    }
    for manifest in index.manifests where manifest.mediaType != ImageLayout.manifestType {
      throw ControlError(
        .document, place, "\(quoted(manifest.mediaType)) is not a manifest's type; publish again")
    }
    manifests = index.manifests
  }
}

/// The manifest of one organization, read. What it says about the snapshot is a claim until the
/// snapshot itself was looked into.
struct OrganizationManifest: Sendable {
  let organization: [UInt8]
  let model: [UInt8]
  let generation: UInt64
  let compilerVersion: String
  /// Digest of what it was compiled from and by, where it says so.
  let source: String?
  let snapshot: Descriptor
  let snapshotDigest: SHA256Digest
}

/// The manifest of an attachment, read.
struct AttachmentManifest: Sendable {
  let kind: SetAttachment.Kind
  let generation: UInt64
  let content: Descriptor
  let contentDigest: SHA256Digest
}

/// A manifest of a set: the type of its one layer says of what.
enum SetManifest: Sendable {
  case organization(OrganizationManifest)
  case attachment(AttachmentManifest)

  init(_ bytes: [UInt8], place: String) throws(ControlError) {
    let manifest = try LayoutDocument.value(
      ImageManifest.self, from: bytes, place: place, unreadable: .document)
    guard manifest.layers.count == 1, let layer = manifest.layers.first else {
      throw ControlError(.document, place, "not exactly one layer; publish again")
    }
    let annotations = Annotations(manifest.annotations, place: place)
    let generation = try annotations.positive(Annotation.generation)
    let digest = try layer.parsedDigest(place: place)
    if layer.mediaType == ImageLayout.snapshotType {
      self = .organization(
        OrganizationManifest(
          organization: try annotations.bytes(Annotation.organization),
          model: try annotations.bytes(Annotation.model), generation: generation,
          compilerVersion: annotations.values[Annotation.compiler] ?? "",
          source: annotations.values[Annotation.source], snapshot: layer,
          snapshotDigest: digest))
    } else if let kind = SetAttachment.Kind(rawValue: layer.mediaType) {
      self = .attachment(
        AttachmentManifest(
          kind: kind, generation: generation, content: layer, contentDigest: digest))
    } else {
      throw ControlError(
        .document, place,
        "a layer of type \(quoted(layer.mediaType)), which this version doesn't know; upgrade it")
    }
  }

  /// The manifest as it is written when its content changes.
  func bytes(generation: UInt64, createdSeconds: Int64) -> [UInt8] {
    let empty = ImageLayout.emptyBlob
    var annotations = [
      Annotation.generation: String(generation),
      Annotation.created: LayoutDocument.timestamp(createdSeconds),
    ]
    let layer: Descriptor
    let artifactType: String
    switch self {
    case .organization(let manifest):
      annotations[Annotation.organization] = manifest.organization.text
      annotations[Annotation.model] = manifest.model.text
      annotations[Annotation.compiler] = manifest.compilerVersion
      annotations[Annotation.source] = manifest.source
      layer = manifest.snapshot
      artifactType = ImageLayout.organizationType
    case .attachment(let manifest):
      layer = manifest.content
      artifactType = ImageLayout.attachmentType
    }
    return LayoutDocument.bytes(
      of: ImageManifest(
        artifactType: artifactType,
        config: Descriptor(
          mediaType: ImageLayout.emptyType, digest: SHA256Digest(ofArray: empty).descriptor,
          size: empty.count),
        layers: [layer], annotations: annotations))
  }
}

/// The annotations of a document, with an error that names the one that is wrong.
struct Annotations {
  let values: [String: String]
  let place: String

  init(_ values: [String: String]?, place: String) {
    self.values = values ?? [:]
    self.place = place
  }

  func text(_ key: String) throws(ControlError) -> String {
    guard let value = values[key], !value.isEmpty else {
      throw ControlError(.document, place, "annotation `\(key)` is missing; publish again")
    }
    return value
  }

  func optional<Value>(
    _ key: String, _ read: (String) throws(ControlError) -> Value
  ) throws(ControlError) -> Value? {
    values[key] == nil ? nil : try read(key)
  }

  func bytes(_ key: String) throws(ControlError) -> [UInt8] { Array(try text(key).utf8) }

  func positive(_ key: String) throws(ControlError) -> UInt64 {
    let value = try text(key)
    guard let number = UInt64(value), number > 0, number <= ControlLimits.setNumberMax,
      String(number) == value
    else {
      throw ControlError(
        .document, place, "annotation `\(key)`: \(quoted(value)) is not a number from 1 to 2^53")
    }
    return number
  }

  func seconds(_ key: String) throws(ControlError) -> Int64 {
    let value = try text(key)
    guard let seconds = LayoutDocument.seconds(ofTimestamp: value) else {
      throw ControlError(
        .document, place,
        "annotation `\(key)`: \(quoted(value)) is not a time like 2026-01-31T12:00:00Z")
    }
    return seconds
  }

  func digest(_ key: String) throws(ControlError) -> SHA256Digest {
    let value = try text(key)
    do {
      return try SHA256Digest(descriptor: value)
    } catch {
      throw ControlError(.document, place, "annotation `\(key)`: \(quoted(value)): \(error)")
    }
  }

  func channel(_ key: String) throws(ControlError) -> SetChannel {
    let value = try text(key)
    guard let channel = SetChannel(rawValue: value) else {
      throw ControlError(
        .document, place, "annotation `\(key)`: \(quoted(value)) is not `current` or `staged`")
    }
    return channel
  }
}

extension [UInt8] {
  var text: String { String(decoding: self, as: UTF8.self) }
}
