internal import VerdictModel

/// A number for some of a document's symbols: an array, because a million look-ups in a
/// dictionary cost more than the reading.
struct SymbolIndex {
  /// The number plus one, or zero.
  private var numbers: [UInt32]

  init(symbolCount: Int) { numbers = Array(repeating: 0, count: symbolCount) }

  subscript(symbol: Symbol) -> Int? {
    get {
      let number = numbers[Int(symbol.rawValue)]
      return number == 0 ? nil : Int(number) - 1
    }
    set { numbers[Int(symbol.rawValue)] = newValue.map { UInt32($0 + 1) } ?? 0 }
  }
}

/// A set of small numbers that is emptied at no cost, for "seen before in this list".
struct Stamps {
  private var stamps: [UInt32] = []
  private var current: UInt32 = 0

  /// Empties the set and makes room for numbers below `count`.
  mutating func begin(count: Int) {
    if stamps.count < count {
      stamps.append(contentsOf: repeatElement(0, count: count - stamps.count))
    }
    if current == UInt32.max {
      for index in stamps.indices { stamps[index] = 0 }
      current = 0
    }
    current += 1
  }

  /// Adds a number. Returns whether it is new.
  mutating func insert(_ number: Int) -> Bool {
    guard stamps[number] != current else { return false }
    stamps[number] = current
    return true
  }

  func contains(_ number: Int) -> Bool { stamps[number] == current }
}

/// Where every resource of an organization stands, by type and id.
struct ResourceIndex {
  struct Entry {
    var type: Int32
    var workspace: Int32
    /// Its place among the workspace's resources.
    var position: Int32
    /// The next entry with the same id, or -1.
    var next: Int32
  }

  private(set) var entries: [Entry] = []
  private var heads: SymbolIndex

  init(symbolCount: Int) { heads = SymbolIndex(symbolCount: symbolCount) }

  /// The number of the entry for this type and id. Complexity: O(types that share the id).
  func find(_ type: Int, _ id: Symbol) -> Int? {
    var index = heads[id].map { Int32($0) } ?? -1
    while index >= 0 {
      if entries[Int(index)].type == Int32(type) { return Int(index) }
      index = entries[Int(index)].next
    }
    return nil
  }

  mutating func insert(_ type: Int, _ id: Symbol, workspace: Int, position: Int) {
    let next = heads[id].map { Int32($0) } ?? -1
    entries.append(
      Entry(
        type: Int32(type), workspace: Int32(workspace), position: Int32(position), next: next))
    heads[id] = entries.count - 1
  }
}
