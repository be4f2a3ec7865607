/// The classes of a user with access to several workspaces, in one of two forms.
///
/// | Form | Words from the user's number on |
/// |---|---|
/// | table | 2, 4 ... 128: each a class, or `AccessList.nothing`; that of a workspace is at its hash |
/// | list | a count, and that many ascending classes |
///
/// A class belongs to one workspace, so a class found tells whether it is the one asked for. A
/// table is read with one load and no search: the slot's extra has its size (bits 0-3, as a power
/// of two) and the multiplier under which no two of its workspaces meet (bits 4-15). It begins at a
/// multiple of its size, of at most a cache line. More than `tableCountMax` workspaces stand in a
/// list.
public enum AccessList {
  /// A table's word that is no class.
  @inlinable public static var nothing: UInt32 { .max }
  /// The most workspaces of a user with a table.
  static var tableCountMax: Int { 16 }
  /// The most words of a table, as a power of two.
  static var tableBitsMax: UInt16 { 7 }
  /// Multipliers that are tried before a table is made twice as large.
  private static var multiplierCount: UInt16 { 64 }

  /// Where a table with this extra has a workspace.
  @inlinable @inline(__always)
  static func place(of workspace: Int, extra: UInt16) -> Int {
    let multiplier = UInt32(extra | 15) &* 0x9e37_79b1
    let mixed = UInt32(truncatingIfNeeded: workspace) &* multiplier
    return Int(mixed &>> (32 &- UInt32(extra & 15)))
  }

  /// Fills `words` with the table of a few workspaces and answers the extra that it is read by; nil
  /// where a list is better.
  ///
  /// Complexity: about ten steps for five workspaces, some thousands at most.
  public static func makeTable(
    _ classes: [(workspace: UInt32, number: UInt32)], _ words: inout [UInt32]
  ) -> UInt16? {
    guard classes.count <= tableCountMax else { return nil }
    var bits: UInt16 = 1
    while 1 << bits < classes.count { bits += 1 }
    while bits <= tableBitsMax {
      for multiplier in 0..<multiplierCount {
        let extra = multiplier << 4 | bits
        if areApart(classes, extra: extra) {
          words.removeAll(keepingCapacity: true)
          words.append(contentsOf: repeatElement(nothing, count: 1 << Int(bits)))
          for item in classes { words[place(of: Int(item.workspace), extra: extra)] = item.number }
          return extra
        }
      }
      bits += 1
    }
    return nil
  }

  private static func areApart(
    _ classes: [(workspace: UInt32, number: UInt32)], extra: UInt16
  ) -> Bool {
    var taken: (UInt64, UInt64) = (0, 0)
    for item in classes {
      let place = place(of: Int(item.workspace), extra: extra)
      let bit: UInt64 = 1 << UInt64(place & 63)
      if (place < 64 ? taken.0 : taken.1) & bit != 0 { return false }
      if place < 64 { taken.0 |= bit } else { taken.1 |= bit }
    }
    return true
  }

  /// The multiple that the first word of a table has to stand at.
  public static func alignment(wordCount: Int) -> Int { min(wordCount, 16) }
}

extension SnapshotView {
  /// The class that a user with a table of them has in a workspace, or -1.
  ///
  /// - Precondition: `workspace` is one of the snapshot's.
  @inlinable @inline(__always)
  public func classInTable(_ table: Int, extra: UInt16, of workspace: Int) -> Int {
    let found = load32(.accessLists, table &+ AccessList.place(of: workspace, extra: extra))
    return classes(of: workspace).contains(found) ? Int(found) : -1
  }

  /// The class that a user with a list of them has in a workspace, or -1.
  ///
  /// Complexity: logarithmic in the user's workspaces.
  /// - Precondition: `workspace` is one of the snapshot's.
  @inlinable @inline(never)
  public func classInList(_ list: Int, of workspace: Int) -> Int {
    let range = classes(of: workspace)
    var low = list &+ 1
    var count = Int(load32(.accessLists, list))
    // Without a branch on what is found: where the workspace stands is not to be predicted.
    while count > 1 {
      let half = count >> 1
      let isBelow = load32(.accessLists, low &+ half) < range.upperBound
      low = isBelow ? low &+ half : low
      count &-= half
    }
    guard count == 1 else { return -1 }
    let found = load32(.accessLists, low)
    return range.contains(found) ? Int(found) : -1
  }

  /// All classes of a user with several, by the value and extra of his slot.
  func classes(ofUser value: UInt32, extra: UInt16) -> [Int] {
    let number = Int(value & PrincipalValue.numberMax)
    let isTable = value >> PrincipalValue.formShift == PrincipalValue.classTable
    let range =
      isTable
      ? number..<number + 1 << Int(extra & 15)
      : number + 1..<number + 1 + Int(load32(.accessLists, number))
    return range.map { load32(.accessLists, $0) }.filter { $0 != AccessList.nothing }
      .map { Int($0) }
  }
}
