internal import Synchronization

/// What a loop has done so far. Kept as plain numbers by the loop; others see a copy that is at
/// most one turn old.
public struct LoopCounters: Sendable, Equatable {
  public var connectionsAccepted: UInt64 = 0
  public var connectionsOpen: UInt64 = 0
  /// Connections closed because of a limit, a protocol error or a stall.
  public var connectionsBroken: UInt64 = 0
  public var streams: UInt64 = 0
  public var requests: UInt64 = 0
  public var refusals: UInt64 = 0
  public var cancellations: UInt64 = 0
  public var deadlinesExceeded: UInt64 = 0
  public var bytesReceived: UInt64 = 0
  public var bytesSent: UInt64 = 0
  public var reads: UInt64 = 0
  public var writes: UInt64 = 0
  public var turns: UInt64 = 0
  /// Connections that became secure.
  public var handshakes: UInt64 = 0
  /// Calls by somebody who is not on the listener's list.
  public var callsRefused: UInt64 = 0

  public init() {}

  /// Sums of several loops.
  public static func + (a: LoopCounters, b: LoopCounters) -> LoopCounters {
    var sum = LoopCounters()
    for index in 0..<count { sum[index] = a[index] &+ b[index] }
    return sum
  }

  static var count: Int { MemoryLayout<LoopCounters>.size / MemoryLayout<UInt64>.size }

  /// The counters by their order above.
  subscript(index: Int) -> UInt64 {
    get {
      precondition(index >= 0 && index < LoopCounters.count, "no such counter")
      // SAFETY: the struct is nothing but words, and the index was just checked.
      return unsafe withUnsafeBytes(of: self) {
        unsafe $0.load(fromByteOffset: index * 8, as: UInt64.self)
      }
    }
    set {
      precondition(index >= 0 && index < LoopCounters.count, "no such counter")
      // SAFETY: as above.
      unsafe withUnsafeMutableBytes(of: &self) {
        unsafe $0.storeBytes(of: newValue, toByteOffset: index * 8, as: UInt64.self)
      }
    }
  }
}

/// Where a loop shows its counters: words of its own cache lines, stored without any lock.
@safe
final class CounterBoard: Sendable {
  // SAFETY: nothing but atomics.
  nonisolated(unsafe) private let words: UnsafeMutablePointer<Atomic<UInt64>>

  init() {
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: (LoopCounters.count * 8 + 255) & ~127, alignment: 128)
    unsafe words = memory.bindMemory(to: Atomic<UInt64>.self, capacity: LoopCounters.count)
    for index in 0..<LoopCounters.count { unsafe (words + index).initialize(to: Atomic(0)) }
  }

  deinit {
    // SAFETY: allocated by the initialiser; plain words.
    unsafe UnsafeMutableRawPointer(words).deallocate()
  }

  /// Called by the loop alone, at the end of a turn.
  func show(_ counters: LoopCounters) {
    for index in 0..<LoopCounters.count {
      // SAFETY: the index is below the count.
      unsafe words[index].store(counters[index], ordering: .relaxed)
    }
  }

  var counters: LoopCounters {
    var counters = LoopCounters()
    for index in 0..<LoopCounters.count {
      // SAFETY: the index is below the count.
      counters[index] = unsafe words[index].load(ordering: .relaxed)
    }
    return counters
  }
}
