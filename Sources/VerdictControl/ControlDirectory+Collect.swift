internal import VerdictCrypto
internal import VerdictSystem

/// What collecting has done.
public struct CollectedBlobs: Sendable {
  public internal(set) var removedCount = 0
  public internal(set) var removedByteCount = 0
  /// Blobs that some ref needs.
  public internal(set) var keptCount = 0
  /// Blobs that nothing needs, but that are too young to go.
  public internal(set) var youngCount = 0
}

extension ControlDirectory {
  /// Removes blobs that no ref needs.
  ///
  /// - Parameters:
  ///   - graceSeconds: what was written in the last so many seconds stays: a copying tool, which
  ///     knows nothing of the lock, may be about to refer to it.
  ///   - nowSeconds: now, in seconds since 1970.
  /// - Throws: also where a ref's set can't be read whole: what it needs is not known then, so
  ///   nothing is removed.
  public func collect(
    graceSeconds: Int64 = ControlLimits.collectionGraceSeconds, nowSeconds: Int64
  ) throws(ControlError) -> CollectedBlobs {
    let writer = try LayoutWriter(locking: path)
    let reader = try LayoutReader(path: writer.path)
    var needed: Set<String> = []
    for entry in try reader.index().index.manifests {
      try Self.walk(entry, reader, depth: 0, &needed)
    }
    let result = try remove(allBut: needed, writtenBefore: nowSeconds - graceSeconds)
    // The lock is held until here.
    _ = consume writer
    return result
  }

  private func remove(
    allBut needed: Set<String>, writtenBefore end: Int64
  ) throws(ControlError) -> CollectedBlobs {
    var result = CollectedBlobs()
    let directory = "\(path)/\(ImageLayout.blobDirectory)"
    do throws(SystemError) {
      for name in try File.names(in: directory) {
        guard (try? SHA256Digest(hex: name)) != nil else { continue }
        let place = "\(directory)/\(name)"
        guard let status = FileStatus(of: place), status.isRegular else { continue }
        if needed.contains(name) {
          result.keptCount += 1
        } else if status.modifiedNanoseconds / 1_000_000_000 >= end {
          result.youngCount += 1
        } else {
          try File.remove(place)
          result.removedCount += 1
          result.removedByteCount += status.byteCount
        }
      }
    } catch {
      throw ControlError(error, error.subject.isEmpty ? directory : error.subject)
    }
    return result
  }

  /// Adds what a descriptor needs, itself included: of indexes their manifests, of manifests their
  /// configuration and layers. Foreign refs are walked like our own.
  private static func walk(
    _ entry: Descriptor, _ reader: borrowing LayoutReader, depth: Int,
    _ needed: inout Set<String>
  ) throws(ControlError) {
    let place = "\(reader.path)/\(ImageLayout.indexFile)"
    let digest = try entry.parsedDigest(place: place)
    guard needed.insert(digest.hex).inserted else { return }
    guard depth < 4 else {
      throw ControlError(.document, place, "indexes within indexes, too deep; remove that ref")
    }
    let name = "\(reader.path)/\(LayoutReader.blobName(digest))"
    switch entry.mediaType {
    case ImageLayout.indexType:
      let bytes = try reader.document(entry, byteCountMax: ControlLimits.setByteCountMax)
      let index = try LayoutDocument.value(
        ImageIndex.self, from: bytes, place: name, unreadable: .document)
      for manifest in index.manifests { try walk(manifest, reader, depth: depth + 1, &needed) }
    case ImageLayout.manifestType:
      let bytes = try reader.document(entry, byteCountMax: ControlLimits.manifestByteCountMax)
      let manifest = try LayoutDocument.value(
        ImageManifest.self, from: bytes, place: name, unreadable: .document)
      for blob in [manifest.config] + manifest.layers {
        needed.insert(try blob.parsedDigest(place: name).hex)
      }
    default:
      throw ControlError(
        .document, name,
        "of type \(quoted(entry.mediaType)), whose needs are not known; remove"
          + " that ref")
    }
  }
}
