internal import CVerdictSystem
internal import Glibc

/// What a file was when it was looked at; two equal ones are taken for the same, untouched file.
public struct FileStatus: Equatable, Sendable {
  public let device: UInt64
  public let inode: UInt64
  public let byteCount: Int
  /// Time of the last change, in nanoseconds since 1970, by the file system's clock.
  public let modifiedNanoseconds: Int64
  public let isRegular: Bool
  public let isDirectory: Bool
  /// The user's number that it belongs to.
  public let owner: UInt32
  private let permissions: UInt32

  /// Whether anybody but the owner may write: the group or all.
  public var isWritableByOthers: Bool { permissions & 0o022 != 0 }
  /// Whether anybody but the owner may read.
  public var isReadableByOthers: Bool { permissions & 0o044 != 0 }

  /// What is at `path`, following links; nil if nothing is, or it may not be asked.
  public init?(of path: String) {
    var record = stat()
    // SAFETY: a C string and a record for the call alone.
    guard unsafe stat(path, &record) == 0 else { return nil }
    self.init(record)
  }

  fileprivate init(_ record: stat) {
    device = UInt64(record.st_dev)
    inode = UInt64(record.st_ino)
    byteCount = Int(record.st_size)
    modifiedNanoseconds =
      Int64(record.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(record.st_mtim.tv_nsec)
    isRegular = record.st_mode & S_IFMT == S_IFREG
    isDirectory = record.st_mode & S_IFMT == S_IFDIR
    owner = record.st_uid
    permissions = record.st_mode & 0o7777
  }
}

extension Errno {
  /// A path that leads out of where it must stay.
  public static let crossDevice = EXDEV
  public static let notEmpty = ENOTEMPTY
}

extension FileDescriptor {
  /// What the descriptor refers to.
  public func status() throws(SystemError) -> FileStatus {
    var record = stat()
    // SAFETY: the record lives through the call.
    let result = unsafe fstat(rawValue, &record)
    try checked(result < 0 ? -errno : result, "fstat")
    return FileStatus(record)
  }

  /// Opens what is at `path` below this directory for reading, and never blocks: a pipe or device
  /// may stand where a file is expected. Links are followed as long as they stay below the
  /// directory; without `openat2` (before Linux 5.6, or forbidden by a filter) none is followed.
  public func opening(beneath path: String) throws(SystemError) -> FileDescriptor {
    while true {
      // SAFETY: a C string for the call alone.
      let number = unsafe verdict_open_beneath(rawValue, path)
      if number >= 0 { return FileDescriptor(owning: number) }
      switch -number {
      case EINTR, EAGAIN: continue
      case ENOSYS, EPERM: return try openingWithoutLinks(path)
      default: throw SystemError("open", path, number: -number)
      }
    }
  }

  /// What is left up to the end, or nil if that is more than `byteCountMax` bytes.
  public func readAll(byteCountMax: Int) throws(SystemError) -> [UInt8]? {
    var result: [UInt8] = []
    let chunk = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(4096, min(byteCountMax + 1, 1 << 20)), alignment: 16)
    // SAFETY: allocated above, and not used after this function.
    defer { unsafe chunk.deallocate() }
    while true {
      // SAFETY: the chunk is ours; only the bytes that were read are appended.
      let count = try unsafe read(into: chunk)
      if count == 0 { return result }
      guard result.count + count <= byteCountMax else { return nil }
      unsafe result.append(contentsOf: chunk[..<count])
    }
  }

  private func openingWithoutLinks(_ path: String) throws(SystemError) -> FileDescriptor {
    let names = path.split(separator: "/").map(String.init)
    guard let last = names.last, !names.contains(".."), !path.hasPrefix("/") else {
      throw SystemError("open", path, number: EXDEV)
    }
    var current = try opened(beneathStep: ".", O_DIRECTORY, of: path)
    for name in names.dropLast() {
      current = try current.opened(beneathStep: name, O_DIRECTORY, of: path)
    }
    return try current.opened(beneathStep: last, 0, of: path)
  }

  private func opened(
    beneathStep name: String, _ flags: Int32, of path: String
  ) throws(SystemError) -> FileDescriptor {
    let all = flags | O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW
    // SAFETY: a C string for the call alone.
    let number = retryingInterrupted { unsafe openat(rawValue, name, all) }
    return FileDescriptor(owning: try checked(number, "open", path))
  }
}
