public import CVerdictSystem
public import VerdictModel

/// A read-only table of byte strings with a value each, found through a perfect hash.
///
/// Each key is in exactly one slot, so that a look-up is one small load (the pilot of the key's
/// bucket, which stays in cache) and one slot, known or unknown key alike. The full key is always
/// compared: a hash alone never decides anything.
///
/// | Offset in the section | Bytes | Field |
/// |---|---|---|
/// | 0 | 4 | slots |
/// | 4 | 4 | buckets |
/// | 8 | 4 | key capacity of a slot in bytes, a multiple of 8 |
/// | 12 | 4 | entries |
/// | 16 | 8 | seed |
/// | 24 | 8 | byte count of the heap |
/// | 32 | 32 | zero |
/// | 64 | 2 each | pilots, then zeros up to a multiple of 64 |
/// | ... | 8 + capacity each | slots |
/// | ... | | heap of the keys that are longer than the capacity |
///
/// | Slot offset | Bytes | Field |
/// |---|---|---|
/// | 0 | 4 | value |
/// | 4 | 1 | key length, 0: empty slot |
/// | 5 | 1 | tag, part of the key |
/// | 6 | 2 | extra |
/// | 8 | capacity | the key, zero-padded; or its place in the heap (8) and its hash (8) |
@safe
public struct KeyTable {
  @usableFromInline let base: UnsafeRawPointer
  @usableFromInline let byteCount: Int
  public let slotCount: Int
  @usableFromInline let bucketCount: Int
  @usableFromInline let keyCapacity: Int
  public let entryCount: Int
  @usableFromInline let seed: UInt64
  @usableFromInline let slotsOffset: Int
  @usableFromInline let heapOffset: Int

  @inlinable public static var headerByteCount: Int { 64 }
  /// Slot sizes that a writer may choose from: key capacities in bytes.
  public static let keyCapacities = [16, 24, 32, 40, 48, 56]

  /// Reads the header of a section that was validated, is about to be, or was built by this process.
  @inlinable @inline(__always)
  public init(trusting section: ByteView) {
    precondition(section.count >= KeyTable.headerByteCount, "a key table has a header")
    // SAFETY: the section lives as long as the snapshot; the header was just checked to be there.
    unsafe base = section.buffer.baseAddress.unsafelyUnwrapped
    byteCount = section.count
    let counts = section.load64(at: 0)
    slotCount = Int(counts & 0xffff_ffff)
    bucketCount = Int(counts >> 32)
    let sizes = section.load64(at: 8)
    keyCapacity = Int(sizes & 0xffff_ffff)
    entryCount = Int(sizes >> 32)
    seed = section.load64(at: 16)
    slotsOffset = KeyTable.slotsOffset(bucketCount: bucketCount)
    heapOffset = slotsOffset &+ slotCount &* (8 &+ keyCapacity)
  }

  @inlinable @inline(__always)
  static func slotsOffset(bucketCount: Int) -> Int {
    headerByteCount &+ ((bucketCount &* 2 &+ 63) & ~63)
  }

  // MARK: Looking up

  /// The hash of a key of this table.
  @inlinable @inline(__always)
  public func hash(tag: UInt8, _ key: ByteView) -> UInt64 {
    KeyHash.hash(tag: tag, key, seed: seed)
  }

  /// The one slot that the key with this hash can be in.
  @inlinable @inline(__always)
  public func slot(hash: UInt64) -> Int {
    let bucket = Int(truncatingIfNeeded: hash.multipliedFullWidth(by: UInt64(bucketCount)).high)
    // SAFETY: the high word of the product is below the number of buckets, whose pilots lie inside
    // the section by validation.
    let pilot = unsafe UInt16(
      littleEndian: base.loadUnaligned(
        fromByteOffset: KeyTable.headerByteCount &+ bucket &* 2, as: UInt16.self))
    return KeyHash.slot(hash: hash, pilot: pilot, slotCount: slotCount)
  }

  /// Asks the processor for the slot's cache lines.
  @inlinable @inline(__always)
  public func prefetch(slot: Int) {
    let stride = 8 &+ keyCapacity
    // SAFETY: a prefetch of any address is harmless; these are inside the section.
    unsafe verdict_prefetch(base + (slotsOffset &+ slot &* stride))
    unsafe verdict_prefetch(base + (slotsOffset &+ slot &* stride &+ stride &- 1))
  }

