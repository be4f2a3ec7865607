/// Memory for requests and replies that outgrow their inline buffers: blocks of a few sizes, kept
/// for the next request. Belongs to one loop.
///
/// | size | for | kept |
/// |---|---|---|
/// | 4 KiB | a few checks | 256 |
/// | 64 KiB | a batch of a thousand | 32 |
/// | beyond | doubled as the bytes arrive, straight from the C library | none |
@safe
struct BlockPool {
  static let smallByteCount = 4 << 10
  static let largeByteCount = 64 << 10
  static let smallKeptCountMax = 256
  static let largeKeptCountMax = 32

  // A free block's first word points to the next one.
  private var smallFree: UnsafeMutableRawPointer?
  private var largeFree: UnsafeMutableRawPointer?
  private var smallKeptCount = 0
  private var largeKeptCount = 0
  /// Bytes in blocks that are in use.
  private(set) var heldByteCount = 0

  init() {}

  /// The size of the block that `take(byteCount:)` gives.
  static func blockByteCount(for byteCount: Int) -> Int {
    if byteCount <= smallByteCount { return smallByteCount }
    if byteCount <= largeByteCount { return largeByteCount }
    var size = largeByteCount
    while size < byteCount { size *= 2 }
    return size
  }

  /// A block of exactly `byteCount` bytes, which came from `blockByteCount(for:)`.
  @unsafe
  mutating func take(byteCount: Int) -> UnsafeMutableRawPointer {
    heldByteCount += byteCount
    if byteCount == BlockPool.smallByteCount, let block = unsafe smallFree {
      // SAFETY: a kept block holds the next one's address.
      unsafe smallFree = block.load(as: UnsafeMutableRawPointer?.self)
      smallKeptCount -= 1
      return unsafe block
    }
    if byteCount == BlockPool.largeByteCount, let block = unsafe largeFree {
      unsafe largeFree = block.load(as: UnsafeMutableRawPointer?.self)
      largeKeptCount -= 1
      return unsafe block
    }
    return UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 16)
  }

  /// Takes back a block of `byteCount` bytes that nobody uses any more.
  @unsafe
  mutating func giveBack(_ block: UnsafeMutableRawPointer, byteCount: Int) {
    heldByteCount -= byteCount
    // SAFETY: the block is ours again and has room for an address.
    if byteCount == BlockPool.smallByteCount, smallKeptCount < BlockPool.smallKeptCountMax {
      unsafe block.storeBytes(of: smallFree, as: UnsafeMutableRawPointer?.self)
      unsafe smallFree = block
      smallKeptCount += 1
    } else if byteCount == BlockPool.largeByteCount, largeKeptCount < BlockPool.largeKeptCountMax {
      unsafe block.storeBytes(of: largeFree, as: UnsafeMutableRawPointer?.self)
      unsafe largeFree = block
      largeKeptCount += 1
    } else {
      unsafe block.deallocate()
    }
  }

  /// Counts a block of `byteCount` bytes that somebody else frees.
  mutating func giveAway(byteCount: Int) { heldByteCount -= byteCount }

  /// Frees the kept blocks.
  mutating func empty() {
    while let block = unsafe smallFree {
      // SAFETY: a kept block holds the next one's address.
      unsafe smallFree = block.load(as: UnsafeMutableRawPointer?.self)
      unsafe block.deallocate()
    }
    while let block = unsafe largeFree {
      unsafe largeFree = block.load(as: UnsafeMutableRawPointer?.self)
      unsafe block.deallocate()
    }
    smallKeptCount = 0
    largeKeptCount = 0
  }
}

/// Bytes that grow: first in memory beside the owner, then in blocks of the pool.
@safe
struct ByteStore {
  private(set) var base: UnsafeMutableRawPointer
  private(set) var capacity: Int
  var count = 0
  private let inlineBase: UnsafeMutableRawPointer
  private let inlineCapacity: Int

  /// - Precondition: the inline memory lives as long as the store.
  @unsafe
  init(inline base: UnsafeMutableRawPointer, byteCount: Int) {
    unsafe self.base = base
    unsafe inlineBase = base
    capacity = byteCount
    inlineCapacity = byteCount
  }

  var isInline: Bool { unsafe base == inlineBase }

  /// The size of the block, where it has one.
  @inline(__always)
  var heldByteCount: Int { isInline ? 0 : capacity }

  /// Moves to a block of at least `byteCount` bytes.
  mutating func grow(to byteCount: Int, _ pool: inout BlockPool) {
    let size = BlockPool.blockByteCount(for: byteCount)
    let block = unsafe pool.take(byteCount: size)
    // SAFETY: the new block is bigger than what is stored.
    unsafe block.copyMemory(from: base, byteCount: count)
    if !isInline { unsafe pool.giveBack(base, byteCount: capacity) }
    unsafe base = block
    capacity = size
  }

  /// Copies `source` behind what is stored.
  /// - Precondition: there is room.
  @unsafe
  mutating func append(_ source: UnsafeRawPointer, _ byteCount: Int) {
    precondition(byteCount >= 0 && byteCount <= capacity - count, "no room in the store")
    // SAFETY: the room was just checked; the caller vouches for the source.
    unsafe (base + count).copyMemory(from: source, byteCount: byteCount)
    count += byteCount
  }

  /// Forgets the first bytes and moves the others to the front.
  /// - Precondition: as many are stored.
  mutating func removeFirst(_ byteCount: Int) {
    precondition(byteCount >= 0 && byteCount <= count, "what is stored")
    if byteCount == 0 { return }
    count -= byteCount
    // SAFETY: as many bytes as are left; the two places may overlap.
    unsafe base.copyMemory(from: base + byteCount, byteCount: count)
  }

  /// Gives what is stored to somebody else, who frees it, and is empty again. What lies inline is
  /// copied.
  @unsafe
  mutating func detach(_ pool: inout BlockPool) -> (UnsafeMutableRawPointer, Int) {
    let taken = count
    count = 0
    if isInline {
      let copy = UnsafeMutableRawPointer.allocate(byteCount: max(taken, 1), alignment: 16)
      // SAFETY: as many bytes as are stored.
      unsafe copy.copyMemory(from: base, byteCount: taken)
      return unsafe (copy, taken)
    }
    pool.giveAway(byteCount: capacity)
    let block = unsafe base
    unsafe base = inlineBase
    capacity = inlineCapacity
    return unsafe (block, taken)
  }

  /// Takes over the block of another store, which is empty afterwards.
  mutating func adopt(_ other: inout ByteStore, _ pool: inout BlockPool) {
    precondition(!other.isInline, "inline memory is nobody else's")
    reset(&pool)
    unsafe base = other.base
    capacity = other.capacity
    count = other.count
    unsafe other.base = other.inlineBase
    other.capacity = other.inlineCapacity
    other.count = 0
  }

  /// Gives the block back and is empty again.
  @inline(__always)
  mutating func reset(_ pool: inout BlockPool) {
    count = 0
    if isInline { return }
    unsafe pool.giveBack(base, byteCount: capacity)
    unsafe base = inlineBase
    capacity = inlineCapacity
  }
}
