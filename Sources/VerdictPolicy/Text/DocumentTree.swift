internal import VerdictModel

/// A document as a tree in one flat array, before anybody asks what it means.
///
/// Nodes stand in the order of the text: a collection's children follow it at once, and `end` is
/// where the next node after all of them stands. A mapping's children are key, value, key, value.
///
/// ```
/// {members: [a, b]}   0 mapping end 5 | 1 scalar "members" end 2 | 2 sequence end 5
///                     3 scalar "a" end 4 | 4 scalar "b" end 5
/// ```
struct DocumentTree {
  enum Kind: UInt8 {
    /// Text that is a legal id: 1 to 255 bytes without NUL.
    case scalar
    /// Other text.
    case text
    case sequence
    case mapping
    /// Something that was refused with an error already; readers pass over it in silence.
    case refused
  }

  struct Node {
    var mark: Mark
    /// The symbol of a scalar; the number of children of a collection.
    var value: UInt32
    var end: UInt32
    var kind: Kind
  }

  var nodes: [Node] = []
  var symbols: SymbolTable = Key.symbolTable

  func kind(_ node: Int) -> Kind { nodes[node].kind }
  func mark(_ node: Int) -> Mark { nodes[node].mark }
  /// - Precondition: the node is text; of a collection `value` is a count.
  func symbol(_ node: Int) -> Symbol {
    precondition(isText(node), "only text has a symbol")
    return Symbol(rawValue: nodes[node].value)
  }
  func text(_ node: Int) -> String { symbols.text(symbol(node)) }
  func name(_ node: Int) -> Name { Name(symbol: symbol(node), mark: mark(node)) }

  /// Whether the node is text.
  func isText(_ node: Int) -> Bool { kind(node) == .scalar || kind(node) == .text }

  /// Number of elements of a sequence, or of entries of a mapping.
  func count(_ node: Int) -> Int {
    switch kind(node) {
    case .sequence: Int(nodes[node].value)
    case .mapping: Int(nodes[node].value) / 2
    case .scalar, .text, .refused: 0
    }
  }

  /// The elements of a sequence.
  func elements(_ node: Int) -> Elements {
    Elements(nodes: nodes, cursor: node + 1, end: Int(nodes[node].end))
  }

  /// The entries of a mapping.
  func entries(_ node: Int) -> Entries {
    Entries(elements: elements(node))
  }

  struct Elements: Sequence, IteratorProtocol {
    let nodes: [Node]
    var cursor: Int
    let end: Int

    mutating func next() -> Int? {
      guard cursor < end else { return nil }
      defer { cursor = Int(nodes[cursor].end) }
      return cursor
    }
  }

  struct Entries: Sequence, IteratorProtocol {
    var elements: Elements

    mutating func next() -> (key: Int, value: Int)? {
      guard let key = elements.next(), let value = elements.next() else { return nil }
      return (key, value)
    }
  }
}
