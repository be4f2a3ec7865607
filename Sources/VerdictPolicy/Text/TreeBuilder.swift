internal import VerdictModel

/// Builds a `DocumentTree` from the events of a text, whatever its syntax, and refuses what no
/// document may hold: null, merge keys, duplicate keys, keys that are not text, excess.
struct TreeBuilder {
  private(set) var tree = DocumentTree()
  var diagnostics: DiagnosticList
  /// The collections that are open, outermost first.
  private var open: [Int] = []
  /// For every symbol the last mapping (plus one) that had it as a key.
  private var lastMapping: [UInt32] = []
  private var textByteCount = 0
  private var pending = PendingScalars()
  /// Whether the text was read to its end; otherwise the tree is not to be read.
  var isComplete = false

  enum Style {
    /// Without quotes: may be a null or a merge key.
    case plain
    /// Quoted or in a block: always text. `escaped` text may hold a NUL.
    case quoted
  }

  init(path: String) { diagnostics = DiagnosticList(path: path) }

  /// Adds text. Returns false if the document may not go on.
  mutating func scalar(_ bytes: ByteView, style: Style, mark: Mark) -> Bool {
    guard reserve(bytes.count, mark) else { return false }
    let isKey = expectsKey
    var kind = DocumentTree.Kind.scalar
    if style == .plain, let problem = TreeBuilder.problem(ofPlain: bytes, isKey: isKey) {
      diagnostics.error(mark, problem)
      kind = .refused
    } else if bytes.count > PolicyLimits.scalarByteCountMax {
      diagnostics.error(
        mark, "text of \(bytes.count) bytes, expected at most \(PolicyLimits.scalarByteCountMax)")
      kind = .refused
    } else {
      pending.add(bytes, node: tree.nodes.count)
      if bytes.isEmpty || bytes.count > Limits.idByteCountMax
        || (style == .quoted && TreeBuilder.containsNUL(bytes))
      {
        kind = .text
      }
    }
    append(kind, mark)
    if pending.isFull { settle() }
    return true
  }

  /// Opens a mapping or sequence. Returns false if the document may not go on.
  mutating func begin(_ kind: DocumentTree.Kind, mark: Mark) -> Bool {
    guard reserve(0, mark) else { return false }
    guard open.count < PolicyLimits.depthMax else {
      diagnostics.error(
        mark, "more than \(PolicyLimits.depthMax) levels, expected a flatter document")
      return false
    }
    if expectsKey {
      diagnostics.error(mark, "a mapping or list as a key, expected text")
    }
    append(kind, mark)
    open.append(tree.nodes.count - 1)
    return true
  }

  /// Closes the innermost collection.
  mutating func end() {
    guard let node = open.popLast() else {
      preconditionFailure("the events of a text are balanced")
    }
    tree.nodes[node].end = UInt32(tree.nodes.count)
    if tree.nodes[node].kind == .mapping { pending.mappings.append(node) }
  }

  /// Adds something that is refused with `message` but does not stop the reading.
  mutating func refuse(_ message: String, mark: Mark) -> Bool {
    guard reserve(0, mark) else { return false }
    diagnostics.error(mark, message)
    append(.refused, mark)
    return true
  }

  /// Gives the scalars that wait their symbols, and looks at the keys of closed mappings. Has to
  /// be called before the tree is read.
  mutating func settle() {
    pending.intern(into: &tree)
    for mapping in pending.mappings { refuseDuplicateKeys(mapping) }
    pending.removeAll()
  }

  private mutating func append(_ kind: DocumentTree.Kind, _ mark: Mark) {
    if let parent = open.last { tree.nodes[parent].value += 1 }
    let end = UInt32(tree.nodes.count + 1)
    tree.nodes.append(DocumentTree.Node(mark: mark, value: 0, end: end, kind: kind))
  }

  private var expectsKey: Bool {
    guard let parent = open.last, tree.nodes[parent].kind == .mapping else { return false }
    return tree.nodes[parent].value.isMultiple(of: 2)
  }

  /// Whether there is room for one more node with so much text.
  private mutating func reserve(_ byteCount: Int, _ mark: Mark) -> Bool {
    textByteCount += byteCount
    if tree.nodes.count < PolicyLimits.nodeCountMax, textByteCount < PolicyLimits.textByteCountMax {
      return true
    }
    diagnostics.error(mark, "the document is too large, split the organization's data")
    return false
  }

  private mutating func refuseDuplicateKeys(_ mapping: Int) {
    if lastMapping.count < tree.symbols.count {
      let missing = tree.symbols.count - lastMapping.count
      lastMapping.append(contentsOf: repeatElement(0, count: max(missing, lastMapping.count)))
    }
    for (key, _) in tree.entries(mapping) where tree.isText(key) {
      let symbol = Int(tree.nodes[key].value)
      if lastMapping[symbol] == UInt32(mapping + 1) {
        let first = tree.entries(mapping).first {
          tree.isText($0.key) && tree.symbol($0.key) == tree.symbol(key)
        }
        let line = first.map { tree.mark($0.key).line } ?? 0
        diagnostics.error(
          tree.mark(key), "`\(tree.text(key))` is written twice, first on line \(line)")
      }
      lastMapping[symbol] = UInt32(mapping + 1)
    }
  }

  /// What is wrong with text without quotes.
  private static func problem(ofPlain bytes: ByteView, isKey: Bool) -> String? {
    guard bytes.count <= 4 else { return nil }
    switch bytes.text {
    case "":
      return isKey ? "a key is missing" : "a value is missing, expected text, a list or a mapping"
    case "~", "null", "Null", "NULL":
      return "null is not allowed, leave the key out or quote the text"
    case "<<" where isKey:
      return "merge keys are not allowed, write the keys out"
    default:
      return nil
    }
  }

  private static func containsNUL(_ bytes: ByteView) -> Bool {
    for index in 0..<bytes.count where bytes[index] == 0 { return true }
    return false
  }
}

/// Scalars that wait for their symbols. A few dozen are interned together, because a table of
/// millions of names is a cache miss or three for each.
struct PendingScalars {
  private var text: [UInt8] = []
  private var ends: [Int] = []
  private var nodes: [Int] = []
  private var symbols: [Symbol] = []
  /// Mappings that were closed meanwhile.
  var mappings: [Int] = []

  private static let countMax = 64

  var isFull: Bool { ends.count >= PendingScalars.countMax }

  mutating func add(_ bytes: ByteView, node: Int) {
    // SAFETY: copied at once.
    unsafe text.append(contentsOf: bytes.buffer)
    ends.append(text.count)
    nodes.append(node)
  }

  mutating func intern(into tree: inout DocumentTree) {
    text.withByteView { tree.symbols.intern($0, ends: ends, into: &symbols) }
    for (node, symbol) in zip(nodes, symbols) { tree.nodes[node].value = symbol.rawValue }
  }

  mutating func removeAll() {
    text.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    nodes.removeAll(keepingCapacity: true)
    mappings.removeAll(keepingCapacity: true)
  }
}
