internal import Synchronization

/// A ring of bytes between a loop, which puts records in, and the writer, which takes them out.
///
/// ```
/// word   0   bytes ever put in     written by the loop (release), read by the writer (acquire)
/// word  16   bytes ever taken out  written by the writer (release), read by the loop (acquire)
/// word  32   records dropped       written by the loop (release), read by the writer (acquire)
/// ```
///
/// A word is on a pair of cache lines of its own. A record lies in one piece at a multiple of eight
/// bytes; where it would not fit before the ring's end, a word says that what is left there is
/// nothing (`LogRecord.skip`). The loop never waits: where there is no room it counts a drop.
@safe
struct LogRing: Sendable {
  private static let wordStride = 16

  // SAFETY: three atomics, and bytes that one side at a time may touch, as the words say. Both are
  // given back by `free`, when no thread uses the ring any more.
  nonisolated(unsafe) private let words: UnsafeMutablePointer<Atomic<UInt64>>
  nonisolated(unsafe) private let base: UnsafeMutableRawPointer
  let byteCount: Int

  /// - Precondition: the byte count is a power of two.
  init(byteCount: Int) {
    precondition(byteCount > 64 && byteCount & (byteCount - 1) == 0, "a power of two")
    self.byteCount = byteCount
    unsafe base = .allocate(byteCount: byteCount, alignment: 128)
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: 3 * LogRing.wordStride * 8, alignment: 128)
    unsafe words = memory.bindMemory(
      to: Atomic<UInt64>.self, capacity: 3 * LogRing.wordStride)
    for index in 0..<3 * LogRing.wordStride { unsafe (words + index).initialize(to: Atomic(0)) }
  }

  /// Gives the memory back.
  @unsafe
  func free() {
    unsafe base.deallocate()
    unsafe UnsafeMutableRawPointer(words).deallocate()
  }

  // SAFETY of all accessors: three words were made, `wordStride` apart.

  @inline(__always)
  var putCount: UInt64 { unsafe words[0].load(ordering: .acquiring) }

  @inline(__always)
  var takenCount: UInt64 { unsafe words[LogRing.wordStride].load(ordering: .acquiring) }

  @inline(__always)
  var droppedCount: UInt64 { unsafe words[2 * LogRing.wordStride].load(ordering: .acquiring) }

  @inline(__always)
  func publish(putCount: UInt64) { unsafe words[0].store(putCount, ordering: .releasing) }

  @inline(__always)
  func publish(takenCount: UInt64) {
    unsafe words[LogRing.wordStride].store(takenCount, ordering: .releasing)
  }

  @inline(__always)
  func publish(droppedCount: UInt64) {
    unsafe words[2 * LogRing.wordStride].store(droppedCount, ordering: .releasing)
  }

  /// The bytes behind so many.
  @unsafe
  @inline(__always)
  func place(_ count: UInt64) -> UnsafeMutableRawPointer {
    // SAFETY: below the ring's byte count.
    unsafe base + Int(truncatingIfNeeded: count) & (byteCount &- 1)
  }

  /// How many bytes lie in one piece behind so many.
  @inline(__always)
  func pieceByteCount(_ count: UInt64) -> Int {
    byteCount &- Int(truncatingIfNeeded: count) & (byteCount &- 1)
  }
}
