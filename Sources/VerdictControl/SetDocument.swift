internal import VerdictCrypto

/// The index of one set, read: which manifests belong together, and under which number.
struct SetDocument {
  let number: UInt64
  let createdSeconds: Int64
  let manifests: [Descriptor]

  init(_ bytes: [UInt8], place: String) throws(ControlError) {
    let index = try LayoutDocument.value(
      ImageIndex.self, from: bytes, place: place, unreadable: .document)
    let annotations = Annotations(index.annotations, place: place)
    number = try annotations.positive(Annotation.setNumber)
    createdSeconds = try annotations.seconds(Annotation.created)
    guard index.manifests.count <= ControlLimits.organizationCountMax else {
      throw ControlError(
        .limit, place, "more than \(ControlLimits.organizationCountMax) organizations")
    }
    for manifest in index.manifests where manifest.mediaType != ImageLayout.manifestType {
      throw ControlError(
        .document, place, "\(quoted(manifest.mediaType)) is not a manifest's type; publish again")
    }
    manifests = index.manifests
  }

  /// The index of a set as it is written.
  static func bytes(
    number: UInt64, createdSeconds: Int64, message: String, author: String,
    manifests: [Descriptor]
  ) -> [UInt8] {
    var annotations = [
      Annotation.setNumber: String(number),
      Annotation.created: LayoutDocument.timestamp(createdSeconds),
    ]
    if !message.isEmpty { annotations[Annotation.message] = message }
    if !author.isEmpty { annotations[Annotation.authors] = author }
    return LayoutDocument.bytes(
      of: ImageIndex(manifests: manifests, annotations: annotations))
  }
}

/// The manifest of one organization, read. What it says about the snapshot is a claim until the
/// snapshot itself was looked into.
struct OrganizationManifest {
  let organization: [UInt8]
  let model: [UInt8]
  let generation: UInt64
  let snapshot: Descriptor
  let snapshotDigest: SHA256Digest

  init(_ bytes: [UInt8], place: String) throws(ControlError) {
    let manifest = try LayoutDocument.value(
      ImageManifest.self, from: bytes, place: place, unreadable: .document)
    let annotations = Annotations(manifest.annotations, place: place)
    organization = try annotations.bytes(Annotation.organization)
    model = try annotations.bytes(Annotation.model)
    generation = try annotations.positive(Annotation.generation)
    guard manifest.layers.count == 1, let layer = manifest.layers.first,
      layer.mediaType == ImageLayout.snapshotType
    else {
      throw ControlError(
        .document, place, "not exactly one layer of type `\(ImageLayout.snapshotType)`")
    }
    snapshot = layer
    snapshotDigest = try layer.parsedDigest(place: place)
  }

  /// The manifest of a changed organization as it is written.
  static func bytes(
    of snapshot: IdentifiedSnapshot, generation: UInt64, createdSeconds: Int64
  ) -> [UInt8] {
    let empty = ImageLayout.emptyBlob
    return LayoutDocument.bytes(
      of: ImageManifest(
        config: Descriptor(
          mediaType: ImageLayout.emptyType, digest: SHA256Digest(ofArray: empty).descriptor,
          size: empty.count),
        layers: [
          Descriptor(
            mediaType: ImageLayout.snapshotType, digest: snapshot.digest.descriptor,
            size: snapshot.content.bytes.count)
        ],
        annotations: [
          Annotation.organization: snapshot.organization.text,
          Annotation.model: snapshot.model.text,
          Annotation.generation: String(generation),
          Annotation.compiler: snapshot.content.compilerVersion,
          Annotation.created: LayoutDocument.timestamp(createdSeconds),
        ]))
  }
}

/// The annotations of a document, with an error that names the one that is wrong.
private struct Annotations {
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
}

extension [UInt8] {
  var text: String { String(decoding: self, as: UTF8.self) }
}
