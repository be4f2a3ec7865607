internal import Synchronization
internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictRPC

/// What a loop has done, by kind: words that it alone writes and whoever asks for metrics reads, so
/// that counting is a load, an addition and a store, without a lock or a line that two threads
/// write. Requests that workers answer are counted by the loop that sends the answer.
///
/// ```
/// requests    by method and status      32 x 17 words
/// reasons     of Authorize's checks     256 words
/// visibility  of pages, by reason       256 words: pairs of principal and permission
/// gateway     of gateways' requests     256 words, by reason
/// latency     by powers of two of a microsecond, then the sum of nanoseconds
/// batch       by powers of two of checks, then the sum of checks
/// limits      by `Limit`
/// ```
@safe
struct LoopTally: Sendable {
  static let methodCount = 32
  static let statusCount = 17
  static let latencyBucketCount = 24
  static let batchBucketCount = 16
  static let limitCount = 40

  static let requests = 0
  static let reasons = requests + methodCount * statusCount
  static let visibility = reasons + 256
  static let gateway = visibility + 256
  static let latency = gateway + 256
  static let latencySum = latency + latencyBucketCount
  static let batch = latencySum + 1
  static let batchSum = batch + batchBucketCount
  static let limits = batchSum + 1
  static let count = limits + limitCount

  // SAFETY: nothing but atomics; whoever has made it frees it last.
  nonisolated(unsafe) private let words: UnsafeMutablePointer<Atomic<UInt64>>

  init() {
    // Whole pairs of cache lines, because the processor fetches lines in pairs.
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: (LoopTally.count * 8 + 127) & ~127, alignment: 128)
    unsafe words = memory.bindMemory(to: Atomic<UInt64>.self, capacity: LoopTally.count)
    for index in 0..<LoopTally.count { unsafe (words + index).initialize(to: Atomic(0)) }
  }

  /// Gives the memory back, once nobody counts or reads any more.
  func free() {
    // SAFETY: allocated by the initialiser; the caller is the last.
    unsafe UnsafeMutableRawPointer(words).deallocate()
  }

  // MARK: By the thread that it belongs to

  /// - Precondition: the index is one of the table's.
  @inline(__always)
  func add(_ number: UInt64, at index: Int) {
    precondition(index >= 0 && index < LoopTally.count, "no such counter")
    // SAFETY: just checked; there is no other writer.
    let before = unsafe words[index].load(ordering: .relaxed)
    unsafe words[index].store(before &+ number, ordering: .relaxed)
  }

  @inline(__always)
  func count(method: UInt8, _ code: RPCCode) {
    let method = Int(method) & (LoopTally.methodCount - 1)
    add(1, at: LoopTally.requests + method * LoopTally.statusCount + Int(code.rawValue))
  }

  @inline(__always)
  func count(batchOf checkCount: Int) {
    let bucket = LoopTally.bucket(UInt64(checkCount), LoopTally.batchBucketCount)
    add(1, at: LoopTally.batch + bucket)
    add(UInt64(checkCount), at: LoopTally.batchSum)
  }

  /// So many requests were answered after so long.
  @inline(__always)
  func count(latencyNanoseconds: UInt64, answers: UInt64) {
    let bucket = LoopTally.bucket((latencyNanoseconds &+ 999) / 1_000, LoopTally.latencyBucketCount)
    add(answers, at: LoopTally.latency + bucket)
    add(latencyNanoseconds &* answers, at: LoopTally.latencySum)
  }

  /// For those who have no `LimitCounts` to show.
  func count(_ limit: Limit) { add(1, at: LoopTally.limits + Int(limit.rawValue)) }

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
