public import VerdictModel

/// The hash of key tables: 64 bits of a tag and a byte string, by multiplying and folding.
///
/// It need not withstand a hostile asker, because a table is a perfect hash over keys that are
/// fixed when it is built, and an unknown key costs one slot whatever its hash.
public enum KeyHash {
  @inlinable @inline(__always)
  static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }

  /// Complexity: one multiplication per 16 bytes and two more.
  @inlinable @inline(__always)
  public static func hash(tag: UInt8, _ key: ByteView, seed: UInt64) -> UInt64 {
    var hash = seed ^ (UInt64(truncatingIfNeeded: key.count) << 8 | UInt64(tag)) &* 0x9e37_79b9_7f4a_7c15
    var index = 0
    while index &+ 16 < key.count {
      hash = fold(
        key.load64(at: index) ^ 0xa076_1d64_78bd_642f, key.load64(at: index &+ 8) ^ hash)
      index &+= 16
    }
    let rest = key.count &- index
    let first: UInt64
    let second: UInt64
    if rest >= 8 {
      first = key.load64(at: index)
      second = key.load64(at: key.count &- 8)
    } else {
      first = tail(key, from: index)
      second = 0
    }
    hash = fold(first ^ 0xe703_7ed1_a0b4_28db, second ^ hash)
    return fold(hash ^ 0x8ebc_6af0_9c88_c6e3, 0x5899_65cc_7537_4cc3)
  }

  /// The last bytes of a key, fewer than eight, as a zero-padded little-endian word.
  @inlinable @inline(__always)
  static func tail(_ key: ByteView, from index: Int) -> UInt64 {
    let rest = key.count &- index
    if rest == 0 { return 0 }
    if key.count >= 8 {
      // Eight bytes that end where the key ends; those before `index` are shifted out.
      return key.load64(at: key.count &- 8) &>> UInt64(truncatingIfNeeded: (8 &- rest) &* 8)
    }
    // A whole short key, by pieces that overlap: equal bytes meet equal bytes.
    if rest >= 4 {
      let last = UInt64(key.load32(at: key.count &- 4))
      return UInt64(key.load32(at: 0)) | last &<< UInt64(truncatingIfNeeded: (rest &- 4) &* 8)
    }
    if rest == 1 { return UInt64(key[0]) }
    let last = UInt64(key[rest &- 1])
    return UInt64(key.load16(at: 0)) | last &<< UInt64(truncatingIfNeeded: (rest &- 1) &* 8)
  }

  /// Where a key goes under its bucket's pilot.
  @inlinable @inline(__always)
  static func slot(hash: UInt64, pilot: UInt16, slotCount: Int) -> Int {
    let mixed = (hash ^ (UInt64(pilot) &* 0x9fb2_1c65_1e98_df25)) &* 0xd6e8_feb8_6659_fd93
    return Int(truncatingIfNeeded: (mixed ^ (mixed >> 32)).multipliedFullWidth(by: UInt64(slotCount)).high)
  }
}
