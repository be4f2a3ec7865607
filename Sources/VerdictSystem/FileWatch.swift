internal import CVerdictSystem
internal import Glibc

/// A hint that a directory or file may have changed. Hints can be lost (an overflow, a network
/// file system, a directory replaced as a whole), so whoever uses it looks from time to time too.
public final class FileWatch: Sendable {
  private let descriptor: FileDescriptor

  /// A watch without places.
  public init() throws(SystemError) {
    let number = inotify_init1(Int32(O_NONBLOCK | O_CLOEXEC))
    descriptor = FileDescriptor(owning: try checked(number < 0 ? -errno : number, "inotify_init"))
  }

  /// To be polled for reading; owned by this object.
  public var rawDescriptor: Int32 { descriptor.rawValue }

  /// Watches a directory (names that come, go or are written) or a file. Twice is the same as once.
  public func add(_ path: String) throws(SystemError) {
    let interest =
      IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVED_FROM | IN_MOVED_TO
      | IN_MOVE_SELF
    // SAFETY: a C string for the call alone.
    let result = unsafe inotify_add_watch(descriptor.rawValue, path, UInt32(interest))
    try checked(result < 0 ? -errno : result, "inotify_add_watch", path)
  }

  /// Swallows what has been reported.
  /// - Returns: whether anything was.
  public func drain() -> Bool {
    var any = false
    // SAFETY: scratch memory of this call; what is in it is not looked at.
    unsafe withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
      while let base = buffer.baseAddress,
        unsafe verdict_read(descriptor.rawValue, base, buffer.count) > 0
      { any = true }
    }
    return any
  }
}
