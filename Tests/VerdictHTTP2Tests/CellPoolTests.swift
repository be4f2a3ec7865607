import Testing

@testable import VerdictHTTP2

@Suite("the memory for nghttp2")
struct CellPoolTests {
  @Test("a cell given back is the next of its size, and only of its size")
  func reuse() {
    let pool = CellPool()
    let small = unsafe pool.take(1)
    let other = unsafe pool.take(33)
    unsafe pool.giveBack(small)
    let large = unsafe pool.take(64)
    let again = unsafe pool.take(32)
    let fresh = unsafe pool.take(32)
    #expect(unsafe large != small && again == small && fresh != small && other != small)
    unsafe pool.giveBack(other)
    unsafe pool.giveBack(large)
    unsafe pool.giveBack(again)
    unsafe pool.giveBack(fresh)
    pool.free()
  }

  @Test("a cell keeps its bytes while it grows from inline sizes to large ones")
  func grow() {
    let pool = CellPool()
    var cell = unsafe pool.take(8)
    unsafe cell.storeBytes(of: 0x1122_3344_5566_7788, as: UInt64.self)
    for size in [16, 32, 33, 100, 512, 513, 5_000, 100_000, 10] {
      unsafe cell = pool.resize(cell, size)
      #expect(unsafe cell.load(as: UInt64.self) == 0x1122_3344_5566_7788)
    }
    unsafe pool.giveBack(cell)
    pool.free()
  }
}
