internal import CVerdictSystem
internal import Glibc

/// An open descriptor with one owner, closed when the owner goes.
public struct FileDescriptor: ~Copyable, Sendable {
  /// The kernel's number, valid for as long as this value lives.
  public let rawValue: Int32

  /// Takes over an open descriptor; nobody else may close it.
  public init(owning rawValue: Int32) {
    precondition(rawValue >= 0, "a descriptor is never negative")
    self.rawValue = rawValue
  }

  deinit {
    // Linux has released the number even when close reports an error, so there is nothing to do.
    _ = Glibc.close(rawValue)
  }

  /// Gives the number to somebody else, who closes it.
  public consuming func release() -> Int32 {
    let value = rawValue
    discard self
    return value
  }

  /// Closes now instead of at the end of the owner's life.
  public consuming func close() {}

  /// Opens a file for reading. Fails as `open(2)` does.
  public static func reading(_ path: String) throws(SystemError) -> FileDescriptor {
    try opened(path, O_RDONLY | O_CLOEXEC, mode: 0)
  }

  /// Opens a directory, to sync it or to look things up below it.
  public static func directory(_ path: String) throws(SystemError) -> FileDescriptor {
    try opened(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY, mode: 0)
  }

  /// Creates a file that must not exist yet, for writing.
  public static func creating(_ path: String, mode: UInt32) throws(SystemError) -> FileDescriptor {
    try opened(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode: mode)
  }

  /// Opens for writing, creating the file when it is missing; used for lock files.
  public static func lockFile(_ path: String, mode: UInt32) throws(SystemError) -> FileDescriptor {
    try opened(path, O_RDWR | O_CREAT | O_CLOEXEC, mode: mode)
  }

  static func opened(
    _ path: String, _ flags: Int32, mode: UInt32
  ) throws(SystemError) -> FileDescriptor {
    // SAFETY: the path is a C string for the call alone.
    let number = retryingInterrupted { unsafe Glibc.open(path, flags, mode) }
    return FileDescriptor(owning: try checked(number, "open", path))
  }

  /// The byte count of the file behind the descriptor.
  public func byteCount() throws(SystemError) -> Int {
    var status = stat()
    // SAFETY: the record lives through the call.
    let result = unsafe fstat(rawValue, &status)
    try checked(result < 0 ? -errno : result, "fstat")
    return Int(status.st_size)
  }

  /// Reads up to `buffer.count` bytes; 0 means the end. Interruptions are repeated.
  @unsafe
  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
    guard let base = buffer.baseAddress, buffer.count > 0 else { return 0 }
    while true {
      // SAFETY: the buffer is the caller's and as long as it says.
      let count = unsafe verdict_read(rawValue, base, buffer.count)
      if count == -Int(EINTR) { continue }
      return try checked(count, "read")
    }
  }

  /// Writes every byte. Interruptions and short writes are continued.
  @unsafe
  public func write(all bytes: UnsafeRawBufferPointer) throws(SystemError) {
    var rest = unsafe bytes
    while let base = rest.baseAddress, rest.count > 0 {
      // SAFETY: what is left of the caller's buffer.
      let count = unsafe Glibc.write(rawValue, base, rest.count)
      if count < 0 {
        let number = errno
        if number == EINTR { continue }
        throw SystemError("write", number: number)
      }
      unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// Makes what was written survive a power cut. Can take many milliseconds.
  public func synchronize() throws(SystemError) {
    let result = fsync(rawValue)
    try checked(result < 0 ? -errno : result, "fsync")
  }

  /// Takes the advisory lock of the file, waiting when `wait` is set.
  /// - Returns: whether the lock was got; false only when `wait` is not set.
  public func lockExclusively(wait: Bool) throws(SystemError) -> Bool {
    while true {
      if flock(rawValue, wait ? LOCK_EX : LOCK_EX | LOCK_NB) == 0 { return true }
      let number = errno
      if number == EINTR { continue }
      if number == EWOULDBLOCK { return false }
      throw SystemError("flock", number: number)
    }
  }
}

/// Repeats a C library call that a signal interrupted; answers negated errno on failure.
func retryingInterrupted(_ call: () -> Int32) -> Int32 {
  while true {
    let result = call()
    if result >= 0 { return result }
    let number = errno
    if number != EINTR { return -number }
  }
}
