/// SplitMix64: a small generator whose whole state is its seed, so that a printed seed repeats a
/// failure on any machine.
public struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// A number below `bound`, which is above zero.
  public mutating func below(_ bound: Int) -> Int {
    Int(truncatingIfNeeded: (next() >> 33) % UInt64(bound))
  }

  /// True in `percent` of 100 cases.
  public mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

  /// One of the elements, of which there is at least one.
  public mutating func pick<T>(_ elements: [T]) -> T { elements[below(elements.count)] }

  /// One of the elements, or nil where there is none.
  public mutating func pickAny<T>(_ elements: [T]) -> T? {
    elements.isEmpty ? nil : pick(elements)
  }

  /// The elements in another order.
  public mutating func shuffled<T>(_ elements: [T]) -> [T] {
    var result = elements
    for index in result.indices.reversed() where index > 0 {
      result.swapAt(index, below(index + 1))
    }
    return result
  }

  /// Each element with a chance of `percent` in 100, in order.
  public mutating func some<T>(of elements: [T], percent: Int) -> [T] {
    elements.filter { _ in chance(percent) }
  }
}
