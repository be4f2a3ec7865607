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
/// | 16 | 8 | salt of the hash |
/// | 24 | 8 | byte count of the heap |
/// | 32 | 8 | offset of the slots |
/// | 40 | 24 | zero |
/// | 64 | 2 each | pilots, then zeros up to a multiple of 64 |
/// | ... | 8 + capacity each | slots |
/// | ... | | heap of the keys that are longer than the capacity |
///
/// | Slot offset | Bytes | Field |
/// |---|---|---|
/// | 0 | 4 | value |
/// | 4 | 1 | tag, part of the key; 255 in empty slots, so that no key is found there |
/// | 5 | 1 | key length, 0: empty slot |
/// | 6 | 2 | extra |
/// | 8 | capacity | the key, zero-padded; or its place in the heap (8) and its hash (8) |
@safe
public struct KeyTable {
  @usableFromInline let base: UnsafeRawPointer

  @inlinable public static var headerByteCount: Int { 64 }
  /// Slot sizes that a writer may choose from: key capacities in bytes. The smallest takes two
  /// words, see `KeyHash.Words`.
  public static let keyCapacities = [16, 24, 32, 40, 48, 56]
  /// The tag of empty slots, which no key may have.
  @inlinable public static var emptyTag: UInt8 { .max }
  /// A tag that neither a key nor an empty slot has: nothing is found with it.
  @inlinable public static var unusedTag: UInt8 { .max - 1 }

  /// For a section that was validated, is about to be, or was built by this process.
  @inlinable @inline(__always)
  public init(trusting section: ByteView) {
    precondition(section.count >= KeyTable.headerByteCount, "a key table has a header")
    // SAFETY: the section lives as long as the snapshot; the header was just checked to be there.
    unsafe base = section.buffer.baseAddress.unsafelyUnwrapped
  }

  /// - Precondition: a validated section begins at `base`.
  @unsafe
  @inlinable @inline(__always)
  init(trusting base: UnsafeRawPointer) { unsafe self.base = base }

  // MARK: Header

  // SAFETY of the loads: offsets inside the header, which is there by the initialisers.

