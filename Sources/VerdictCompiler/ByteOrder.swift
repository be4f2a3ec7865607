internal import VerdictModel

/// The byte order of a document's names, as numbers: everything that is sorted by id compares
/// ranks.
enum ByteOrder {
  private struct Item {
    /// Eight bytes of the name from the current depth, big-endian and zero-padded.
    var chunk: UInt64
    var symbol: UInt32
  }

  /// The rank of every symbol. Complexity: n log n in the symbols, by eight bytes at a time.
  static func ranks(of symbols: SymbolTable) -> [UInt32] {
    var items = (0..<UInt32(symbols.count)).map { Item(chunk: 0, symbol: $0) }
    sort(&items, 0..<items.count, depth: 0, symbols)
    var ranks = [UInt32](repeating: 0, count: items.count)
    for (rank, item) in items.enumerated() { ranks[Int(item.symbol)] = UInt32(rank) }
    return ranks
  }

  private static func sort(
    _ items: inout [Item], _ range: Range<Int>, depth: Int, _ symbols: SymbolTable
  ) {
    for index in range {
      items[index].chunk = symbols.withBytes(of: Symbol(rawValue: items[index].symbol)) {
        chunk(of: $0, from: depth)
      }
    }
    items[range].sort { $0.chunk < $1.chunk }
    var start = range.lowerBound
    while start < range.upperBound {
      var end = start + 1
      while end < range.upperBound && items[end].chunk == items[start].chunk { end += 1 }
      if end - start > 1 { split(&items, start..<end, depth: depth, symbols) }
      start = end
    }
  }

  /// Orders names whose chunks are equal: those that end here by length (a padded zero is not a
  /// byte of the name, and a name has no zero byte), the others by what follows.
  private static func split(
    _ items: inout [Item], _ range: Range<Int>, depth: Int, _ symbols: SymbolTable
  ) {
    func ends(_ item: Item) -> Bool {
      symbols.byteCount(of: Symbol(rawValue: item.symbol)) <= depth + 8
    }
    let ended = items[range].filter { ends($0) }.sorted {
      symbols.byteCount(of: Symbol(rawValue: $0.symbol))
        < symbols.byteCount(of: Symbol(rawValue: $1.symbol))
    }
    if ended.isEmpty { return sort(&items, range, depth: depth + 8, symbols) }
    let going = items[range].filter { !ends($0) }
    items.replaceSubrange(range, with: ended + going)
    let rest = range.lowerBound + ended.count..<range.upperBound
    if rest.count > 1 { sort(&items, rest, depth: depth + 8, symbols) }
  }

  private static func chunk(of bytes: ByteView, from depth: Int) -> UInt64 {
    if bytes.count >= depth + 8 { return bytes.load64(at: depth).byteSwapped }
    var chunk: UInt64 = 0
    for index in depth..<max(bytes.count, depth) {
      chunk |= UInt64(bytes[index]) << UInt64(56 - (index - depth) * 8)
    }
    return chunk
  }
}
