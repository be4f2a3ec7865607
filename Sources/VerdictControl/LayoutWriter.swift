internal import VerdictCrypto
internal import VerdictModel
internal import VerdictSystem

/// A control directory, locked for writing.
///
/// Every file is written aside, synced and renamed, and what refers to a file is written after it:
/// whenever the power fails, `index.json` is whole and everything below it is there.
struct LayoutWriter: ~Copyable {
  let path: String
  private let lock: FileDescriptor

  private static let lockFile = ".publish.lock"

  /// Creates what is missing of the directory and locks it until this value goes.
  init(locking path: String) throws(ControlError) {
    let lock = try Self.locked(path)
    try Self.prepare(path)
    self.path = path
    self.lock = lock
  }

  private static func locked(_ path: String) throws(ControlError) -> FileDescriptor {
    do throws(SystemError) {
      try refuseForeign(path)
      try File.createDirectories(path)
      let lock = try FileDescriptor.lockFile("\(path)/\(lockFile)", mode: 0o644)
      guard try lock.lockExclusively(wait: false) else {
        throw SystemError("lock", path, number: Errno.wouldBlock)
      }
      return lock
    } catch {
      switch error.number {
      case Errno.wouldBlock:
        throw ControlError(.busy, path, "another publish is at work; try again when it has ended")
      case Errno.notEmpty:
        throw ControlError(
          .layout, path, "holds other files and no `oci-layout`; choose an empty directory")
      default:
        throw ControlError(error, error.subject.isEmpty ? path : error.subject)
      }
    }
  }

  /// A directory with files that are not a layout's was probably named by mistake.
  private static func refuseForeign(_ path: String) throws(SystemError) {
    guard File.exists(path), !File.exists("\(path)/\(ImageLayout.layoutFile)") else { return }
    let known = ["blobs", ImageLayout.indexFile]
    for name in try File.names(in: path) where !name.hasPrefix(".") && !name.hasSuffix(".tmp") {
      guard known.contains(name) else { throw SystemError("open", path, number: Errno.notEmpty) }
    }
  }

  private static func prepare(_ path: String) throws(ControlError) {
    do throws(SystemError) {
      let layout = "\(path)/\(ImageLayout.layoutFile)"
      let blobs = "\(path)/\(ImageLayout.blobDirectory)"
      try File.createDirectories(blobs)
      try removeDrafts(in: path) {
        $0.hasPrefix("\(ImageLayout.indexFile).") || $0.hasPrefix("\(ImageLayout.layoutFile).")
      }
      try removeDrafts(in: blobs) { (try? SHA256Digest(hex: String($0.prefix(64)))) != nil }
      guard !File.exists(layout) else { return }
      try AtomicFile.synchronizeDirectory(of: blobs)
      try AtomicFile.synchronizeDirectory(of: path)
      try AtomicFile.replace(layout, with: ImageLayout.layoutContent)
    } catch {
      throw ControlError(error, error.subject)
    }
  }

  /// Removes what a publisher left that was killed while it wrote aside. Nobody writes now: the
  /// lock is ours.
  private static func removeDrafts(
    in directory: String, ofFile isOurs: (String) -> Bool
  ) throws(SystemError) {
    for name in try File.names(in: directory) where name.hasSuffix(".tmp") && isOurs(name) {
      try File.remove("\(directory)/\(name)")
    }
  }

  /// Puts a blob where its digest says, unless it is there already, whole.
  func writeBlob(_ bytes: [UInt8], mediaType: String) throws(ControlError) -> Descriptor {
    let digest = SHA256Digest(ofArray: bytes)
    let descriptor = Descriptor(
      mediaType: mediaType, digest: digest.descriptor, size: bytes.count)
    let reader = try LayoutReader(path: path)
    if (try? reader.document(descriptor, byteCountMax: bytes.count)) != nil { return descriptor }
    try replace(LayoutReader.blobName(digest), with: bytes, synchronizesDirectory: false)
    return descriptor
  }

  /// The same for a snapshot in memory, whose digest is known. A blob that is there with the right
  /// size is taken as it is: whoever reads it verifies it.
  func writeBlob(_ memory: SealedMemory, digest: SHA256Digest) throws(ControlError) {
    let place = "\(path)/\(LayoutReader.blobName(digest))"
    if FileStatus(of: place)?.byteCount == memory.byteCount { return }
    do {
      // SAFETY: the memory lives through the call.
      try unsafe AtomicFile.replace(place, with: memory.bytes, synchronizesDirectory: false)
    } catch {
      throw ControlError(error, place)
    }
  }

  /// Makes a new set visible: the one step that readers notice. The names of the blobs reach the
  /// disk before.
  ///
  /// - Parameter old: what was read of it when the new one was worked out; nil: there was none.
  func writeIndex(_ index: ImageIndex, replacing old: [UInt8]?) throws(ControlError) {
    let bytes = LayoutDocument.bytes(of: index)
    guard bytes.count <= ControlLimits.indexByteCountMax else {
      throw ControlError(
        .limit, "\(path)/\(ImageLayout.indexFile)",
        "would have more than \(ControlLimits.indexByteCountMax) bytes; remove foreign refs")
    }
    try synchronizeBlobs()
    // Foreign tools don't know the lock.
    guard try LayoutReader(path: path).indexBytes() == old else {
      throw ControlError(
        .busy, "\(path)/\(ImageLayout.indexFile)",
        "replaced by somebody else meanwhile; publish again")
    }
    try replace(ImageLayout.indexFile, with: bytes, synchronizesDirectory: true)
  }

  /// Makes the names of all blobs that were written survive a power cut.
  func synchronizeBlobs() throws(ControlError) {
    let directory = "\(path)/\(ImageLayout.blobDirectory)"
    do {
      try AtomicFile.synchronizeDirectory(of: "\(directory)/")
    } catch {
      throw ControlError(error, directory)
    }
  }

  private func replace(_ name: String, with bytes: [UInt8], synchronizesDirectory: Bool)
    throws(ControlError)
  {
    do {
      try AtomicFile.replace(
        "\(path)/\(name)", with: bytes, synchronizesDirectory: synchronizesDirectory)
    } catch {
      throw ControlError(error, "\(path)/\(name)")
    }
  }
}