  @inlinable @inline(__always)
  func header32(_ offset: Int) -> UInt64 {
    unsafe UInt64(
      UInt32(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
  }

  @inlinable @inline(__always)
  func header64(_ offset: Int) -> UInt64 {
    unsafe UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  @inlinable @inline(__always)
  public var slotCount: Int { Int(truncatingIfNeeded: header32(0)) }
  @inlinable @inline(__always)
  var bucketCount: Int { Int(truncatingIfNeeded: header32(4)) }
  @inlinable @inline(__always)
  var keyCapacity: Int { Int(truncatingIfNeeded: header32(8)) }
  public var entryCount: Int { Int(truncatingIfNeeded: header32(12)) }
  @inlinable @inline(__always)
  var salt: UInt64 { header64(16) }
  @inlinable @inline(__always)
  var slotsOffset: Int { Int(truncatingIfNeeded: header64(32)) }
  var heapOffset: Int { slotsOffset &+ slotCount &* (8 &+ keyCapacity) }
  var heapByteCount: Int { Int(truncatingIfNeeded: header64(24)) }

  /// Where the slots begin behind the pilots of so many buckets.
  static func slotsOffset(bucketCount: Int) -> Int {
    headerByteCount &+ ((bucketCount &* 2 &+ 63) & ~63)
  }

  // MARK: Looking up

  /// The one slot that the key with this hash can be in.
  @inlinable @inline(__always)
  func slot(hash: UInt64) -> Int {
    let bucket = KeyHash.bucket(hash: hash, bucketCount: header32(4))
    // SAFETY: the bucket is below the number of buckets, whose pilots lie inside the section by
    // validation.
    let pilot = unsafe UInt16(
      littleEndian: base.loadUnaligned(
        fromByteOffset: KeyTable.headerByteCount &+ bucket &* 2, as: UInt16.self))
    return KeyHash.slot(hash: hash, pilot: pilot, slotCount: header32(0))
  }

  /// Where a key can only be, with its hash.
  public struct Sought {
    @usableFromInline let words: KeyHash.Words
    @usableFromInline let slot: Int

    @inlinable @inline(__always)
    init(words: KeyHash.Words, slot: Int) {
      self.words = words
      self.slot = slot
    }

    /// Nothing sought, for memory that is filled later.
    @inlinable
    public init() { self.init(words: KeyHash.Words(hash: 0, first: 0, last: 0), slot: 0) }
  }

  /// Begins a look-up: asks the processor for the key's slot. What is done before `find` hides
  /// the wait for cold memory.
  @inlinable @inline(__always)
  public func seek(tag: UInt8, _ key: ByteView) -> Sought {
    let words = KeyHash.words(tag: tag, key, salt: salt)
    let slot = slot(hash: words.hash)
    let stride = 8 &+ keyCapacity
    // SAFETY: a prefetch of any address is harmless; these are the ends of the slot.
    unsafe verdict_prefetch(base + (slotsOffset &+ slot &* stride))
    unsafe verdict_prefetch(base + (slotsOffset &+ slot &* stride &+ stride &- 1))
    return Sought(words: words, slot: slot)
  }

  /// Ends a look-up of the same key. The full key is compared.
  @inlinable @inline(__always)
  public func find(_ sought: Sought, tag: UInt8, _ key: ByteView) -> KeySlot {
    let offset = offset(slot: sought.slot)
    let head = unsafe word(at: offset)
    // Length and tag at once. Too long a key fails here, because a slot's length is one byte; an
    // empty one, because an empty slot's tag is nobody's.
    guard (head >> 32) & 0xffff == KeyHash.prefix(tag: tag, key), holds(sought, offset, key)
    else { return KeySlot() }
    return KeySlot(head: head, number: sought.slot)
  }

  /// Whether the slot at `offset`, which has a key of the same length and tag, has this key.
  @inlinable @inline(__always)
  func holds(_ sought: Sought, _ offset: Int, _ key: ByteView) -> Bool {
    // SAFETY: offsets inside the slot, which takes the key or has at least sixteen bytes for it;
    // the loads from the key end at its last byte.
    if key.count <= 16 {
      guard unsafe word(at: offset &+ 8) == sought.words.first else { return false }
      return unsafe key.count <= 8 || word(at: offset &+ key.count) == sought.words.last
    }
    guard key.count <= keyCapacity else {
      return unsafe KeyTable.holdsLong(base, sought, key)
    }
    var index = 0
    while index < key.count &- 8 {
      guard unsafe word(at: offset &+ 8 &+ index) == key.uncheckedLoad64(at: index) else {
        return false
      }
      index &+= 8
    }
    return unsafe word(at: offset &+ key.count) == sought.words.last
  }

  /// Takes the address and not the table, so that a table need not be put into memory on the way
  /// of short keys.
  @unsafe
  @usableFromInline @inline(never)
  static func holdsLong(_ base: UnsafeRawPointer, _ sought: Sought, _ key: ByteView) -> Bool {
    let table = unsafe KeyTable(trusting: base)
    // SAFETY: a slot has at least three words.
    return unsafe table.word(at: table.offset(slot: sought.slot) &+ 16) == sought.words.hash
      && table.key(slot: sought.slot) == key
  }

  /// The slot of a key.
  @inlinable @inline(__always)
  public func find(tag: UInt8, _ key: ByteView) -> KeySlot {
    find(seek(tag: tag, key), tag: tag, key)
  }

  // MARK: Reading a slot

  /// The slot with a number, which holds a key or is empty.
  @inlinable @inline(__always)
  public func slot(_ number: Int) -> KeySlot {
    // SAFETY: the beginning of a slot.
    unsafe KeySlot(head: word(at: offset(slot: number)), number: number)
  }

  /// The key in an occupied slot.
  public func key(slot: Int) -> ByteView {
    let offset = offset(slot: slot)
    // SAFETY: the first two words of a slot.
    let length = unsafe Int((word(at: offset) >> 40) & 0xff)
    let place = unsafe length <= keyCapacity ? offset + 8 : heapOffset + Int(word(at: offset + 8))
    precondition(
      place >= 0 && place <= heapOffset + heapByteCount - length, "a key inside the table")
    // SAFETY: inside the section, by the check above.
    return unsafe ByteView(base: base + place, count: length)
  }

  /// Where a slot begins. All slots lie inside the section by validation.
  @inlinable @inline(__always)
  func offset(slot: Int) -> Int {
    precondition(UInt(bitPattern: slot) < UInt(bitPattern: slotCount), "a slot of the table")
    return slotsOffset &+ slot &* (8 &+ keyCapacity)
  }

  /// Eight bytes of a slot.
  ///
  /// - Precondition: they lie inside the slot; not checked.
  @unsafe
  @inlinable @inline(__always)
  func word(at offset: Int) -> UInt64 {
    unsafe UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
}

/// What a look-up found: an occupied slot's first word and number, or nothing.
public struct KeySlot {
  @usableFromInline let head: UInt64
  /// The slot's number.
  public let number: Int

  @inlinable @inline(__always)
  init(head: UInt64, number: Int) {
    self.head = head
    self.number = number
  }

  /// Nothing, in the words of an empty slot: `KeyTable.emptyTag`, and an extra that is no
  /// workspace's.
  @inlinable @inline(__always)
  public init() { self.init(head: 0xffff_00ff_0000_0000, number: -1) }

  /// Nothing that is known, but something: no other slot without a key has this value.
  @inlinable
  public static var something: KeySlot { KeySlot(head: 0xffff_00ff_ffff_ffff, number: -1) }

  /// Whether there is a key: an occupied slot's length is not zero.
  @inlinable @inline(__always)
  public var isFound: Bool { (head >> 40) & 0xff != 0 }
  @inlinable @inline(__always)
  public var value: UInt32 { UInt32(truncatingIfNeeded: head) }
  @inlinable @inline(__always)
  public var tag: UInt8 { UInt8(truncatingIfNeeded: head >> 32) }
  /// The number beside the value.
  @inlinable @inline(__always)
  public var extra: UInt16 { UInt16(truncatingIfNeeded: head >> 48) }
  /// The length of the key in bytes.
  @inlinable
  public var keyByteCount: Int { Int((head >> 40) & 0xff) }
}
