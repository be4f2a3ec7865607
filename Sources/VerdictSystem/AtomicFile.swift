internal import Glibc

/// Files that readers see either as they were or as they are meant to be, never half written.
public enum AtomicFile {
  /// Writes `bytes` beside `path`, syncs them, renames over `path` and syncs the directory.
  ///
  /// - Parameters:
  ///   - mode: permission bits of the new file.
  ///   - synchronizesDirectory: false leaves syncing the directory to the caller, who writes more
  ///     files there.
  /// - Throws: the first system call that failed; `path` then has its old content and nothing is
  ///   left beside it.
  public static func replace(
    _ path: String, with bytes: [UInt8], mode: UInt32 = 0o644, synchronizesDirectory: Bool = true
  ) throws(SystemError) {
    // SAFETY: the span's bytes live for the call.
    try unsafe bytes.span.withUnsafeBytes { bytes throws(SystemError) in
      try unsafe replace(
        path, with: bytes, mode: mode, synchronizesDirectory: synchronizesDirectory)
    }
  }

  /// The same with bytes in memory of any kind.
  @unsafe
  public static func replace(
    _ path: String, with bytes: UnsafeRawBufferPointer, mode: UInt32 = 0o644,
    synchronizesDirectory: Bool = true
  ) throws(SystemError) {
    let draft = "\(path).\(getpid()).\(SystemRandom.word()).tmp"
    do throws(SystemError) {
      let file = try FileDescriptor.creating(draft, mode: mode)
      try unsafe file.write(all: bytes)
      try file.synchronize()
      file.close()
      try renameFile(draft, path)
    } catch {
      // SAFETY: a C string for the call alone. The draft may not exist; nothing hangs on it.
      _ = unsafe unlink(draft)
      throw SystemError(error.operation, path, number: error.number)
    }
    if synchronizesDirectory { try synchronizeDirectory(of: path) }
  }

  /// The directory part of a path, `.` when there is none.
  public static func directory(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    let parent = path[..<slash]
    return parent.isEmpty ? "/" : String(parent)
  }

  /// Makes renames and new names in the directory of `path` survive a power cut.
  public static func synchronizeDirectory(of path: String) throws(SystemError) {
    try FileDescriptor.directory(directory(of: path)).synchronize()
  }
}

/// Whole files, read and written at once.
public enum File {
  /// The bytes of a file.
  /// - Parameter byteCountMax: a longer file is an error with number `EFBIG`.
  public static func read(_ path: String, byteCountMax: Int) throws(SystemError) -> [UInt8] {
    let file = try FileDescriptor.reading(path)
    var result: [UInt8] = []
    let expected = min(try file.byteCount(), byteCountMax)
    let chunk = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(4096, min(expected + 1, 1 << 20)), alignment: 16)
    // SAFETY: allocated above, and not used after this function.
    defer { unsafe chunk.deallocate() }
    result.reserveCapacity(max(0, expected))
    do throws(SystemError) {
      while true {
        // SAFETY: the chunk is ours; only the bytes that were read are appended.
        let count = try unsafe file.read(into: chunk)
        if count == 0 { return result }
        guard result.count + count <= byteCountMax else {
          throw SystemError("read", path, number: EFBIG)
        }
        unsafe result.append(contentsOf: chunk[..<count])
      }
    } catch {
      throw SystemError(error.operation, path, number: error.number)
    }
  }

  /// Writes a file that must not exist yet and syncs it; a partial file is removed again.
  public static func create(
    _ path: String, with bytes: [UInt8], mode: UInt32 = 0o644
  ) throws(SystemError) {
    let file = try FileDescriptor.creating(path, mode: mode)
    do throws(SystemError) {
      try bytes.writeAll(to: file)
      try file.synchronize()
    } catch {
      // SAFETY: a C string for the call alone.
      _ = unsafe unlink(path)
      throw SystemError(error.operation, path, number: error.number)
    }
  }

  /// Whether something has this name, following links.
  public static func exists(_ path: String) -> Bool {
    // SAFETY: a C string for the call alone.
    unsafe access(path, F_OK) == 0
  }

  /// Removes a name; a missing one is fine.
  public static func remove(_ path: String) throws(SystemError) {
    // SAFETY: a C string for the call alone.
    if unsafe unlink(path) != 0 {
      let number = errno
      if number != ENOENT { throw SystemError("unlink", path, number: number) }
    }
  }

  /// Creates a directory and what is missing above it; an existing one is fine.
  public static func createDirectories(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
    // SAFETY: a C string for the call alone.
    if unsafe mkdir(path, mode) == 0 { return }
    let number = errno
    if number == EEXIST { return }
    guard number == ENOENT, AtomicFile.directory(of: path) != path else {
      throw SystemError("mkdir", path, number: number)
    }
    try createDirectories(AtomicFile.directory(of: path), mode: mode)
    // SAFETY: a C string for the call alone.
    if unsafe mkdir(path, mode) != 0, errno != EEXIST {
      throw SystemError("mkdir", path, number: errno)
    }
  }

  /// The names in a directory, without `.` and `..`, in byte order.
  public static func names(in path: String) throws(SystemError) -> [String] {
    // SAFETY: a C string for the call alone; the handle is closed below.
    guard let directory = unsafe opendir(path) else {
      throw SystemError("opendir", path, number: errno)
    }
    defer { _ = unsafe closedir(directory) }
    var names: [String] = []
    // SAFETY: an entry is valid until the next readdir; its name is copied at once.
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

/// Renames over what may be there.
func renameFile(_ old: String, _ new: String) throws(SystemError) {
  // SAFETY: C strings for the call alone.
  let result = unsafe rename(old, new)
  try checked(result < 0 ? -errno : result, "rename", new)
}

extension [UInt8] {
  /// Writes the array to a descriptor; a typed throw cannot cross `withUnsafeBytes` directly.
  fileprivate func writeAll(to descriptor: borrowing FileDescriptor) throws(SystemError) {
    // SAFETY: the span's bytes live for the call.
    try unsafe span.withUnsafeBytes { bytes throws(SystemError) in
      try unsafe descriptor.write(all: bytes)
    }
  }
}
