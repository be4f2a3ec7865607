public import VerdictModel

extension RouteTable {
  /// The routes of a method whose template fits a path, in the order of the document; empty where
  /// there are none.
  ///
  /// A literal segment goes before `{...}`; where the rest of the path, or the method, doesn't fit
  /// below it, `{...}` is tried. Complexity: a hash look-up a segment; nodes are visited at most
  /// once, and at most `visitCountMax` of them.
  public func match(method: ByteView, _ path: borrowing RequestPath) -> Range<Int> {
    // The child for `{...}` that is left to be tried at each depth, or -1.
    var pending = InlineArray<32, Int32>(repeating: -1)
    var node = 0
    var depth = 0
    var visits = 0
    while visits < RouteTable.visitCountMax {
      visits &+= 1
      if depth == path.count {
        let found = routes(of: node, method)
        if !found.isEmpty { return found }
      } else {
        let segment = path[depth]
        let literal = literalChild(of: node, segment)
        let any = segment.isEmpty ? RouteFormat.none : anyChild(of: node)
        if literal >= 0 || any != RouteFormat.none {
          pending[depth] = literal >= 0 ? Int32(bitPattern: any) : -1
          node = literal >= 0 ? literal : Int(any)
          depth &+= 1
          continue
        }
      }
      // Back to the deepest choice that is left.
      while depth > 0, pending[depth &- 1] < 0 { depth &-= 1 }
      guard depth > 0 else { return 0..<0 }
      node = Int(pending[depth &- 1])
      pending[depth &- 1] = -1
    }
    return 0..<0
  }

  /// Nodes that one match looks at. A path that would need more has no route.
  static var visitCountMax: Int { 1_024 }

  @inline(__always)
  private func anyChild(of node: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: word(.nodes, node, 2))
  }

  /// The child for a literal segment, or -1.
  @inline(__always)
  private func literalChild(of node: Int, _ segment: ByteView) -> Int {
    let mask = count(of: .slots) &- 1
    var slot = Int(truncatingIfNeeded: RouteTable.hash(node, segment)) & mask
    // Validation has made sure that there is an empty slot, where this ends.
    while true {
      let parent = word(.slots, slot, 0)
      if parent == 0 { return -1 }
      if parent == node &+ 1, text(.slots, slot, 2) == segment { return word(.slots, slot, 1) }
      slot = (slot &+ 1) & mask
    }
  }

  private func routes(of node: Int, _ method: ByteView) -> Range<Int> {
    let first = word(.nodes, node, 0)
    let end = first &+ word(.nodes, node, 1)
    var low = first
    while low < end, !(text(.routes, low, 0) == method) { low &+= 1 }
    var high = low
    while high < end, text(.routes, high, 0) == method { high &+= 1 }
    return low..<high
  }

  /// The hash of a segment below a node. Need not withstand a hostile asker: the table is fixed,
  /// and an unknown segment costs the longest run of full slots at most.
  static func hash(_ node: Int, _ segment: ByteView) -> UInt64 {
    var hash = (UInt64(node) &* 0x9e37_79b9_7f4a_7c15) ^ UInt64(segment.count)
    var index = 0
    while index &+ 8 <= segment.count {
      hash = mix(hash ^ segment.load64(at: index))
      index &+= 8
    }
    var rest: UInt64 = 0
    while index < segment.count {
      rest = rest &<< 8 | UInt64(segment[index])
      index &+= 1
    }
    return mix(hash ^ rest)
  }

  @inline(__always)
  private static func mix(_ word: UInt64) -> UInt64 {
    let product = word.multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
    return product.high ^ product.low
  }
}
