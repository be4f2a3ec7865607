import VerdictModel
import VerdictSnapshot
import VerdictTestKit

/// Damaged snapshots under a digest made right: refused, or every question is answered from within
/// their bytes.
///
/// Input: which snapshot, then edits of nine bytes: what to do, the section, the place in it (three
/// bytes), the value (four bytes). A first byte of 255: the rest is a snapshot itself.
final class SnapshotHarness: FuzzHarness {
  private let originals: [[UInt8]]
  private var runCount = 0

  init() throws {
    originals = try SnapshotProbe.snapshots()
  }

  func run(_ input: ByteView) {
    var reader = InputReader(input)
    let choice = reader.byte()
    var bytes: [UInt8]
    if choice == 255 {
      bytes = reader.rest()
      guard bytes.count >= SnapshotFormat.headerByteCount else { return refuse(bytes) }
    } else {
      bytes = originals[Int(choice) % originals.count]
      while !reader.isAtEnd { edit(&bytes, &reader) }
    }
    SnapshotWriter.seal(&bytes)
    runCount &+= 1
    bytes.withByteView { view in
      guard let snapshot = try? SnapshotView(validating: view) else { return }
      _ = SnapshotProbe.ask(snapshot)
      for number in 0..<4 { SnapshotProbe.inspect(snapshot, check: Int(choice) &+ number &* 5) }
    }
  }

  private func refuse(_ bytes: [UInt8]) {
    bytes.withByteView {
      precondition((try? SnapshotView(validating: $0)) == nil, "too short to be a snapshot")
    }
  }

  private func edit(_ bytes: inout [UInt8], _ reader: inout InputReader) {
    let action = reader.byte()
    let place = self.place(bytes, section: Int(reader.byte()), offset: reader.number(byteCount: 3))
    let value = UInt32(reader.number(byteCount: 4))
    guard place >= SnapshotFormat.digestedOffset, place + 4 <= bytes.count else { return }
    switch action & 7 {
    case 0: bytes[place] = UInt8(truncatingIfNeeded: value)
    case 1: store(value, &bytes, place & ~3)
    case 2:
      let difference = UInt32(bitPattern: Int32(Int8(truncatingIfNeeded: value)))
      store(load(bytes, place & ~3) &+ difference, &bytes, place & ~3)
    case 3: bytes[place] ^= 1 << (value & 7)
    case 4:
      // The length too: cut off or extended, and the header told.
      let count = value & 1 == 0 ? place : min(bytes.count + Int(value >> 8 & 0xffff), 1 << 20)
      guard count >= SnapshotFormat.headerByteCount else { return }
      bytes = Array(bytes.prefix(count)) + [UInt8](repeating: 0, count: max(0, count - bytes.count))
      bytes.store(UInt64(count), at: 48)
    default:
      // Words that stand somewhere else in the snapshot are more likely to be taken.
      store(load(bytes, Int(value) % (bytes.count - 3) & ~3), &bytes, place & ~3)
    }
  }

  /// A place inside a section of the table, else anywhere behind the digest.
  private func place(_ bytes: [UInt8], section: Int, offset: Int) -> Int {
    let kinds = SectionKind.allCases.count
    if section < 128 {
      let entry =
        SnapshotFormat.headerByteCount + section % kinds * SnapshotFormat.sectionEntryByteCount
      if entry + SnapshotFormat.sectionEntryByteCount <= bytes.count {
        let (start, count) = bytes.withByteView {
          ($0.load64(at: entry + 8), $0.load64(at: entry + 16))
        }
        if count > 0, start < bytes.count, count <= bytes.count {
          return Int(start) + offset % Int(count)
        }
      }
    }
    let first = SnapshotFormat.digestedOffset
    return first + offset % max(1, bytes.count - first)
  }

  private func load(_ bytes: [UInt8], _ place: Int) -> UInt32 {
    bytes.withByteView { $0.load32(at: min(place, bytes.count - 4)) }
  }

  private func store(_ value: UInt32, _ bytes: inout [UInt8], _ place: Int) {
    guard place >= SnapshotFormat.digestedOffset, place + 4 <= bytes.count else { return }
    bytes.store(value, at: place)
  }
}
