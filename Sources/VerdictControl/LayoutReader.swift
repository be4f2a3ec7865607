internal import VerdictCrypto
internal import VerdictModel
internal import VerdictSystem

/// A control directory, open for reading. Nothing in it is trusted: it may hold pipes, links to
/// elsewhere and files of any size, and it may change while it is read.
struct LayoutReader: ~Copyable {
  let path: String
  private let root: FileDescriptor
  /// Whose the files must be; nil: anybody's.
  private let ownership: Ownership?

  init(path: String, ownership: Ownership? = nil) throws(ControlError) {
    let root = try Self.opened(path)
    if let ownership { try Self.check(ownership, root, path) }
    self.path = path
    self.ownership = ownership
    self.root = root
  }

  private static func opened(_ path: String) throws(ControlError) -> FileDescriptor {
    do {
      return try FileDescriptor.directory(path)
    } catch {
      throw ControlError(
        .system, path,
        "\(SystemError.text(of: error.number)); publish into it with `verdict publish`")
    }
  }

  private static func check(
    _ rule: Ownership, _ root: borrowing FileDescriptor, _ path: String
  ) throws(ControlError) {
    do {
      try rule.check(root.status(), place: path)
      for name in directories {
        guard let directory = try? root.opening(beneath: name) else { continue }
        try rule.check(directory.status(), place: "\(path)/\(name)")
      }
    } catch let error as SystemError {
      throw ControlError(error, path)
    } catch let error as ControlError {
      throw error
    } catch {
      preconditionFailure("asking for a status throws these two")
    }
  }

  /// The directories through which files are reached; `..data` is the link that Kubernetes flips.
  private static let directories = ["..data", "blobs", ImageLayout.blobDirectory]

  /// The path of a blob below the directory.
  static func blobName(_ digest: SHA256Digest) -> String {
    "\(ImageLayout.blobDirectory)/\(digest.hex)"
  }

  /// `index.json` as it stands. It is the one file that is replaced; a missing or unreadable one is
  /// `unsettled`, because tools that don't replace it by a rename leave such moments.
  func index() throws(ControlError) -> (index: ImageIndex, bytes: [UInt8]) {
    let place = "\(path)/\(ImageLayout.indexFile)"
    let file = try open(ImageLayout.indexFile, missing: .unsettled)
    let status = try status(of: file, ImageLayout.indexFile)
    guard status.byteCount <= ControlLimits.indexByteCountMax else {
      throw ControlError(
        .limit, place, "longer than \(ControlLimits.indexByteCountMax) bytes; remove old refs")
    }
    let bytes = try read(file, status, ImageLayout.indexFile, changed: .unsettled)
    let index = try LayoutDocument.value(
      ImageIndex.self, from: bytes, place: place, unreadable: .unsettled)
    return (index, bytes)
  }

  /// `index.json` as bytes, if there is a readable one of allowed size.
  func indexBytes() -> [UInt8]? {
    guard let file = try? root.opening(beneath: ImageLayout.indexFile),
      let status = try? file.status(), status.isRegular
    else { return nil }
    return (try? file.readAll(byteCountMax: ControlLimits.indexByteCountMax)) ?? nil
  }

  /// What `index.json` is just now, without reading it; nil if there is none.
  func indexStatus() -> FileStatus? {
    guard let file = try? root.opening(beneath: ImageLayout.indexFile) else { return nil }
    return try? file.status()
  }

  /// How long a blob is; 0 where there is none.
  func byteCount(of digest: SHA256Digest) -> Int {
    guard let file = try? root.opening(beneath: Self.blobName(digest)),
      let status = try? file.status(), status.isRegular
    else { return 0 }
    return status.byteCount
  }

  /// A blob that is a document, its size and digest verified.
  func document(
    _ descriptor: Descriptor, byteCountMax: Int
  ) throws(ControlError) -> [UInt8] {
    let blob = try openBlob(descriptor, byteCountMax: byteCountMax)
    let bytes = try read(blob.file, blob.status, blob.name, changed: .blob)
    try verify(bytes.withByteView { SHA256Digest(of: $0) }, blob.digest, blob.name)
    return bytes
  }

