import Glibc
import Synchronization
import Testing

@testable import VerdictControl

@Suite("Publication", .serialized)
struct PublicationTests {
  private static let wordCount = 64

  @Test("nothing is published at first, and the old bits come back")
  func oldBits() {
    let publication = Publication(slotCount: 1)
    let reader = publication.reader(slot: 0)
    #expect(reader.enter() == 0)
    reader.leave()
    #expect(publication.publish(7) == 0)
    #expect(reader.enter() == 7)
    reader.leave()
    #expect(publication.publish(0) == 7)
    #expect(reader.enter() == 0)
  }

  @Test("slots are 128 bytes apart and readers are trivial")
  func layout() {
    let publication = Publication(slotCount: 3)
    let addresses = (0..<3).map { unsafe UInt(bitPattern: publication.reader(slot: $0).slot) }
    #expect(addresses[1] - addresses[0] == 128 && addresses[2] - addresses[1] == 128)
    #expect(addresses[0] % 128 == 0)
    #expect(_isPOD(Publication.Reader.self))
  }

  @Test("the publisher waits for a reader of the old pointer, wakes it and reports it")
  func waits() {
    let publication = Publication(slotCount: 2)
    let woken = Atomic<Int>(0)
    let stalledSlot = Atomic<Int>(-1)
    let done = Atomic<Bool>(false)
    publication.setWake(slot: 1) { woken.add(1, ordering: .relaxed) }
    publication.setStallReport { stalledSlot.store($0.slot, ordering: .relaxed) }
    _ = publication.publish(1)
    let reader = publication.reader(slot: 1)
    #expect(reader.enter() == 1)
    let publisher = TestThread {
      #expect(publication.publish(2) == 1)
      done.store(true, ordering: .sequentiallyConsistent)
    }
    usleep(1_300_000)
    let early = done.load(ordering: .sequentiallyConsistent)
    #expect(!early)
    #expect(stalledSlot.load(ordering: .relaxed) == 1)
    // Entering again is a quiescent state of its own: no `leave` is needed.
    #expect(reader.enter() == 2)
    publisher.join()
    let finished = done.load(ordering: .sequentiallyConsistent)
    #expect(finished)
    #expect(woken.load(ordering: .relaxed) == 2)
    reader.leave()
  }

  /// The hooks are called right after the count has grown: whatever turn a reader is in by then,
  /// the next one announces. So a publisher waits for the turn under way and another's beginning.
  @Test("a publication takes two turns of a loop at most")
  func turns() {
    let publication = Publication(slotCount: 1)
    let stop = Atomic<Bool>(false)
    let turn = Atomic<Int>(0)
    let announcedIn = Atomic<Int>(0)
    let announced = Atomic<UInt>(0)
    let wokenIn = Atomic<Int>(0)
    publication.setWake(slot: 0) {
      wokenIn.store(turn.load(ordering: .sequentiallyConsistent), ordering: .relaxed)
    }
    let thread = TestThread {
      let reader = publication.reader(slot: 0)
      var last: UInt = 0
      while !stop.load(ordering: .relaxed) {
        let number = turn.add(1, ordering: .sequentiallyConsistent).newValue
        let (pointer, count) = reader.enter(keeping: .max)
        // The n-th publication is of pointer n, and makes the count n + 1.
        precondition(count == pointer || count == pointer + 1, "pointer and count go together")
        guard count != last else { continue }
        last = count
        announcedIn.store(number, ordering: .relaxed)
        announced.store(count, ordering: .releasing)
      }
      reader.leave()
    }
    for pointer in 1...UInt(300) {
      _ = publication.publish(pointer)
      while announced.load(ordering: .acquiring) < pointer + 1 { sched_yield() }
      let waited = announcedIn.load(ordering: .relaxed) - wokenIn.load(ordering: .relaxed)
      #expect(waited <= 1)
    }
    stop.store(true, ordering: .relaxed)
    thread.join()
  }

  /// Old memory is poisoned the moment that `publish` returns it. A reader that still had it would
  /// see the poison or two different words, and the thread sanitizer would see the race.
  @Test("thousands of swaps under reading threads: nobody reads what was given back")
  func stress() {
    let slotCount = 2
    let publication = Publication(slotCount: slotCount)
    let stop = Atomic<Bool>(false)
    let faults = Atomic<Int>(0)
    let reads = Atomic<Int>(0)
    let begun = Atomic<Int>(0)
    _ = publication.publish(Self.block(of: 1))
    let readers = (0..<slotCount).map { slot in
      TestThread {
        let reader = publication.reader(slot: slot)
        var last: UInt = 0
        var rounds = 0
        while !stop.load(ordering: .relaxed) {
          let bits = reader.enter()
          let (value, torn) = Self.read(bits)
          if torn || value < last { faults.add(1, ordering: .relaxed) }
          last = value
          if rounds == 0 { begun.add(1, ordering: .relaxed) }
          rounds += 1
          // Slot 0 never leaves; the others go offline now and then.
          if slot > 0, rounds % (slot * 7) == 0 {
            reader.leave()
            if rounds % 1_001 == 0 { usleep(50) }
          }
        }
        reader.leave()
        reads.add(rounds, ordering: .relaxed)
      }
    }
    // Readers who have not begun are offline, and nobody waits for them.
    while begun.load(ordering: .relaxed) < slotCount { usleep(100) }
    let swapCount: UInt = 5_000
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(4)
    var swapped: UInt = 1
    while swapped < swapCount, clock.now < deadline {
      swapped += 1
      Self.poisonAndFree(publication.publish(Self.block(of: swapped)))
    }
    stop.store(true, ordering: .relaxed)
    for thread in readers { thread.join() }
    Self.poisonAndFree(publication.publish(0))
    #expect(faults.load(ordering: .relaxed) == 0)
    #expect(reads.load(ordering: .relaxed) > Int(swapped) / 10)
    #expect(swapped >= 100)
  }

  private static func block(of value: UInt) -> UInt {
    let block = UnsafeMutablePointer<UInt>.allocate(capacity: wordCount)
    for index in 0..<wordCount { unsafe block[index] = value }
    return UInt(bitPattern: block)
  }

  private static func read(_ bits: UInt) -> (value: UInt, torn: Bool) {
    let block = unsafe UnsafePointer<UInt>(bitPattern: bits)!
    let value = unsafe block[0]
    var torn = false
    for index in 0..<wordCount { torn = unsafe torn || block[index] != value }
    return (value, torn)
  }

  private static func poisonAndFree(_ bits: UInt) {
    let block = unsafe UnsafeMutablePointer<UInt>(bitPattern: bits)!
    // Word by word in this file: the thread sanitizer does not see what the library does.
    for index in 0..<wordCount { unsafe block[index] = 0 }
    unsafe block.deallocate()
  }
}
