internal import CZlib
internal import VerdictModel

/// Undoes gzip for the messages of one loop, one whole message at a time: nothing of one message is
/// remembered for the next. zlib's memory (about 40 KiB) is taken with the first of them.
@safe
struct Inflater: ~Copyable {
  enum Outcome {
    case whole
    /// No gzip, cut off, with a wrong sum, or with something behind it.
    case corrupt
    /// Longer than the limit.
    case tooLong
    /// Longer than what may be held at present.
    case noRoom
  }

  // zlib keeps the address of the stream that it was given.
  private var stream: UnsafeMutablePointer<z_stream>?

  init() {}

  deinit {
    guard let stream = unsafe stream else { return }
    // SAFETY: made by `start`, not used by anybody any more.
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  private mutating func start() -> UnsafeMutablePointer<z_stream>? {
    if let stream = unsafe stream {
      // SAFETY: made below.
      return unsafe inflateReset(stream) == Z_OK ? stream : nil
    }
    let fresh = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe fresh.initialize(to: z_stream())
    // A window of 15 bits, and 16 more for gzip's head instead of zlib's.
    // SAFETY: fresh memory, with zlib's own version and size.
    let result = unsafe inflateInit2_(
      fresh, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard result == Z_OK else {
      unsafe fresh.deallocate()
      return nil
    }
    unsafe stream = fresh
    return unsafe fresh
  }

  /// How long a compressed message says that it was before, in its last four bytes, or is now: it
  /// may lie, and `inflate` finds out.
  static func plainByteCount(_ source: ByteView) -> Int {
    guard source.count >= 4 else { return source.count }
    var length = 0
    for place in 1...4 { length = length << 8 | Int(source[source.count - place]) }
    return max(length, source.count)
  }

  /// Appends what `source` was before it was compressed to `target`.
  ///
  /// - Parameters:
  ///   - byteCountMax: longest message. Not more than one byte beyond it is ever produced.
  ///   - heldByteCountMax: what the pool may hold in all.
  mutating func inflate(
    _ source: ByteView, into target: inout ByteStore, _ pool: inout BlockPool,
    byteCountMax: Int, heldByteCountMax: Int
  ) -> Outcome {
    guard let stream = unsafe start() else { return .noRoom }
    // SAFETY: zlib reads the source, which is alive, and never writes it.
    let bytes = unsafe source.buffer.bindMemory(to: UInt8.self)
    unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
    unsafe stream.pointee.avail_in = UInt32(bytes.count)
    while true {
      if target.count == target.capacity {
        let size = BlockPool.blockByteCount(for: target.count + 1)
        if pool.heldByteCount + size > heldByteCountMax { return .noRoom }
        target.grow(to: size, &pool)
      }
      let room = min(target.capacity, byteCountMax + 1) - target.count
      // SAFETY: as much room as there is behind what is stored.
      unsafe stream.pointee.next_out =
        (target.base + target.count).assumingMemoryBound(to: UInt8.self)
      unsafe stream.pointee.avail_out = UInt32(room)
      let result = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
      let left = unsafe Int(stream.pointee.avail_out)
      target.count += room - left
      if target.count > byteCountMax { return .tooLong }
      if result == Z_STREAM_END {
        return unsafe stream.pointee.avail_in == 0 ? .whole : .corrupt
      }
      // With room left and no end, the source has run out.
      if result != Z_OK || left > 0 { return .corrupt }
    }
  }
}
