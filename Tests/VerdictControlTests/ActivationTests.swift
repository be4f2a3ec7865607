import Glibc
import Synchronization
import Testing
import VerdictEngine
import VerdictModel
import VerdictSnapshot

@testable import VerdictControl
@testable import VerdictSystem

@Suite("Activation", .serialized)
struct ActivationTests {
  let directory = TestDirectory()
  var control: ControlDirectory { directory.control }

  /// Bytes of the snapshots of at least `byteCount` bytes that are mapped into this process: what
  /// is private, read-only and of no file.
  private static func mappedByteCount(atLeast byteCount: Int) -> Int {
    let maps = ((try? File.read("/proc/self/maps", byteCountMax: 1 << 24)) ?? []).text
    return maps.split(separator: "\n").filter { $0.contains(" r--p 00000000 00:00 0") }
      .compactMap { line -> Int? in
        let range = line.prefix { $0 != " " }.split(separator: "-").map { Int($0, radix: 16) ?? 0 }
        return range.count == 2 ? range[1] - range[0] : nil
      }
      .filter { $0 >= byteCount }.reduce(0, +)
  }

  @Test("a reader finds the organizations of the active set, with digest and generation")
  func readers() throws {
    let activation = Activation(publication: Publication(slotCount: 1))
    let reader = activation.publication.reader(slot: 0)
    #expect(activation.current == nil && reader.enter() == 0)
    reader.leave()
    try control.publish([("acme", 1), ("globex", 1)])
    try control.publish([("acme", 1), ("globex", 2)])
    activation.activate(try control.load())
    let set = try #require(unsafe SnapshotSet(bits: reader.enter()))
    #expect(set.count == 2 && set.number == 2)
    let place = "globex".withByteView { set.find($0) }
    #expect(set[place].generation == 2 && set[place].createdSeconds == 1_700_000_000)
    #expect(set[place].view.section(.displayTexts).text == "version 2")
    reader.leave()
    #expect(activation.current?.summary == ["acme 1", "globex 2"])
    activation.deactivate()
    #expect(activation.current == nil && reader.enter() == 0)
  }

  /// Two organizations always get the same version in one publish, so a set of two versions would
  /// be a mixed one.
  @Test("two hundred publishes under a reading thread: whole sets only, and the memory comes back")
  func hotSwap() throws {
    let byteCount = 256 << 10
    let activation = Activation(publication: Publication(slotCount: 2))
    let control = control
    try control.publish([("acme", 1), ("globex", 1)], padding: byteCount)
    activation.activate(try control.load())
    let stop = Atomic<Bool>(false)
    let faults = Atomic<Int>(0)
    let reads = Atomic<Int>(0)
    let readers = (0..<2).map { slot in
      TestThread {
        let reader = activation.publication.reader(slot: slot)
        var last: UInt64 = 0
        while !stop.load(ordering: .relaxed) {
          if let set = unsafe SnapshotSet(bits: reader.enter()) {
            let first = set[0].view.section(.displayTexts)[0..<16].text
            let second = set[1].view.section(.displayTexts)[0..<16].text
            let whole = first == second && set.number >= last
            if !whole { faults.add(1, ordering: .relaxed) }
            last = set.number
          } else {
            faults.add(1, ordering: .relaxed)
          }
          reader.leave()
          reads.add(1, ordering: .relaxed)
          usleep(100)
        }
      }
    }
    let log = SourceLog()
    var source: SetSource? = try SetSource(
      origin: ControlOrigin(directory: control),
      SetSource.Hooks(
        activate: { activation.activate($0, isClosed: $1) }, rejected: log.rejected,
        close: activation.close))
    try source?.start()
    for version in 2...200 {
      try control.publish([("acme", version), ("globex", version)], padding: byteCount)
    }
    for _ in 0..<1_000 where activation.current?.setNumber != 200 { usleep(5_000) }
    stop.store(true, ordering: .relaxed)
    for thread in readers { thread.join() }
    source?.stop()
    source = nil
    #expect(activation.current?.setNumber == 200)
    #expect(faults.load(ordering: .relaxed) == 0)
    #expect(reads.load(ordering: .relaxed) > 100)
    #expect(log.rejections.isEmpty, "\(log.rejections)")
    let mapped = Self.mappedByteCount(atLeast: byteCount)
    #expect(mapped >= 2 * byteCount && mapped < 3 * byteCount)
    activation.deactivate()
    #expect(Self.mappedByteCount(atLeast: byteCount) == 0)
  }

  @Test("loading in one thread while another publishes: every set is one that was published")
  func loadingMeanwhile() throws {
    let control = control
    try control.publish([("acme", 1), ("globex", 1)])
    let stop = Atomic<Bool>(false)
    let faults = Mutex<[String]>([])
    let loader = TestThread {
      var previous: LoadedSet?
      while !stop.load(ordering: .relaxed) {
        do {
          let set = try control.load(reusing: previous)
          let versions = Set(set.organizations.map(\.version))
          if versions.count != 1 || set.setNumber < previous?.setNumber ?? 0 {
            faults.withLock { $0.append("\(set.setNumber): \(versions)") }
          }
          previous = set
        } catch {
          faults.withLock { $0.append("\(error)") }
        }
      }
    }
    for version in 2...200 { try control.publish([("acme", version), ("globex", version)]) }
    stop.store(true, ordering: .relaxed)
    loader.join()
    #expect(faults.withLock { $0 } == [])
  }

  @Test("publishers at once: each is done or told, and no number is used twice")
  func publishers() throws {
    let control = control
    let published = Mutex<[UInt64]>([])
    let busy = Atomic<Int>(0)
    let others = Mutex<[String]>([])
    let threads = (0..<3).map { thread in
      TestThread {
        for version in 0..<30 {
          do {
            let set = try control.publish([("acme", 1_000 * thread + version)])
            published.withLock { $0.append(set.number) }
          } catch let error as ControlError where error.code == .busy {
            busy.add(1, ordering: .relaxed)
          } catch {
            others.withLock { $0.append("\(error)") }
          }
        }
      }
    }
    for thread in threads { thread.join() }
    let numbers = published.withLock { $0.sorted() }
    #expect(others.withLock { $0 } == [])
    #expect(numbers == (1...numbers.count).map(UInt64.init))
    let busyCount = busy.load(ordering: .relaxed)
    #expect(numbers.count + busyCount == 90)
    #expect(try control.load().setNumber == numbers.last)
  }
}
