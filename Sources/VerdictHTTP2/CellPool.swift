internal import CNghttp2
internal import Glibc

/// Memory for nghttp2's own small objects (streams, queue items, header copies): about eight a
/// call. The C library's per-thread cache holds seven of a size, so that a batch of calls would run
/// past it; here a loop keeps as many as its busiest moment needed, and takes no lock.
///
/// Every cell has a head of 16 bytes with its class: its size in steps of 32 bytes, or `large` for
/// what comes from the C library directly. It never answers null, because nghttp2 1.52 does not
/// survive that everywhere; how much there can be is bounded by the session's limits.
@safe
struct CellPool {
  static let stepByteCount = 32
  static let classCount = 16
  static let headByteCount = 16
  /// Free bytes kept for each class.
  static let keptByteCountMax = 256 << 10
  private static var large: Int { 255 }

  /// A class's free cells, each pointing to the next.
  @safe
  private struct Shelf {
    var first: UnsafeMutableRawPointer?
    var count = 0
  }

  private let shelves: UnsafeMutablePointer<Shelf>

  init() {
    unsafe shelves = .allocate(capacity: CellPool.classCount + 1)
    // SAFETY: as many as were allocated.
    unsafe shelves.initialize(repeating: Shelf(), count: CellPool.classCount + 1)
  }

  /// Frees what is kept.
  /// - Precondition: no session uses the pool any more.
  func free() {
    for index in 0...CellPool.classCount {
      // SAFETY: a kept cell's payload holds the next one's address.
      while let cell = unsafe shelves[index].first {
        unsafe shelves[index].first = cell.load(as: UnsafeMutableRawPointer?.self)
        unsafe Glibc.free(cell - CellPool.headByteCount)
      }
    }
    unsafe shelves.deallocate()
  }

  @unsafe
  @inline(__always)
  func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let index = max(1, (byteCount &+ (CellPool.stepByteCount - 1)) / CellPool.stepByteCount)
    guard index <= CellPool.classCount else {
      return unsafe fresh(byteCount, CellPool.large)
    }
    // SAFETY: the index is within the shelves; a kept cell holds the next one's address.
    guard let cell = unsafe shelves[index].first else {
      return unsafe fresh(index * CellPool.stepByteCount, index)
    }
    unsafe shelves[index].first = cell.load(as: UnsafeMutableRawPointer?.self)
    unsafe shelves[index].count &-= 1
    return unsafe cell
  }

  @unsafe
  @inline(never)
  private func fresh(_ byteCount: Int, _ index: Int) -> UnsafeMutableRawPointer {
    guard let memory = unsafe malloc(byteCount + CellPool.headByteCount) else {
      preconditionFailure("out of memory")
    }
    // SAFETY: the head lies in front of the payload.
    unsafe memory.storeBytes(of: index, as: Int.self)
    return unsafe memory + CellPool.headByteCount
  }

  @unsafe
  @inline(__always)
  func giveBack(_ cell: UnsafeMutableRawPointer) {
    // SAFETY: every cell was made by `fresh`, which wrote its head.
    let index = unsafe (cell - CellPool.headByteCount).load(as: Int.self)
    if index <= CellPool.classCount {
      let keptByteCount = unsafe shelves[index].count &* (index &* CellPool.stepByteCount)
      if keptByteCount < CellPool.keptByteCountMax {
        unsafe cell.storeBytes(of: shelves[index].first, as: UnsafeMutableRawPointer?.self)
        unsafe shelves[index].first = cell
        unsafe shelves[index].count &+= 1
        return
      }
    }
    unsafe Glibc.free(cell - CellPool.headByteCount)
  }

  @unsafe
  func resize(_ cell: UnsafeMutableRawPointer, _ byteCount: Int) -> UnsafeMutableRawPointer {
    // SAFETY: as above; a large cell is the C library's, whose size only that knows.
    let index = unsafe (cell - CellPool.headByteCount).load(as: Int.self)
    if index == CellPool.large {
      guard
        let memory = unsafe realloc(
          cell - CellPool.headByteCount, byteCount + CellPool.headByteCount)
      else { preconditionFailure("out of memory") }
      return unsafe memory + CellPool.headByteCount
    }
    let capacity = index * CellPool.stepByteCount
    if byteCount <= capacity { return unsafe cell }
    let bigger = unsafe take(byteCount)
    unsafe bigger.copyMemory(from: cell, byteCount: capacity)
    unsafe giveBack(cell)
    return unsafe bigger
  }

  /// The pool in the shape that nghttp2 takes. The pointer must stay valid until the last session
  /// that was given it is gone.
  @unsafe
  static func interface(_ pool: UnsafeMutablePointer<CellPool>) -> nghttp2_mem {
    // SAFETY: nghttp2 hands each function the pool, and only cells that came from it.
    unsafe nghttp2_mem(
      mem_user_data: pool,
      malloc: { size, data in unsafe CellPool.pool(data).take(size) },
      free: { cell, data in
        if let cell = unsafe cell { unsafe CellPool.pool(data).giveBack(cell) }
      },
      calloc: { count, size, data in
        let byteCount = count * size
        let cell = unsafe CellPool.pool(data).take(byteCount)
        unsafe memset(cell, 0, byteCount)
        return unsafe cell
      },
      realloc: { cell, size, data in
        guard let cell = unsafe cell else { return unsafe CellPool.pool(data).take(size) }
        return unsafe CellPool.pool(data).resize(cell, size)
      })
  }

  @unsafe
  @inline(__always)
  private static func pool(_ data: UnsafeMutableRawPointer?) -> CellPool {
    // SAFETY: the user data that `interface` was made with.
    unsafe data.unsafelyUnwrapped.assumingMemoryBound(to: CellPool.self).pointee
  }
}
