internal import CVerdictSystem
internal import Glibc

/// A copy of bytes that nothing writes to any more: memory of this process that was filled and then
/// made read-only. Unmapped when the last owner goes.
///
/// A mapping of a file on disk would kill the process when somebody truncates the file; and what
/// was verified could be overwritten afterwards. Therefore: copy, seal, verify the copy. Large
/// copies lie in huge pages where the system has them, which look-ups in cold memory gain from.
@safe
public final class SealedMemory: Sendable {
  /// The first byte; readable for `byteCount` bytes while this object lives.
  // SAFETY: the bytes never change, so every thread may read them.
  @unsafe
  nonisolated(unsafe) public let base: UnsafeRawPointer
  public let byteCount: Int
  private let mappedByteCount: Int

  /// All bytes. The buffer may not be used after this object is gone.
  @unsafe
  public var bytes: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: base, count: byteCount)
  }

  /// Copies a file, from where it is read next up to its end as it is now.
  ///
  /// - Parameter byteCountMax: more bytes are an error with number `EFBIG`.
  /// - Throws: also for an empty file (`EINVAL`), which cannot be mapped.
  public convenience init(
    copying source: borrowing FileDescriptor, name: String, byteCountMax: Int
  ) throws(SystemError) {
    let size = try source.byteCount()
    guard size <= byteCountMax else { throw SystemError("read", name, number: EFBIG) }
    let memory = try unsafe SealedMemory.mapped(byteCount: size, name)
    var count = 0
    do throws(SystemError) {
      while count < size {
        // SAFETY: what is left of the memory.
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[count...])
        let got = try unsafe source.read(into: rest)
        if got == 0 { break }
        count += got
      }
    } catch {
      // SAFETY: mapped above, and nobody else knows it.
      _ = unsafe munmap(memory.baseAddress, size)
      throw error
    }
    try unsafe self.init(sealing: memory, byteCount: count, name)
  }

  /// Copies `bytes`, which may not be empty.
  @unsafe
  public convenience init(
    copying bytes: UnsafeRawBufferPointer, name: String
  ) throws(SystemError) {
    let memory = try unsafe SealedMemory.mapped(byteCount: bytes.count, name)
    // SAFETY: the caller's bytes, valid for the call, into as many of our own.
    unsafe memory.copyMemory(from: bytes)
    try unsafe self.init(sealing: memory, byteCount: bytes.count, name)
  }

  /// Copies an array, which may not be empty.
  public convenience init(copying array: [UInt8], name: String) throws(SystemError) {
    let memory = try unsafe SealedMemory.mapped(byteCount: array.count, name)
    // SAFETY: as above.
    unsafe array.withUnsafeBytes { unsafe memory.copyMemory(from: $0) }
    try unsafe self.init(sealing: memory, byteCount: array.count, name)
  }

  /// Takes over memory that was mapped and filled.
  @unsafe
  private init(
    sealing memory: UnsafeMutableRawBufferPointer, byteCount: Int, _ name: String
  ) throws(SystemError) {
    // SAFETY: `mapped` never answers an empty buffer.
    let base = unsafe memory.baseAddress.unsafelyUnwrapped
    // From here on `deinit` unmaps it.
    unsafe self.base = UnsafeRawPointer(base)
    self.byteCount = byteCount
    mappedByteCount = memory.count
    // SAFETY: the whole of a mapping.
    try checked(unsafe verdict_map_protect(base, memory.count), "protect", name)
  }

  deinit {
    // SAFETY: mapped once, with this length.
    _ = unsafe munmap(UnsafeMutableRawPointer(mutating: base), mappedByteCount)
  }

  @unsafe
  private static func mapped(
    byteCount: Int, _ name: String
  ) throws(SystemError) -> UnsafeMutableRawBufferPointer {
    guard byteCount > 0 else { throw SystemError("map", name, number: EINVAL) }
    var number: Int32 = 0
    // SAFETY: asks for fresh memory.
    guard let base = unsafe verdict_map(byteCount, &number) else {
      throw SystemError("map", name, number: number)
    }
    return unsafe UnsafeMutableRawBufferPointer(start: base, count: byteCount)
  }
}
