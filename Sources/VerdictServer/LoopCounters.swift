internal import Synchronization

/// What a loop has done so far. Kept as plain numbers by the loop; others see a copy that is at
/// most one turn old.
public struct LoopCounters: Sendable, Equatable {
  public var connectionsAccepted: UInt64 = 0
  public var connectionsOpen: UInt64 = 0
  /// Connections closed because of a limit, a protocol error or a stall.
  public var connectionsBroken: UInt64 = 0
  public var streams: UInt64 = 0
  public var streamsOpen: UInt64 = 0
  /// What unfinished requests and answers hold beyond their inline buffers.
  public var bytesHeld: UInt64 = 0
  public var requests: UInt64 = 0
  public var refusals: UInt64 = 0
  public var cancellations: UInt64 = 0
  public var deadlinesExceeded: UInt64 = 0
  public var bytesReceived: UInt64 = 0
  public var bytesSent: UInt64 = 0
  public var reads: UInt64 = 0
  public var writes: UInt64 = 0
  public var turns: UInt64 = 0
  /// Turns that took longer than a millisecond.
  public var longTurns: UInt64 = 0
  /// How long the loop was busy, in nanoseconds.
  public var busyNanoseconds: UInt64 = 0
  /// Times that a connection had used up its share of a turn and went on in the next.
  public var putOff: UInt64 = 0
  /// Large requests begun on the loop, and those handed to workers.
  public var batches: UInt64 = 0
  public var handedOver: UInt64 = 0
  /// Requests refused before anything was done for them; of those, because a queue was full, and
  /// because their turn would have come after their deadline.
  public var overloads: UInt64 = 0
  public var fullQueues: UInt64 = 0
  public var hopeless: UInt64 = 0
  /// Connections that became secure, and those that ended before.
  public var handshakes: UInt64 = 0
  public var handshakesFailed: UInt64 = 0
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
      byteCount: CounterBoard.byteCount, alignment: 128)
    unsafe words = memory.bindMemory(to: Atomic<UInt64>.self, capacity: LoopCounters.count)
    for index in 0..<LoopCounters.count { unsafe (words + index).initialize(to: Atomic(0)) }
  }

  deinit {
    // SAFETY: allocated by the initialiser; plain words.
    unsafe UnsafeMutableRawPointer(words).deallocate()
  }

  /// Whole pairs of cache lines, because the processor fetches lines in pairs.
  private static var byteCount: Int { (LoopCounters.count * 8 + 127) & ~127 }

  /// Where the words lie; for tests.
  var addressRange: Range<UInt> {
    let first = unsafe UInt(bitPattern: words)
    return first..<first + UInt(CounterBoard.byteCount)
  }

  /// Called by the loop alone, at the end of a turn.
  func show(_ counters: LoopCounters) {
    // SAFETY: as many words as there are counters, and the struct is nothing but words.
    unsafe withUnsafeBytes(of: counters) { counters in
      for index in 0..<LoopCounters.count {
        unsafe words[index].store(
          counters.load(fromByteOffset: index &* 8, as: UInt64.self), ordering: .relaxed)
      }
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
