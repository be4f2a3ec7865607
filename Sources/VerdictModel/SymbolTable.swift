/// A name of a document, as a number. Equal bytes have equal symbols, and nothing else does:
/// ids are compared by their bytes, never by what Unicode considers equivalent.
public struct Symbol: Hashable, Sendable, Comparable {
  public let rawValue: UInt32

  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// By number, which is the order of first appearance; not the order of the bytes.
  @inlinable
  public static func < (a: Symbol, b: Symbol) -> Bool { a.rawValue < b.rawValue }
}

/// The distinct byte strings of a document, each kept once.
///
/// A million ids as Swift strings cost an allocation and a Unicode-aware comparison each; here
/// they are bytes in one array and a 32-bit number everywhere else.
public struct SymbolTable: Sendable {
  @usableFromInline var bytes: [UInt8] = []
  /// `ends[i]` is where symbol `i` ends; it begins where its predecessor ends.
  @usableFromInline var ends: [UInt32] = []
  /// Open addressing: symbol number plus one, or zero. The size is a power of two.
  @usableFromInline var slots: [UInt32]

  public init(minimumCapacity: Int = 64) {
    var size = 128
    while size < minimumCapacity * 2 { size *= 2 }
    slots = Array(repeating: 0, count: size)
  }

  /// Number of symbols.
  public var count: Int { ends.count }

  /// The symbol of these bytes, added if new. Complexity: amortised O(length).
  ///
  /// - Precondition: the table's bytes stay below 4 GiB.
  public mutating func intern(_ name: ByteView) -> Symbol {
    intern(name, hash: SymbolTable.hash(name))
  }

  /// The symbols of many names, added where new: the same as one by one, but the first look at
  /// each is independent of the others, so that their cache misses overlap. In a table that is
  /// larger than the caches this halves the cost.
  ///
  /// - Parameters:
  ///   - text: the names, one after the other.
  ///   - ends: where each ends; it begins where its predecessor ends.
  ///   - symbols: receives one symbol for each name, instead of what it held.
  public mutating func intern(_ text: ByteView, ends names: [Int], into symbols: inout [Symbol]) {
    symbols.removeAll(keepingCapacity: true)
    let hashes = names.indices.map { SymbolTable.hash(text[range(in: names, $0)]) }
    let heads = hashes.map { slots[$0 & (slots.count - 1)] }
    let stored = heads.map { $0 == 0 ? 0..<0 : range(of: Symbol(rawValue: $0 - 1)) }
    let isKnown = bytes.withByteView { bytes in
      names.indices.map {
        heads[$0] != 0 && SymbolTable.equal(bytes[stored[$0]], text[range(in: names, $0)])
      }
    }
    for index in names.indices {
      symbols.append(
        isKnown[index]
          ? Symbol(rawValue: heads[index] - 1)
          : intern(text[range(in: names, index)], hash: hashes[index]))
    }
  }

  private func range(in ends: [Int], _ index: Int) -> Range<Int> {
    (index == 0 ? 0 : ends[index - 1])..<ends[index]
  }

  private mutating func intern(_ name: ByteView, hash: Int) -> Symbol {
    if ends.count * 2 >= slots.count { grow() }
    var slot = hash & (slots.count - 1)
    while slots[slot] != 0 {
      let symbol = Symbol(rawValue: slots[slot] - 1)
      if equals(symbol, name) { return symbol }
      slot = (slot + 1) & (slots.count - 1)
    }
    precondition(bytes.count + name.count <= Int(UInt32.max), "a symbol table holds 4 GiB at most")
    // SAFETY: copied at once.
    unsafe bytes.append(contentsOf: name.buffer)
    ends.append(UInt32(bytes.count))
    slots[slot] = UInt32(ends.count)
    return Symbol(rawValue: UInt32(ends.count - 1))
  }

  public mutating func intern(_ name: String) -> Symbol {
    name.withByteView { view in intern(view) }
  }

  /// The symbol of these bytes if the table has it.
  public func find(_ name: ByteView) -> Symbol? {
    var slot = SymbolTable.hash(name) & (slots.count - 1)
    while slots[slot] != 0 {
      let symbol = Symbol(rawValue: slots[slot] - 1)
      if equals(symbol, name) { return symbol }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  public func find(_ name: String) -> Symbol? {
    name.withByteView { find($0) }
  }

  /// Calls `body` with the bytes of `symbol`; they may not escape.
  @inlinable
  public func withBytes<R>(of symbol: Symbol, _ body: (ByteView) -> R) -> R {
    let range = range(of: symbol)
    return bytes.withByteView { body($0[range]) }
  }

  /// The text of `symbol`; bytes that are not UTF-8 are replaced (documents have none).
  public func text(_ symbol: Symbol) -> String {
    String(decoding: bytes[range(of: symbol)], as: UTF8.self)
  }

  /// Length of `symbol` in bytes.
  public func byteCount(of symbol: Symbol) -> Int { range(of: symbol).count }

  /// Whether `a` sorts before `b` by their bytes, the order that every output uses.
  public func precedes(_ a: Symbol, _ b: Symbol) -> Bool {
    withBytes(of: a) { left in
      withBytes(of: b) { right in
        left.precedes(right)
      }
    }
  }

  @usableFromInline
  func range(of symbol: Symbol) -> Range<Int> {
    let index = Int(symbol.rawValue)
    return (index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index])
  }

  private func equals(_ symbol: Symbol, _ name: ByteView) -> Bool {
    withBytes(of: symbol) { SymbolTable.equal($0, name) }
  }

  /// Byte-wise equality, eight bytes at a time; the last eight may overlap those before.
  private static func equal(_ a: ByteView, _ b: ByteView) -> Bool {
    guard a.count == b.count else { return false }
    guard a.count >= 8 else { return a == b }
    var index = 0
    while index < a.count - 8 {
      if a.load64(at: index) != b.load64(at: index) { return false }
      index += 8
    }
    return a.load64(at: a.count - 8) == b.load64(at: a.count - 8)
  }

  private mutating func grow() {
    slots = Array(repeating: 0, count: slots.count * 2)
    for index in ends.indices {
      let symbol = Symbol(rawValue: UInt32(index))
      var slot = withBytes(of: symbol) { SymbolTable.hash($0) } & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = UInt32(index + 1)
    }
  }

  /// Multiply and fold, eight bytes at a time; the order of slots is never observable.
  private static func hash(_ name: ByteView) -> Int {
    var hash = 0x9e37_79b9_7f4a_7c15 ^ UInt64(name.count)
    var index = 0
    while name.count - index >= 8 {
      hash = fold((hash ^ name.load64(at: index)) &* 0xff51_afd7_ed55_8ccd)
      index += 8
    }
    while index < name.count {
      hash = (hash ^ UInt64(name[index])) &* 0x100_0000_01b3
      index += 1
    }
    return Int(truncatingIfNeeded: fold(hash &* 0xc4ce_b9fe_1a85_ec53) & 0x7fff_ffff)
  }

  private static func fold(_ hash: UInt64) -> UInt64 { hash ^ (hash >> 32) }
}