  /// A blob as memory of our own that nobody can change, its size and digest verified there.
  func sealed(_ descriptor: Descriptor, byteCountMax: Int) throws(ControlError) -> SealedMemory {
    let blob = try openBlob(descriptor, byteCountMax: byteCountMax)
    let memory: SealedMemory
    do {
      memory = try SealedMemory(
        copying: blob.file, name: "verdict-snapshot", byteCountMax: blob.status.byteCount)
    } catch {
      throw ControlError(error, "\(path)/\(blob.name)")
    }
    guard memory.byteCount == descriptor.size else {
      throw ControlError(.blob, "\(path)/\(blob.name)", "cut short while it was read; copy it anew")
    }
    // SAFETY: the memory lives until the end of this function at least.
    try verify(SHA256Digest(of: unsafe ByteView(memory.bytes)), blob.digest, blob.name)
    return memory
  }

  private struct OpenBlob: ~Copyable {
    let file: FileDescriptor
    let status: FileStatus
    let digest: SHA256Digest
    let name: String
  }

  private func openBlob(
    _ descriptor: Descriptor, byteCountMax: Int
  ) throws(ControlError) -> OpenBlob {
    let digest = try descriptor.parsedDigest(place: path)
    let name = Self.blobName(digest)
    guard descriptor.size > 0, descriptor.size <= byteCountMax else {
      throw ControlError(
        .limit, "\(path)/\(name)",
        "announced with \(descriptor.size) bytes, allowed are 1 to \(byteCountMax)")
    }
    let file = try open(name, missing: .blob)
    let status = try status(of: file, name)
    guard status.byteCount == descriptor.size else {
      throw ControlError(
        .blob, "\(path)/\(name)",
        "\(status.byteCount) bytes where \(descriptor.size) are announced; copy it anew")
    }
    return OpenBlob(file: file, status: status, digest: digest, name: name)
  }

  private func verify(
    _ found: SHA256Digest, _ announced: SHA256Digest, _ name: String
  ) throws(ControlError) {
    guard found == announced else {
      throw ControlError(
        .blob, "\(path)/\(name)", "its content has digest `\(found.hex)`; copy it anew")
    }
  }

  private func open(
    _ name: String, missing code: ControlError.Code
  ) throws(ControlError) -> FileDescriptor {
    do {
      return try root.opening(beneath: name)
    } catch {
      let place = "\(path)/\(name)"
      switch error.number {
      case Errno.notFound: throw ControlError(code, place, "missing; publish or copy it anew")
      case Errno.crossDevice:
        throw ControlError(.layout, place, "a link out of the directory; put the file itself here")
      default: throw ControlError(error, place)
      }
    }
  }

  private func status(
    of file: borrowing FileDescriptor, _ name: String
  ) throws(ControlError) -> FileStatus {
    let status: FileStatus
    do {
      status = try file.status()
    } catch {
      throw ControlError(error, "\(path)/\(name)")
    }
    guard status.isRegular else {
      throw ControlError(.layout, "\(path)/\(name)", "not a regular file; remove it and publish")
    }
    try ownership?.check(status, place: "\(path)/\(name)")
    return status
  }

  /// Reads as many bytes as the status says, and that the file was the same before and after.
  private func read(
    _ file: borrowing FileDescriptor, _ status: FileStatus, _ name: String,
    changed: ControlError.Code
  ) throws(ControlError) -> [UInt8] {
    do {
      let bytes = try file.readAll(byteCountMax: status.byteCount)
      if let bytes, bytes.count == status.byteCount, try file.status() == status { return bytes }
    } catch {
      throw ControlError(error, "\(path)/\(name)")
    }
    throw ControlError(changed, "\(path)/\(name)", "changed while it was read; it is read again")
  }
}

extension Descriptor {
  func parsedDigest(place: String) throws(ControlError) -> SHA256Digest {
    do {
      return try SHA256Digest(descriptor: digest)
    } catch {
      throw ControlError(.document, place, "\(quoted(digest)): \(error); publish again")
    }
  }
}
