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

  /// Complexity: one multiplication per 16 bytes and one more.
  ///
  /// The seed is in both factors of every multiplication: whatever a key's bytes are, a factor that
  /// they make zero under one seed is not zero under the next.
  @inlinable @inline(__always)
  public static func hash(tag: UInt8, _ key: ByteView, seed: UInt64) -> UInt64 {
    let mask = seed &* 0x5899_65cc_7537_4cc3
    var hash =
      mask ^ (UInt64(truncatingIfNeeded: key.count) << 8 | UInt64(tag)) &* 0x9e37_79b9_7f4a_7c15
    let first: UInt64
    var second: UInt64 = 0
    if key.count >= 8 {
      var index = 0
      // SAFETY: the loop stays sixteen bytes below the end, and both last loads are inside.
      while key.count &- index > 16 {
        hash = unsafe fold(
          key.uncheckedLoad64(at: index) ^ mask ^ 0xa076_1d64_78bd_642f,
          key.uncheckedLoad64(at: index &+ 8) ^ hash)
        index &+= 16
      }
      let last = key.count &- 8
      first = unsafe key.uncheckedLoad64(at: min(index, last))
      second = unsafe key.uncheckedLoad64(at: last)
    } else {
      first = short(key)
    }
    return fold(first ^ mask ^ 0xe703_7ed1_a0b4_28db, second ^ hash ^ 0x8ebc_6af0_9c88_c6e3)
  }

  /// A key of fewer than eight bytes as a zero-padded little-endian word.
  @inlinable @inline(__always)
  static func short(_ key: ByteView) -> UInt64 {
    let count = key.count
    if count == 0 { return 0 }
    // By pieces that overlap: equal bytes meet equal bytes.
    if count >= 4 {
      let last = UInt64(key.load32(at: count &- 4))
      return UInt64(key.load32(at: 0)) | last &<< UInt64(truncatingIfNeeded: (count &- 4) &* 8)
    }
    if count == 1 { return UInt64(key[0]) }
    let last = UInt64(key[count &- 1])
    return UInt64(key.load16(at: 0)) | last &<< UInt64(truncatingIfNeeded: (count &- 1) &* 8)
  }

  /// Where a key goes under its bucket's pilot.
  @inlinable @inline(__always)
  static func slot(hash: UInt64, pilot: UInt16, slotCount: Int) -> Int {
    let mixed = (hash ^ (UInt64(pilot) &* 0x9fb2_1c65_1e98_df25)) &* 0xd6e8_feb8_6659_fd93
    return Int(
      truncatingIfNeeded: (mixed ^ (mixed >> 32)).multipliedFullWidth(by: UInt64(slotCount)).high)
  }
}
