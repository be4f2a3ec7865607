internal import Synchronization

/// `LogCounts` that one loop adds to and the writer reads: words without a lock.
@safe
struct CountBoard: Sendable {
  // SAFETY: nothing but atomics; given back by `free`, when no thread uses the board any more.
  nonisolated(unsafe) private let words: UnsafeMutablePointer<Atomic<UInt64>>

  init() {
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: (LogCounts.wordCount * 8 + 255) & ~127, alignment: 128)
    unsafe words = memory.bindMemory(to: Atomic<UInt64>.self, capacity: LogCounts.wordCount)
    for index in 0..<LogCounts.wordCount { unsafe (words + index).initialize(to: Atomic(0)) }
  }

  /// Gives the memory back.
  @unsafe
  func free() { unsafe UnsafeMutableRawPointer(words).deallocate() }

  /// By the loop.
  /// - Precondition: the index is one of `LogCounts`.
  @inline(__always)
  func add(_ count: UInt64, at index: Int) {
    precondition(index >= 0 && index < LogCounts.wordCount, "no such counter")
    // SAFETY: just checked; the loop is the only writer.
    let before = unsafe words[index].load(ordering: .relaxed)
    unsafe words[index].store(before &+ count, ordering: .relaxed)
  }

  /// By the writer: what was counted so far.
  func read() -> LogCounts {
    var counts = LogCounts()
    for index in 0..<LogCounts.wordCount {
      // SAFETY: below the count.
      counts.words[index] = unsafe words[index].load(ordering: .relaxed)
    }
    return counts
  }
}
