internal import Glibc

/// Reading files and directories through plain system calls.
///
/// The rooms below this one hold the product's own descriptors; documents are read once, whole,
/// and closed at once.
enum Files {
  /// The whole content of a regular file.
  ///
  /// - Throws: a file that is missing, not readable, not regular or larger than
  ///   `PolicyLimits.fileByteCountMax`.
  static func read(_ path: String) throws(PolicyError) -> [UInt8] {
    let descriptor = unsafe path.withCString { name in
      // SAFETY: the name is valid during the call.
      unsafe open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    }
    guard descriptor >= 0 else { throw failure(path, "open") }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw failure(path, "look at") }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw PolicyError(path: path, message: "not a regular file, expected a document")
    }
    guard status.st_size <= PolicyLimits.fileByteCountMax else {
      throw PolicyError(
        path: path,
        message: "the file has \(status.st_size) bytes, expected at most "
          + "\(PolicyLimits.fileByteCountMax)")
    }
    return try readAll(descriptor, byteCountHint: Int(status.st_size), path)
  }

  private static func readAll(
    _ descriptor: Int32, byteCountHint: Int, _ path: String
  ) throws(PolicyError) -> [UInt8] {
    // One byte more than expected, so that the end is seen without growing.
    var capacity = byteCountHint + 1
    var bytes: [UInt8] = []
    while true {
      var code: Int32 = 0
      let filled = bytes.count
      bytes.append(contentsOf: repeatElement(0, count: capacity - filled))
      let count = unsafe bytes.withUnsafeMutableBytes { buffer in
        // SAFETY: writes at most the bytes between what is filled and the buffer's end.
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
        let count = unsafe Glibc.read(descriptor, room.baseAddress, room.count)
        code = count < 0 ? errno : 0
        return count
      }
      bytes.removeLast(capacity - filled - max(count, 0))
      if count == 0 { return bytes }
      if count < 0, code != EINTR { throw failure(path, "read", code) }
      guard bytes.count <= PolicyLimits.fileByteCountMax else {
        throw PolicyError(
          path: path,
          message: "the file grew while it was read, expected at most "
            + "\(PolicyLimits.fileByteCountMax) bytes")
      }
      if bytes.count == capacity { capacity += max(capacity, 4_096) }
    }
  }

  enum Kind { case directory, other }

  /// What stands at `path`, links followed.
  static func kind(_ path: String) throws(PolicyError) -> Kind {
    var status = stat()
    let result = unsafe path.withCString { name in
      // SAFETY: the name is valid during the call.
      unsafe stat(name, &status)
    }
    guard result == 0 else { throw failure(path, "look at") }
    return status.st_mode & S_IFMT == S_IFDIR ? .directory : .other
  }

  /// The names in a directory without those that begin with a dot, in byte order.
  static func names(in path: String) throws(PolicyError) -> [String] {
    let directory = unsafe path.withCString { name in
      // SAFETY: the name is valid during the call.
      unsafe opendir(name)
    }
    guard let directory = unsafe directory else { throw failure(path, "list") }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = unsafe readdir(directory) else {
        if errno != 0 { throw failure(path, "list") }
        return names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
      }
      // SAFETY: the kernel's names end with a NUL inside the entry.
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
  }

  private static func failure(_ path: String, _ verb: String, _ code: Int32 = errno) -> PolicyError
  {
    // SAFETY: `strerror`'s text is copied before anything else can call it on this thread.
    let text = unsafe String(cString: strerror(code))
    return PolicyError(path: path, message: "can't \(verb) it, \(text.lowercased())")
  }
}
