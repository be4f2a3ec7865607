public import VerdictModel

/// The hash of key tables: 64 bits of a tag and a byte string, by multiplying and folding.
///
/// It need not withstand a hostile asker, because a table is a perfect hash over keys that are
/// fixed when it is built, and an unknown key costs one slot whatever its hash.
public enum KeyHash {
  /// A hash with the two words of the key that it was made of last: a table compares them first,
  /// and of a key of up to sixteen bytes nothing else is left to compare.
  public struct Words {
    @usableFromInline let hash: UInt64
    /// Of up to sixteen bytes the first eight, zero-padded.
    @usableFromInline let first: UInt64
    /// The last eight bytes, or 0 of a shorter key.
    @usableFromInline let last: UInt64

    @inlinable @inline(__always)
    init(hash: UInt64, first: UInt64, last: UInt64) {
      self.hash = hash
      self.first = first
      self.last = last
    }
  }

  @inlinable @inline(__always)
  static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }

  /// The salt of a seed.
  static func salt(seed: UInt64) -> UInt64 { seed &* 0x5899_65cc_7537_4cc3 }

  /// Complexity: one multiplication per 16 bytes and one more.
  ///
  /// The salt is in both factors of every multiplication: whatever a key's bytes are, a factor that
  /// they make zero under one salt is not zero under the next.
  @inlinable @inline(__always)
  public static func words(tag: UInt8, _ key: ByteView, salt: UInt64) -> Words {
    let count = key.count
    var hash = (salt ^ prefix(tag: tag, key)) &* 0x9e37_79b9_7f4a_7c15
    let first: UInt64
    var last: UInt64 = 0
    if count >= 8 {
      var index = 0
      let end = count &- 8
      // SAFETY: the loop stays sixteen bytes below the end, and both other loads are inside.
      while count &- index > 16 {
        hash = unsafe fold(
          key.uncheckedLoad64(at: index) ^ salt, key.uncheckedLoad64(at: index &+ 8) ^ hash)
        index &+= 16
      }
      first = unsafe key.uncheckedLoad64(at: min(index, end))
      last = unsafe key.uncheckedLoad64(at: end)
    } else {
      first = short(key)
    }
    return Words(hash: fold(first ^ salt, last ^ hash), first: first, last: last)
  }

  /// Tag and length in one word.
  @inlinable @inline(__always)
  static func prefix(tag: UInt8, _ key: ByteView) -> UInt64 {
    UInt64(truncatingIfNeeded: key.count) &<< 8 | UInt64(tag)
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

  /// The bucket of a hash: its upper half, scaled.
  @inlinable @inline(__always)
  static func bucket(hash: UInt64, bucketCount: UInt64) -> Int {
    Int(truncatingIfNeeded: ((hash >> 32) &* bucketCount) >> 32)
  }

  /// Where a key goes under its bucket's pilot.
  @inlinable @inline(__always)
  static func slot(hash: UInt64, pilot: UInt16, slotCount: UInt64) -> Int {
    let mixed = (hash ^ (UInt64(pilot) &* 0x9fb2_1c65_1e98_df25)) &* 0xd6e8_feb8_6659_fd93
    return Int(truncatingIfNeeded: ((mixed >> 32) &* slotCount) >> 32)
  }
}
