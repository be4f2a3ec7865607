public import Synchronization

/// One pointer that many threads read without locks, and that a publisher replaces and then knows
/// to be unread: reclamation by quiescent states.
///
/// Every reading thread has a slot of its own. A slot holds 0 while its thread is offline, that is,
/// while it holds nothing that it got from here, and else the publication count that its thread saw
/// when it last came online.
///
/// | Step | Reader (`enter`, `leave`)  | Publisher (`publish`)                              |
/// |------|----------------------------|----------------------------------------------------|
/// | 1    | `seen` = load count        | exchange pointer: `old` out, `new` in              |
/// | 2    | store `seen` into its slot | add 1 to the count: `newer`                        |
/// | 3    | load pointer, use it       | wake the readers                                   |
/// | 4    | leave: store 0             | wait until every slot is 0 or at least `newer`     |
/// | 5    |                            | return `old`: nobody reads it, nobody ever will    |
///
/// Why that is enough: all these operations are sequentially consistent, so they have one order.
/// A slot that the publisher finds at 0 is stored (2) after that look, so the reader's load (3)
/// comes after the exchange and gets `new`. A slot at `newer` or above was loaded (1) after the
/// count grew, so again the load (3) gets `new`. Any other slot may belong to a reader of `old`,
/// and is waited for. With weaker orders the store (2) could still sit in a store buffer while the
/// load (3) is done, and the publisher would free what is being read.
///
/// Readers do plain loads and stores, in their own cache lines: no lock, no read-modify-write, no
/// reference count. There are no fences, because the thread sanitizer can't see them.
///
/// The slots' memory (128 bytes a slot) is never given back: there is one publication in a process,
/// and a `Reader` needs no lifetime rule that way.
@safe
public final class Publication: @unchecked Sendable {
  // `@unchecked`: the memory holds nothing but atomics, and the mutex guards the rest.

  /// Two cache lines, because the processor fetches lines in pairs.
  private static let strideByteCount = 128

  public let slotCount: Int
  private let lines: UnsafeMutableRawPointer
  private let hooks = Mutex(Hooks())
  private let publishing = Mutex(())

  private struct Hooks {
    var wake: [Int: @Sendable () -> Void] = [:]
    var stalled: (@Sendable (PublicationStall) -> Void)?
  }

  /// A publication of no pointer (0) to `slotCount` readers, all offline.
  public init(slotCount: Int) {
    precondition(slotCount >= 0, "a negative number of slots")
    self.slotCount = slotCount
    let lineCount = slotCount + 2
    // SAFETY: fresh, aligned, and initialised below as one atomic at the start of each line.
    unsafe lines = UnsafeMutableRawPointer.allocate(
      byteCount: lineCount * Self.strideByteCount, alignment: Self.strideByteCount)
    for line in 0..<lineCount {
      unsafe lines.advanced(by: line * Self.strideByteCount)
        .bindMemory(to: Atomic<UInt>.self, capacity: 1)
        .initialize(to: Atomic(line == 1 ? 1 : 0))
    }
  }

  /// What the reading thread of `slot` (0 up to `slotCount`) uses. One thread a slot.
  public func reader(slot: Int) -> Reader {
    precondition(slot >= 0 && slot < slotCount, "no such slot")
    return unsafe Reader(
      pointer: atomic(line: 0), count: atomic(line: 1), slot: atomic(line: slot + 2))
  }

  /// Has `wake` called on the publisher's thread after each new pointer, so that the thread of
  /// `slot` soon announces. It must not block; a write to an eventfd is meant.
  public func setWake(slot: Int, _ wake: @escaping @Sendable () -> Void) {
    precondition(slot >= 0 && slot < slotCount, "no such slot")
    hooks.withLock { $0.wake[slot] = wake }
  }

  /// Has `report` called on the publisher's thread for each second in which a reader holds on to
  /// an old pointer. The publisher goes on waiting, whatever happens: memory that may be read is
  /// never freed.
  public func setStallReport(_ report: @escaping @Sendable (PublicationStall) -> Void) {
    hooks.withLock { $0.stalled = report }
  }

