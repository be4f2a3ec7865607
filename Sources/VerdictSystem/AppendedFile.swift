internal import CVerdictSystem
internal import Glibc

/// A regular file of this user's own that bytes are put at the end of.
public struct AppendedFile: ~Copyable, Sendable {
  private let descriptor: FileDescriptor

  /// Opens a file, or creates it, and takes its lock, so that no two processes write one.
  ///
  /// - Parameter mode: permission bits that it has from now on, also where it was there before.
  /// - Throws: as `open(2)`; `EINVAL` for what is no regular file; `EWOULDBLOCK` where another
  ///   process writes it.
  public init(_ path: String, mode: UInt32) throws(SystemError) {
    // Without waiting for the reader of a pipe.
    let opened = try FileDescriptor.opened(
      path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, mode: mode)
    var status = stat()
    // SAFETY: the record lives through the call.
    let result = unsafe fstat(opened.rawValue, &status)
    try checked(result < 0 ? -errno : result, "fstat", path)
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw SystemError("open", path, number: EINVAL)
    }
    guard try opened.lockExclusively(wait: false) else {
      throw SystemError("flock", path, number: EWOULDBLOCK)
    }
    let changed = fchmod(opened.rawValue, mode)
    try checked(changed < 0 ? -errno : changed, "fchmod", path)
    descriptor = opened
  }

  public func byteCount() throws(SystemError) -> Int { try descriptor.byteCount() }

  /// Writes once; a short count is normal on a full disk. Interruptions are repeated.
  @unsafe
  public func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Int {
    while true {
      // SAFETY: the caller's bytes.
      let count = unsafe Glibc.write(descriptor.rawValue, bytes.baseAddress, bytes.count)
      if count >= 0 { return count }
      let number = errno
      if number != EINTR { throw SystemError("write", number: number) }
    }
  }

  public func synchronize() throws(SystemError) { try descriptor.synchronize() }
}

extension File {
  /// Gives a file another name, over what may have it; a missing file is fine.
  public static func rename(_ old: String, to new: String) throws(SystemError) {
    do throws(SystemError) {
      try renameFile(old, new)
    } catch {
      if error.number != ENOENT { throw error }
    }
  }
}
