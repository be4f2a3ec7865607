import Testing
import VerdictCompiler
import VerdictEngine
import VerdictModel
import VerdictPolicy
import VerdictTestKit

@testable import VerdictSnapshot

@Suite("Damaged snapshots")
struct CorruptionTests {
  static func isRefused(_ bytes: [UInt8]) -> Bool {
    bytes.withByteView { (try? SnapshotView(validating: $0)) == nil }
  }

  @Test("every byte of a snapshot is guarded: flipped, it is refused")
  func everyByteFlipped() throws {
    var bytes = try SnapshotProbe.snapshot()
    for index in bytes.indices {
      bytes[index] ^= 0x41
      #expect(CorruptionTests.isRefused(bytes))
      bytes[index] ^= 0x41
    }
  }

  /// The lowest bit, the highest or all, in turn; the fuzzer (docs/fuzzing.md) tries the others.
  @Test("a flipped byte under a digest made right again crashes nothing")
  func everyByteFlippedUnderARightDigest() throws {
    let original = try SnapshotProbe.snapshot()
    var refused = 0
    var answered = 0
    for index in SnapshotFormat.digestedOffset..<original.count {
      var bytes = original
      bytes[index] ^= [1, 0x80, 0xff][index % 3]
      SnapshotWriter.seal(&bytes)
      bytes.withByteView { view in
        if let snapshot = try? SnapshotView(validating: view) {
          answered += SnapshotProbe.ask(snapshot)
          SnapshotProbe.inspect(snapshot, check: index)
        } else {
          refused += 1
        }
      }
    }
    #expect(refused > 1_000)
    #expect(answered > 1_000)
  }

  @Test("a snapshot cut at any length is refused, digest right or not")
  func everyLength() throws {
    let original = try SnapshotProbe.snapshot()
    for length in 0..<original.count {
      var bytes = Array(original[..<length])
      #expect(CorruptionTests.isRefused(bytes))
      guard length >= SnapshotFormat.headerByteCount else { continue }
      bytes.store(UInt64(length), at: 48)
      SnapshotWriter.seal(&bytes)
      #expect(CorruptionTests.isRefused(bytes))
    }
  }

  @Test("random words in random places under a right digest crash nothing")
  func randomWords() throws {
    let original = try SnapshotProbe.snapshot()
    var random = SeededRandom(seed: 11)
    for round in 0..<4_000 {
      var bytes = original
      for _ in 0...random.below(3) {
        let place = 40 + random.below(original.count - 48)
        bytes.store(
          random.pick([0, 1, 2, 0xffff_ffff, 0x8000_0000, UInt32(random.below(1 << 20))]),
          at: place)
      }
      SnapshotWriter.seal(&bytes)
      bytes.withByteView { view in
        guard let snapshot = try? SnapshotView(validating: view) else { return }
        _ = SnapshotProbe.ask(snapshot)
        SnapshotProbe.inspect(snapshot, check: round)
      }
    }
  }
}