  /// Makes `new` what readers get from now on, and returns what they got until now once nobody
  /// reads it any more. Blocks for that long: for loops about one turn. Publishers take turns.
  ///
  /// - Precondition: the calling thread isn't online in a slot of its own; it would wait for
  ///   itself.
  public func publish(_ new: UInt) -> UInt {
    publishing.withLock { _ in
      // SAFETY: lines 0 and 1 are atomics since `init`.
      let old = unsafe atomic(line: 0).pointee.exchange(
        new, ordering: .sequentiallyConsistent)
      let newer = unsafe atomic(line: 1).pointee.add(
        1, ordering: .sequentiallyConsistent
      ).newValue
      let (wake, stalled) = hooks.withLock { (Array($0.wake.values), $0.stalled) }
      for call in wake { call() }
      waitForReaders(newer: newer, stalled: stalled)
      return old
    }
  }

  private func waitForReaders(newer: UInt, stalled: (@Sendable (PublicationStall) -> Void)?) {
    let clock = ContinuousClock()
    let started = clock.now
    var reportAfter = Duration.seconds(1)
    var pause = PublicationPause()
    for slot in 0..<slotCount {
      while true {
        // SAFETY: the slot's line is an atomic since `init`.
        let announced = unsafe atomic(line: slot + 2).pointee.load(
          ordering: .sequentiallyConsistent)
        if announced == 0 || announced >= newer { break }
        let waited = clock.now - started
        if waited >= reportAfter {
          stalled?(PublicationStall(slot: slot, waited: waited))
          reportAfter = waited + .seconds(1)
        }
        pause.wait()
      }
    }
  }

  /// Where the line of a slot lies, and those of the publisher; for tests.
  package func slotAddress(_ slot: Int) -> UInt { unsafe UInt(bitPattern: atomic(line: slot + 2)) }
  package var publisherAddresses: [UInt] {
    [0, 1].map { unsafe UInt(bitPattern: atomic(line: $0)) }
  }

  private func atomic(line: Int) -> UnsafeMutablePointer<Atomic<UInt>> {
    // SAFETY: callers pass 0 up to `slotCount + 2`, all bound in `init`.
    unsafe lines.advanced(by: line * Self.strideByteCount)
      .assumingMemoryBound(to: Atomic<UInt>.self)
  }
}

extension Publication {
  /// A thread's way to the published pointer. Trivial to copy, but for one thread alone.
  @safe
  public struct Reader: @unchecked Sendable {
    // `@unchecked`: it moves once, to the thread that uses it.
    @usableFromInline let pointer: UnsafeMutablePointer<Atomic<UInt>>
    @usableFromInline let count: UnsafeMutablePointer<Atomic<UInt>>
    @usableFromInline let slot: UnsafeMutablePointer<Atomic<UInt>>

    fileprivate init(
      pointer: UnsafeMutablePointer<Atomic<UInt>>, count: UnsafeMutablePointer<Atomic<UInt>>,
      slot: UnsafeMutablePointer<Atomic<UInt>>
    ) {
      unsafe self.pointer = pointer
      unsafe self.count = count
      unsafe self.slot = slot
    }

    /// Comes online, or says that everything from the last `enter` is done with, and returns the
    /// bits of the current pointer (0: none). They hold until the next `enter` or `leave`.
    /// Constant time: two loads and a store.
    @inlinable
    public func enter() -> UInt {
      // SAFETY: the publication's lines stay atomics for as long as the process lives.
      unsafe slot.pointee.store(
        count.pointee.load(ordering: .sequentiallyConsistent), ordering: .sequentiallyConsistent)
      return unsafe pointer.pointee.load(ordering: .sequentiallyConsistent)
    }

    /// Moves on while something from an earlier time is still in use: announces the count from when
    /// that was got, and returns the current pointer with the current count.
    ///
    /// A publisher that has added to the count since then goes on waiting, so both pointers hold:
    /// the old one, and the new one, which only a later publisher can take out.
    ///
    /// - Parameter oldest: the least count of what is in use; the greatest value: nothing is.
    @inlinable
    public func enter(keeping oldest: UInt) -> (pointer: UInt, count: UInt) {
      // SAFETY: as in `enter`.
      let seen = unsafe count.pointee.load(ordering: .sequentiallyConsistent)
      unsafe slot.pointee.store(min(oldest, seen), ordering: .sequentiallyConsistent)
      return unsafe (pointer.pointee.load(ordering: .sequentiallyConsistent), seen)
    }

    /// Goes offline: nothing from `enter` is used any more. To be called before blocking.
    @inlinable
    public func leave() {
      // SAFETY: as in `enter`.
      unsafe slot.pointee.store(0, ordering: .sequentiallyConsistent)
    }
  }
}

/// A reader that has kept an old pointer for long.
public struct PublicationStall: Sendable {
  public let slot: Int
  public let waited: Duration
}
