import Testing
import VerdictModel
import VerdictTestKit

@testable import VerdictSnapshot

@Suite("Key tables")
struct KeyTableTests {
  /// Distinct keys of many lengths, some with common starts and ends.
  static func keys(_ count: Int, seed: UInt64) -> [(tag: UInt8, key: [UInt8])] {
    var random = SeededRandom(seed: seed)
    var seen: Set<[UInt8]> = []
    var keys: [(tag: UInt8, key: [UInt8])] = []
    while keys.count < count {
      let length = random.chance(10) ? 1 + random.below(255) : 1 + random.below(30)
      let tag = UInt8(random.below(3))
      var key = [UInt8](repeating: UInt8(ascii: "a"), count: length)
      for _ in 0..<4 { key[random.below(length)] = UInt8(33 + random.below(90)) }
      if seen.insert([tag] + key).inserted { keys.append((tag, key)) }
    }
    return keys
  }

  @Test("every key is found with its value, and no other", arguments: [0, 1, 2, 7, 100, 3_000])
  func findsKeys(count: Int) {
    let keys = KeyTableTests.keys(count, seed: UInt64(count) + 1)
    var builder = KeyTableBuilder()
    for (index, item) in keys.enumerated() {
      item.key.withByteView {
        builder.add(tag: item.tag, $0, value: UInt32(index), extra: UInt16(index & 0xffff))
      }
    }
    let (section, slots) = builder.build()
    section.withByteView { section in
      let table = KeyTable(trusting: section)
      for (index, item) in keys.enumerated() {
        let slot = item.key.withByteView { table.find(tag: item.tag, $0) }
        #expect(slot.isFound && slot.number == Int(slots[index]))
        #expect(slot.value == UInt32(index))
        #expect(slot.extra == UInt16(index & 0xffff))
        #expect(slot.tag == item.tag && slot.keyByteCount == item.key.count)
        #expect(table.key(slot: slot.number).array == item.key)
        for other in near(item.key) where !keys.contains(where: { $0 == (item.tag, other) }) {
          #expect(!other.withByteView { table.find(tag: item.tag, $0).isFound })
        }
      }
      for tag in [0, KeyTable.unusedTag, KeyTable.emptyTag] {
        #expect(!table.find(tag: tag, ByteView()).isFound)
      }
    }
  }

  /// Keys that differ from one in a byte or in length.
  private func near(_ key: [UInt8]) -> [[UInt8]] {
    var changed = key
    changed[key.count / 2] ^= 1
    return [changed, key + [0], Array(key.dropLast()), key + key]
  }

  @Test(
    "a key that differs in one bit is another", arguments: Array(1...50) + [63, 64, 65, 255])
  func everyBitCounts(length: Int) {
    // In a table of one key whatever is asked for is compared with that key.
    let key = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 1) }
    var builder = KeyTableBuilder()
    key.withByteView { builder.add(tag: 1, $0, value: 7) }
    builder.build().section.withByteView { section in
      let table = KeyTable(trusting: section)
      #expect(key.withByteView { table.find(tag: 1, $0).isFound })
      #expect(!key.withByteView { table.find(tag: 2, $0).isFound })
      for bit in 0..<length * 8 {
        var other = key
        other[bit / 8] ^= 1 << UInt8(bit % 8)
        #expect(!other.withByteView { table.find(tag: 1, $0).isFound }, "bit \(bit)")
      }
    }
  }

  @Test("a key of 256 bytes more is not taken for the shorter one")
  func lengthModulo() {
    var builder = KeyTableBuilder()
    let key = Array("short".utf8)
    key.withByteView { builder.add(tag: 0, $0, value: 1) }
    let longer = key + [UInt8](repeating: 0, count: 256)
    builder.build().section.withByteView { section in
      #expect(!longer.withByteView { KeyTable(trusting: section).find(tag: 0, $0).isFound })
    }
  }

  @Test(
    "keys made to collide under one seed are told apart under the next", .timeLimit(.minutes(1)))
  func craftedKeys() {
    // Keys whose first word makes the first multiplication zero under the salt of seed 1.
    let salt = KeyHash.salt(seed: 1)
    var builder = KeyTableBuilder()
    var keys: [[UInt8]] = []
    for number in 0..<16 {
      var key: [UInt8] = []
      key.append(integer: salt)
      key.append(integer: UInt64(number))
      key.append(integer: UInt64(7))
      key.append(integer: UInt64(9))
      keys.append(key)
      key.withByteView { builder.add(tag: 0, $0, value: UInt32(number)) }
    }
    #expect(
      Set(keys.map { $0.withByteView { KeyHash.words(tag: 0, $0, salt: salt).hash } }).count == 1)
    builder.build().section.withByteView { section in
      let table = KeyTable(trusting: section)
      for (number, key) in keys.enumerated() {
        let slot = key.withByteView { table.find(tag: 0, $0) }
        #expect(slot.isFound && slot.value == UInt32(number))
      }
    }
  }

  @Test("the same keys give the same bytes")
  func deterministic() {
    func build() -> [UInt8] {
      var builder = KeyTableBuilder()
      for item in KeyTableTests.keys(500, seed: 3) {
        item.key.withByteView { builder.add(tag: item.tag, $0, value: 5) }
      }
      return builder.build().section
    }
    #expect(build() == build())
  }

  @Test("hashes spread over buckets and slots")
  func distribution() {
    var counts = [Int](repeating: 0, count: 64)
    for number in 0..<64_000 {
      let key = Array("user-\(number)@example.com".utf8)
      let hash = key.withByteView { KeyHash.words(tag: 0, $0, salt: KeyHash.salt(seed: 1)).hash }
      counts[KeyHash.slot(hash: hash, pilot: 3, slotCount: 64)] += 1
    }
    #expect((counts.min() ?? 0) > 850)
    #expect((counts.max() ?? 0) < 1_150)
  }
}
