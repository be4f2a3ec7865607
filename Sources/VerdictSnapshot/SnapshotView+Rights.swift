public import CVerdictSystem
public import VerdictModel

extension SnapshotView {
  // MARK: Classes

  /// The classes of a workspace.
  @inlinable
  public func classes(of workspace: Int) -> Range<UInt32> {
    let offset = record(.classStarts, workspace)
    return load32(offset)..<load32(offset &+ 4)
  }

  /// Where the words of a class begin.
  @inlinable @inline(__always)
  func classOffset(_ index: Int) -> Int {
    offset(of: .classes) &+ index &* (cellCount &+ 1) &* 4
  }

  /// The flags of a class, see `ClassFlag`.
  @inlinable
  public func classFlags(_ index: Int) -> UInt32 { load32(classOffset(index)) }

  /// A cell of a class, see `SnapshotFormat`.
  @inlinable
  public func cellWord(class index: Int, cell: Int) -> UInt32 {
    load32(classOffset(index) &+ 4 &+ cell &* 4)
  }

  /// Asks the processor for what a user's or token's slot value leads to.
  @inlinable
  public func prefetchRights(_ value: UInt32) {
    let number = Int(value & PrincipalValue.numberMax)
    let offset: Int
    switch value >> PrincipalValue.formShift {
    case PrincipalValue.oneClass: offset = classOffset(number)
    case PrincipalValue.classList: offset = self.offset(of: .accessLists) &+ number &* 4
    default: return
    }
    // SAFETY: a prefetch reads nothing, wherever it points.
    unsafe verdict_prefetch(bytes.buffer.baseAddress.unsafelyUnwrapped + offset)
  }

  /// The class of a user with a list of them that belongs to a workspace, or -1.
  ///
  /// Complexity: logarithmic in the user's workspaces.
  @inlinable
  public func classInList(_ list: Int, of workspace: Int) -> Int {
    let range = classes(of: workspace)
    let start = record(.accessLists, list)
    var low = 0
    var high = Int(load32(start))
    while low < high {
      let middle = (low &+ high) >> 1
      if load32(start &+ 4 &+ middle &* 4) < range.lowerBound { low = middle &+ 1 } else { high = middle }
    }
    guard low < Int(load32(start)) else { return -1 }
    let found = load32(start &+ 4 &+ low &* 4)
    return found < range.upperBound ? Int(found) : -1
  }

  // MARK: Scopes

  /// Whether a scope that `word` refers to has an ordinal. Complexity: one look, or logarithmic in
  /// the ids of a sparse scope.
  ///
  /// - Precondition: `word` is a cell word of kind 2 or 3.
  @inlinable
  public func scope(_ word: UInt32, contains ordinal: UInt32) -> Bool {
    let start = record(.scopes, Int(word >> 2))
    let head = load32(start)
    if head & 0x8000_0000 != 0 {
      let place = Int(ordinal >> 5) &- Int(load32(start &+ 4))
      guard place >= 0, place < Int(head & 0x7fff_ffff) else { return false }
      return load32(start &+ 8 &+ place &* 4) & (1 << (ordinal & 31)) != 0
    }
    var low = 0
    var high = Int(head)
    while low < high {
      let middle = (low &+ high) >> 1
      let found = load32(start &+ 8 &+ middle &* 4)
      if found == ordinal { return true }
      if found < ordinal { low = middle &+ 1 } else { high = middle }
    }
    return false
  }

  // MARK: Resources

  /// The ordinal of a resource from its slot's value.
  @inlinable
  public func ordinal(_ value: UInt32) -> UInt32 {
    guard value & ResourceValue.linked != 0 else { return value }
    return load32(record(.linkedResources, Int(value & ~ResourceValue.linked)))
  }

  /// The links of a resource from its slot's value: places in `links`.
  @inlinable
  public func links(_ value: UInt32) -> Range<Int> {
    guard value & ResourceValue.linked != 0 else { return 0..<0 }
    let offset = record(.linkedResources, Int(value & ~ResourceValue.linked))
    let first = Int(load32(offset &+ 4))
    return first..<first &+ Int(load32(offset &+ 8))
  }

  /// Relation and linked resource (a slot of `resources`) of a link.
  @inlinable
  public func link(_ index: Int) -> (relation: Int, slot: Int) {
    let word = bytes.load64(at: record(.links, index))
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
      let offset = record(.displayNames, middle)
      let found = Int(load32(offset))
      if found == slot {
        let start = self.offset(of: .displayTexts) + Int(load32(offset + 4))
        return bytes[start..<start + Int(load32(offset + 8))]
      }
      if found < slot { low = middle + 1 } else { high = middle }
    }
    return table(.resources).key(slot: slot)
  }
}
