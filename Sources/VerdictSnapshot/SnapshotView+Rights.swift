public import CVerdictSystem
public import VerdictModel

extension SnapshotView {
  // MARK: Classes

  /// The classes of a workspace.
  @inlinable @inline(__always)
  public func classes(of workspace: Int) -> Range<UInt32> {
    precondition(
      UInt(bitPattern: workspace &+ 1) < UInt(count(of: .classStarts)), "a workspace's classes")
    // SAFETY: the workspace's start and the next are there, by the check; validation has checked
    // that the starts ascend.
    return unsafe Range(
      uncheckedBounds: {
        let both = unsafe UInt64(
          littleEndian: (base + (offset(of: .classStarts) &+ workspace &* 4)).loadUnaligned(
            as: UInt64.self))
        return (UInt32(truncatingIfNeeded: both), UInt32(truncatingIfNeeded: both >> 32))
      }())
  }

  /// The flags of a class, see `ClassFlag`.
  @inlinable @inline(__always)
  public func classFlags(_ index: Int) -> UInt32 { load32(.classes, index &* (cellCount &+ 1)) }

  /// A cell of a class, see `SnapshotFormat`.
  @inlinable @inline(__always)
  public func cellWord(class index: Int, cell: Int) -> UInt32 {
    cellWord(at: cellPlace(class: index, column: cell &+ 1))
  }

  /// Where a class has a column (a cell plus one).
  @inlinable @inline(__always)
  public func cellPlace(class index: Int, column: Int) -> Int {
    index &* (cellCount &+ 1) &+ column
  }

  /// The word of a place that `cellPlace` answered.
  @inlinable @inline(__always)
  public func cellWord(at place: Int) -> UInt32 { load32(.classes, place) }

  /// Asks the processor for what a user's or token's slot value leads to.
  @inlinable
  public func prefetchRights(_ value: UInt32) {
    let number = Int(value & PrincipalValue.numberMax)
    let offset: Int
    switch value >> PrincipalValue.formShift {
    case PrincipalValue.oneClass:
      offset = self.offset(of: .classes) &+ number &* (cellCount &+ 1) &* 4
    case PrincipalValue.classTable, PrincipalValue.classList:
      offset = self.offset(of: .accessLists) &+ number &* 4
    default: return
    }
    // SAFETY: a prefetch reads nothing, wherever it points.
    unsafe verdict_prefetch(base + offset)
  }

  /// Asks the processor for the word of a place that `cellPlace` answered.
  @inlinable @inline(__always)
  public func prefetch(cellPlace place: Int) {
    // SAFETY: a prefetch reads nothing, wherever it points.
    unsafe verdict_prefetch(base + (offset(of: .classes) &+ place &* 4))
  }

  /// Asks the processor for where a bitset scope has an ordinal, and for the head of any scope.
  @inlinable @inline(__always)
  public func prefetch(scope word: UInt32, ordinal: UInt32) {
    let start = offset(of: .scopes) &+ Int(word >> 2) &* 4
    // SAFETY: as above.
    unsafe verdict_prefetch(base + start)
    unsafe verdict_prefetch(base + (start &+ 8 &+ Int(ordinal >> 5) &* 4))
  }

  // MARK: Scopes

  /// Whether a scope that `word` refers to has an ordinal. Complexity: one look, or logarithmic in
  /// the ids of a sparse scope.
  ///
  /// - Precondition: `word` is a cell word of kind 2 or 3.
  @inlinable @inline(__always)
  public func scope(_ word: UInt32, contains ordinal: UInt32) -> Bool {
    // SAFETY: the scopes of all classes lie in the section with all of their words, by validation;
    // the place is below the number of words.
    let start = unsafe base + (offset(of: .scopes) &+ Int(word >> 2) &* 4)
    let head = unsafe UInt32(littleEndian: start.loadUnaligned(as: UInt32.self))
    let count = Int(head & 0x7fff_ffff)
    guard head & 0x8000_0000 != 0 else {
      return sortedScope(Int(word >> 2) &+ 2, count, contains: ordinal)
    }
    let place = Int(ordinal >> 5)
    guard place < count else { return false }
    let bits = unsafe UInt32(
      littleEndian: start.loadUnaligned(fromByteOffset: 8 &+ place &* 4, as: UInt32.self))
    return bits & (1 &<< (ordinal & 31)) != 0
  }

  @usableFromInline @inline(never)
  func sortedScope(_ start: Int, _ count: Int, contains ordinal: UInt32) -> Bool {
    var low = 0
    var high = count
    while low < high {
      let middle = (low &+ high) >> 1
      let found = load32(.scopes, start &+ middle)
      if found == ordinal { return true }
      if found < ordinal { low = middle &+ 1 } else { high = middle }
    }
    return false
  }

  // MARK: Resources

  /// The ordinal of a resource from its slot's value.
  @inlinable @inline(__always)
  public func ordinal(_ value: UInt32) -> UInt32 {
    guard value & ResourceValue.linked != 0 else { return value }
    return load32(.linkedResources, Int(value & ~ResourceValue.linked))
  }

  /// The links of a resource from its slot's value: places in `links`.
  @inlinable
  public func links(_ value: UInt32) -> Range<Int> {
    guard value & ResourceValue.linked != 0 else { return 0..<0 }
    let index = Int(value & ~ResourceValue.linked)
    let first = Int(load32(.linkedResources, index, 4))
    return first..<first &+ Int(load32(.linkedResources, index, 8))
  }

  /// Relation and linked resource (a slot of `resources`) of a link.
  @inlinable
  public func link(_ index: Int) -> (relation: Int, slot: Int) {
    let word = load64(.links, index)
    return (Int(word & 0xffff_ffff), Int(word >> 32))
  }

  /// The resource's name for people: what the document gave, else its id.
  ///
  /// Complexity: logarithmic in the resources with names.
  public func displayName(slot: Int) -> ByteView {
    var low = 0
    var high = count(of: .displayNames)
    while low < high {
      let middle = (low + high) / 2
      let found = Int(load32(.displayNames, middle))
      if found == slot {
        let start = offset(of: .displayTexts) + Int(load32(.displayNames, middle, 4))
        return bytes[start..<start + Int(load32(.displayNames, middle, 8))]
      }
      if found < slot { low = middle + 1 } else { high = middle }
    }
    return table(.resources).key(slot: slot)
  }
}
