internal import Glibc

/// Parts of files that may be long.
extension File {
  /// The last bytes of a file, all of them where it is shorter.
  public static func readTail(_ path: String, byteCountMax: Int) throws(SystemError) -> [UInt8] {
    let file = try FileDescriptor.reading(path)
    let count = try file.byteCount()
    return try read(file, path, from: max(0, count - byteCountMax), byteCountMax: byteCountMax)
  }

  /// The first bytes of a file, all of them where it is shorter.
  public static func readHead(_ path: String, byteCountMax: Int) throws(SystemError) -> [UInt8] {
    try read(try FileDescriptor.reading(path), path, from: 0, byteCountMax: byteCountMax)
  }

  private static func read(
    _ file: borrowing FileDescriptor, _ path: String, from offset: Int, byteCountMax: Int
  ) throws(SystemError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: min(byteCountMax, try file.byteCount()))
    var count = 0
    while count < bytes.count {
      let start = count
      let rawValue = file.rawValue
      // SAFETY: what is left of the array, which lives through the call.
      let got = unsafe bytes.withUnsafeMutableBytes {
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: $0[start...])
        return unsafe pread(rawValue, rest.baseAddress, rest.count, off_t(offset + start))
      }
      if got < 0 && errno == EINTR { continue }
      try checked(got < 0 ? -Int(errno) : got, "read", path)
      if got == 0 { break }
      count += got
    }
    bytes.removeLast(bytes.count - count)
    return bytes
  }
}
