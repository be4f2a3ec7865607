internal import Synchronization
internal import VerdictHTTP2
internal import VerdictRPC

/// What a loop has done, by kind: words that the loop alone writes and whoever asks for metrics
/// reads, so that counting is a load, an addition and a store, without a lock or a shared write.
///
/// ```
/// requests   by method and status    16 x 17 words
/// reasons    of Authorize's checks   256 words
/// visibility of pages, by reason     256 words, pairs of principal and permission
/// latency    by powers of two of a microsecond, then the sum of nanoseconds
/// batch      by powers of two of checks, then the sum of checks
/// busy       nanoseconds
/// limits     by `Limit`
/// ```
@safe
struct LoopTally: Sendable {
  static let methodCount = 16
  static let statusCount = 17
  static let latencyBucketCount = 24
  static let batchBucketCount = 16
  static let limitCount = 32

  static let requests = 0
  static let reasons = requests + methodCount * statusCount
  static let visibility = reasons + 256
  static let latency = visibility + 256
  static let latencySum = latency + latencyBucketCount
  static let batch = latencySum + 1
  static let batchSum = batch + batchBucketCount
  static let busy = batchSum + 1
  static let limits = busy + 1
  static let count = limits + limitCount

  // SAFETY: nothing but atomics, allocated for the life of the process: as many as there are loops.
  nonisolated(unsafe) private let words: UnsafeMutablePointer<Atomic<UInt64>>

  init() {
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: (LoopTally.count * 8 + 255) & ~127, alignment: 128)
    unsafe words = memory.bindMemory(to: Atomic<UInt64>.self, capacity: LoopTally.count)
    for index in 0..<LoopTally.count { unsafe (words + index).initialize(to: Atomic(0)) }
  }

  /// Gives the memory back, once nobody counts or reads any more.
  func free() {
    // SAFETY: allocated by the initialiser; the caller is the last.
    unsafe UnsafeMutableRawPointer(words).deallocate()
  }

  // MARK: By the loop

  /// - Precondition: the index is one of the table's.
  @inline(__always)
  func add(_ number: UInt64, at index: Int) {
    precondition(index >= 0 && index < LoopTally.count, "no such counter")
    // SAFETY: just checked; the loop is the only writer.
    let before = unsafe words[index].load(ordering: .relaxed)
    unsafe words[index].store(before &+ number, ordering: .relaxed)
  }

  @inline(__always)
  func count(method: UInt8, _ code: RPCCode) {
    let method = Int(method) & (LoopTally.methodCount - 1)
    add(1, at: LoopTally.requests + method * LoopTally.statusCount + Int(code.rawValue))
  }

  @inline(__always)
  func count(reason: UInt8) { add(1, at: LoopTally.reasons + Int(reason)) }

  @inline(__always)
  func count(visibilityReason reason: UInt8) { add(1, at: LoopTally.visibility + Int(reason)) }

  @inline(__always)
  func count(batchOf checkCount: Int) {
    let bucket = LoopTally.bucket(UInt64(checkCount), LoopTally.batchBucketCount)
    add(1, at: LoopTally.batch + bucket)
    add(UInt64(checkCount), at: LoopTally.batchSum)
  }

  /// The turn's time, for each of the requests that were answered in it.
  @inline(__always)
  func count(turnNanoseconds: UInt64, answers: UInt64) {
    add(turnNanoseconds, at: LoopTally.busy)
    if answers == 0 { return }
    let bucket = LoopTally.bucket((turnNanoseconds &+ 999) / 1_000, LoopTally.latencyBucketCount)
    add(answers, at: LoopTally.latency + bucket)
    add(turnNanoseconds &* answers, at: LoopTally.latencySum)
  }

  func show(_ counts: LimitCounts) {
    for limit in Limit.allCases {
      // SAFETY: below the count, since there are fewer limits than words for them.
      unsafe words[LoopTally.limits + Int(limit.rawValue)].store(
        counts[limit], ordering: .relaxed)
    }
  }

  /// 0 for up to one, then one more for each power of two; the last has all that is larger.
  @inline(__always)
  private static func bucket(_ value: UInt64, _ count: Int) -> Int {
    let width = 64 - max(value, 1).advanced(by: -1).leadingZeroBitCount
    return min(width, count - 1)
  }

  // MARK: By others

  subscript(index: Int) -> UInt64 {
    precondition(index >= 0 && index < LoopTally.count, "no such counter")
    // SAFETY: just checked.
    return unsafe words[index].load(ordering: .relaxed)
  }
}
