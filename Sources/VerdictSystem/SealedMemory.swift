internal import CVerdictSystem
internal import Glibc

/// Bytes that nobody can change or cut short, not even through `/proc`: a memory file that was
/// filled, sealed and mapped read-only with every page present. Unmapped when the last owner goes.
///
/// A mapping of a file on disk would kill the process when somebody truncates the file; and what
/// was verified could be overwritten afterwards. Therefore: copy, seal, verify the copy.
@safe
public final class SealedMemory: Sendable {
  /// The first byte; readable for `byteCount` bytes while this object lives.
  // SAFETY: the bytes never change, so every thread may read them.
  @unsafe
  nonisolated(unsafe) public let base: UnsafeRawPointer
  public let byteCount: Int

  /// All bytes. The buffer may not be used after this object is gone.
  @unsafe
  public var bytes: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: base, count: byteCount)
  }

  /// Copies what is left of `source` up to its end.
  ///
  /// - Parameter byteCountMax: more bytes are an error with number `EFBIG`.
  /// - Throws: also for an empty source (`EINVAL`), which cannot be mapped.
  public convenience init(
    copying source: borrowing FileDescriptor, name: String, byteCountMax: Int
  ) throws(SystemError) {
    let memory = try SealedMemory.memoryFile(name)
    var count = 0
    let chunkByteCount = 1 << 20
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkByteCount, alignment: 64)
    // SAFETY: allocated above, and not used after this function.
    defer { unsafe chunk.deallocate() }
    while true {
      // SAFETY: the chunk is ours; only the bytes that were read are written on.
      let got = try unsafe source.read(into: chunk)
      if got == 0 { break }
      count += got
      if count > byteCountMax { throw SystemError("read", name, number: EFBIG) }
      try unsafe memory.write(all: UnsafeRawBufferPointer(rebasing: chunk[..<got]))
    }
    try self.init(sealing: memory, byteCount: count, name: name)
  }

  /// Copies `bytes`, which may not be empty.
  @unsafe
  public convenience init(
    copying bytes: UnsafeRawBufferPointer, name: String
  ) throws(SystemError) {
    let memory = try SealedMemory.memoryFile(name)
    // SAFETY: the caller's bytes, valid for the call.
    try unsafe memory.write(all: bytes)
    try self.init(sealing: memory, byteCount: bytes.count, name: name)
  }

  /// Copies an array, which may not be empty.
  public convenience init(copying array: [UInt8], name: String) throws(SystemError) {
    let memory = try SealedMemory.memoryFile(name)
    try array.writeAll(to: memory)
    try self.init(sealing: memory, byteCount: array.count, name: name)
  }

  private init(
    sealing memory: borrowing FileDescriptor, byteCount: Int, name: String
  ) throws(SystemError) {
    guard byteCount > 0 else { throw SystemError("map", name, number: EINVAL) }
    try checked(verdict_memfd_seal(memory.rawValue), "seal", name)
    var number: Int32 = 0
    // SAFETY: the file has exactly this many bytes and can no longer shrink.
    guard let base = unsafe verdict_map_sealed(memory.rawValue, byteCount, &number) else {
      throw SystemError("map", name, number: number)
    }
    unsafe self.base = base
    self.byteCount = byteCount
  }

  deinit {
    // SAFETY: mapped once by the initialiser, with this length.
    _ = unsafe munmap(UnsafeMutableRawPointer(mutating: base), byteCount)
  }

  private static func memoryFile(_ name: String) throws(SystemError) -> FileDescriptor {
    // The kernel takes 249 bytes of name, for people who look at /proc.
    // SAFETY: the name is a C string for the call alone.
    let number = unsafe verdict_memfd(String(name.suffix(64)))
    return FileDescriptor(owning: try checked(number, "memfd_create", name))
  }
}

extension [UInt8] {
  /// Writes the array to a descriptor; a typed throw cannot cross `withUnsafeBytes` directly.
  func writeAll(to descriptor: borrowing FileDescriptor) throws(SystemError) {
    // SAFETY: the span's bytes live for the call.
    try unsafe span.withUnsafeBytes { bytes throws(SystemError) in
      try unsafe descriptor.write(all: bytes)
    }
  }
}