  /// Whether `slot` holds this key.
  ///
  /// - Parameter hash: the key's, which covers the tag.
  @inlinable @inline(__always)
  public func holds(slot: Int, tag: UInt8, _ key: ByteView, hash: UInt64) -> Bool {
    let head = word(slot: slot, at: 0)
    let expected = UInt64(truncatingIfNeeded: key.count) | UInt64(tag) << 8
    // An empty key would match an empty slot, and a longer one its length modulo 256.
    guard (head >> 32) & 0xffff == expected, key.count >= 1, key.count <= Limits.idByteCountMax
    else { return false }
    guard key.count <= keyCapacity else {
      // SAFETY: the section that this table was made from.
      let section = unsafe ByteView(base: base, count: byteCount)
      return KeyTable.holdsLong(section, slot: slot, key, hash: hash)
    }
    let last = key.count &- 8
    if last < 0 { return word(slot: slot, at: 8) == KeyHash.short(key) }
    // SAFETY: all offsets are below the last eight bytes of the key, which are inside.
    var index = 0
    while index < last {
      guard unsafe word(slot: slot, at: 8 &+ index) == key.uncheckedLoad64(at: index) else {
        return false
      }
      index &+= 8
    }
    return unsafe word(slot: slot, at: 8 &+ last) == key.uncheckedLoad64(at: last)
  }

  /// Takes the section and not the table, so that a table need not be put into memory on the way
  /// of short keys.
  @usableFromInline @inline(never)
  static func holdsLong(_ section: ByteView, slot: Int, _ key: ByteView, hash: UInt64) -> Bool {
    let table = KeyTable(trusting: section)
    return table.word(slot: slot, at: 16) == hash && table.key(slot: slot) == key
  }

  /// The slot of a key, or -1.
  @inlinable @inline(__always)
  public func find(tag: UInt8, _ key: ByteView) -> Int {
    let hash = hash(tag: tag, key)
    let slot = slot(hash: hash)
    return holds(slot: slot, tag: tag, key, hash: hash) ? slot : -1
  }

  /// Where a key can only be, with its hash.
  public struct Sought {
    @usableFromInline let hash: UInt64
    @usableFromInline let slot: Int

    @inlinable @inline(__always)
    init(hash: UInt64, slot: Int) {
      self.hash = hash
      self.slot = slot
    }
  }

  /// Begins a look-up: asks the processor for the key's slot. What is done before `find` hides
  /// the wait for cold memory.
  @inlinable @inline(__always)
  public func seek(tag: UInt8, _ key: ByteView) -> Sought {
    let hash = hash(tag: tag, key)
    let slot = slot(hash: hash)
    prefetch(slot: slot)
    return Sought(hash: hash, slot: slot)
  }

  /// Ends a look-up of the same key: its slot, or -1.
  @inlinable @inline(__always)
  public func find(_ sought: Sought, tag: UInt8, _ key: ByteView) -> Int {
    holds(slot: sought.slot, tag: tag, key, hash: sought.hash) ? sought.slot : -1
  }

  // MARK: Reading a slot

  @inlinable @inline(__always)
  public func value(slot: Int) -> UInt32 { UInt32(truncatingIfNeeded: word(slot: slot, at: 0)) }

  /// The number beside the value.
  @inlinable @inline(__always)
  public func extra(slot: Int) -> UInt16 {
    UInt16(truncatingIfNeeded: word(slot: slot, at: 0) >> 48)
  }

  @inlinable
  public func tag(slot: Int) -> UInt8 { UInt8(truncatingIfNeeded: word(slot: slot, at: 0) >> 40) }

  /// Whether the slot holds a key at all.
  @inlinable
  public func isOccupied(slot: Int) -> Bool { (word(slot: slot, at: 0) >> 32) & 0xff != 0 }

  /// The key in an occupied slot.
  public func key(slot: Int) -> ByteView {
    let length = Int((word(slot: slot, at: 0) >> 32) & 0xff)
    let stride = 8 + keyCapacity
    let offset =
      length <= keyCapacity
      ? slotsOffset + slot * stride + 8 : heapOffset + Int(word(slot: slot, at: 8))
    precondition(offset >= 0 && offset <= byteCount - length, "a key inside the table")
    // SAFETY: inside the section, by the check above.
    return unsafe ByteView(base: base + offset, count: length)
  }

  /// Eight bytes of a slot.
  ///
  /// - Precondition: they lie inside the slot.
  @inlinable @inline(__always)
  func word(slot: Int, at offset: Int) -> UInt64 {
    precondition(UInt(bitPattern: slot) < UInt(bitPattern: slotCount), "a slot of the table")
    // SAFETY: the slot was just checked; all slots lie inside the section by validation.
    return unsafe UInt64(
      littleEndian: base.loadUnaligned(
        fromByteOffset: slotsOffset &+ slot &* (8 &+ keyCapacity) &+ offset, as: UInt64.self))
  }
}
