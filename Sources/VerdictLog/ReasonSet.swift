/// A set of reasons, by their wire values, all of which are below its capacity.
struct ReasonSet {
  static var capacity: Int { 96 }

  private var words = (UInt64(0), UInt64(0))

  /// Whether the number was not in the set.
  ///
  /// - Precondition: it is below the capacity.
  @inline(__always)
  mutating func insert(_ number: Int) -> Bool {
    let bit = UInt64(1) &<< UInt64(number & 63)
    let isNew: Bool
    if number < 64 {
      isNew = words.0 & bit == 0
      words.0 |= bit
    } else {
      isNew = words.1 & bit == 0
      words.1 |= bit
    }
    return isNew
  }

  /// In ascending order.
  @inline(__always)
  func visit(_ body: (Int) -> Void) {
    var (low, high) = words
    while low != 0 {
      body(low.trailingZeroBitCount)
      low &= low &- 1
    }
    while high != 0 {
      body(64 + high.trailingZeroBitCount)
      high &= high &- 1
    }
  }
}
