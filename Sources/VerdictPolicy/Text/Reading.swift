internal import VerdictModel

/// A tree together with what has been found wrong with it: the typed questions that the readers
/// of documents and models ask. Each answers nil after it has reported an error.
struct Reading {
  let tree: DocumentTree
  var diagnostics: DiagnosticList

  /// Parses `bytes`, strictly as JSON if `path` ends in `.json`, otherwise as YAML.
  ///
  /// - Throws: bytes that are no tree which could be read further.
  static func parse(_ bytes: ByteView, path: String) throws(PolicyError) -> Reading {
    var builder = TreeBuilder(path: path)
    if path.hasSuffix(".json") {
      JSONText.read(bytes, into: &builder)
    } else {
      YAMLText.read(bytes, into: &builder)
    }
    builder.settle()
    if !builder.isComplete || builder.tree.nodes.isEmpty {
      try builder.diagnostics.check()
      preconditionFailure("a text that was not read to its end has an error")
    }
    return Reading(tree: builder.tree, diagnostics: builder.diagnostics)
  }

  // MARK: Errors

  mutating func error(_ node: Int, _ message: String) {
    diagnostics.error(tree.mark(node), message)
  }

  mutating func warning(_ mark: Mark, _ message: String) {
    diagnostics.warning(mark, message)
  }

  /// Reports a node of the wrong kind, unless it was refused before.
  private mutating func mismatch(_ node: Int, _ noun: String, expected: String) {
    let found: String
    switch tree.kind(node) {
    case .refused: return
    case .scalar, .text: found = "`\(shortened(node))`"
    case .sequence: found = "a list"
    case .mapping: found = "a mapping"
    }
    error(node, "\(noun) is \(found), expected \(expected)")
  }

  /// The text of a node, cut to what a message can bear.
  func shortened(_ node: Int) -> String {
    let text = tree.text(node)
    return text.count > 80 ? text.prefix(80) + "..." : text
  }

  // MARK: Scalars

  /// Any text.
  mutating func text(_ node: Int, _ noun: String) -> String? {
    guard tree.isText(node) else {
      mismatch(node, noun, expected: "text")
      return nil
    }
    return tree.text(node)
  }

  /// An id: 1 to 255 bytes without NUL.
  mutating func id(_ node: Int, _ noun: String) -> Name? {
    switch tree.kind(node) {
    case .scalar:
      return tree.name(node)
    case .text:
      let byteCount = tree.symbols.byteCount(of: tree.symbol(node))
      let limit = Limits.idByteCountMax
      let fault = (1...limit).contains(byteCount) ? "contains a NUL" : "has \(byteCount) bytes"
      error(node, "\(noun) \(fault), expected 1 to \(limit) bytes of UTF-8 without NUL")
      return nil
    case .sequence, .mapping, .refused:
      mismatch(node, noun, expected: "text")
      return nil
    }
  }

  /// A name for people.
  mutating func display(_ node: Int, _ noun: String) -> Name? {
    guard tree.isText(node) else {
      mismatch(node, noun, expected: "text")
      return nil
    }
    let byteCount = tree.symbols.byteCount(of: tree.symbol(node))
    guard (1...PolicyLimits.displayByteCountMax).contains(byteCount) else {
      error(
        node,
        "\(noun) has \(byteCount) bytes, expected 1 to \(PolicyLimits.displayByteCountMax)")
      return nil
    }
    return tree.name(node)
  }

  /// `true` or `false`.
  mutating func flag(_ node: Int, _ noun: String) -> Bool? {
    if tree.isText(node) {
      switch tree.text(node) {
      case "true": return true
      case "false": return false
      default: break
      }
    }
    mismatch(node, noun, expected: "`true` or `false`")
    return nil
  }

  /// A number from 0 to a billion.
  mutating func number(_ node: Int, _ noun: String) -> Int? {
    if tree.isText(node), let number = Int(tree.text(node)), (0...1_000_000_000).contains(number) {
      return number
    }
    mismatch(node, noun, expected: "a whole number")
    return nil
  }

  // MARK: Collections

  mutating func isMapping(_ node: Int, _ noun: String) -> Bool {
    if tree.kind(node) == .mapping { return true }
    mismatch(node, noun, expected: "a mapping")
    return false
  }

  /// The entries of a mapping whose keys are names.
  mutating func entries(_ node: Int, _ noun: String) -> DocumentTree.Entries? {
    isMapping(node, noun) ? tree.entries(node) : nil
  }

  /// The elements of a list.
  mutating func elements(
    _ node: Int, _ noun: String
  ) -> DocumentTree.Elements? {
    if tree.kind(node) == .sequence { return tree.elements(node) }
    mismatch(node, noun, expected: "a list")
    return nil
  }

  /// The known keys of a mapping; unknown and missing ones are reported.
  mutating func fields(
    _ node: Int, _ noun: String, allowed: [Key], required: [Key] = []
  ) -> Fields? {
    guard isMapping(node, noun) else { return nil }
    var fields = Fields(tree: tree, node: node)
    for (key, _) in tree.entries(node) where tree.kind(key) != .refused {
      guard tree.isText(key), let known = allowed.first(where: { $0.symbol == tree.symbol(key) })
      else {
        if tree.isText(key) { unknownKey(key, noun, allowed.map(\.name)) }
        continue
      }
      fields.seen.append(known)
    }
    for key in required where !fields.seen.contains(key) {
      error(node, "\(noun) has no `\(key.name)`, which is required")
      fields.isComplete = false
    }
    return fields
  }

  /// The keys of a mapping of documents.
  mutating func fields(_ node: Int, _ noun: String, at place: DocumentPlace) -> Fields? {
    fields(node, noun, allowed: place.keys, required: place.required)
  }

  mutating func unknownKey(_ key: Int, _ noun: String, _ known: [String]) {
    let advice = Spelling.advice(tree.text(key), among: known, noun: "known keys")
    error(key, "unknown key `\(shortened(key))` in \(noun), \(advice)")
  }
}

/// The known keys of one mapping.
struct Fields {
  private let tree: DocumentTree
  let node: Int
  fileprivate(set) var seen: [Key] = []
  /// Whether every required key is there.
  fileprivate(set) var isComplete = true

  fileprivate init(tree: DocumentTree, node: Int) {
    self.tree = tree
    self.node = node
  }

  /// The value of `key`, if it is there.
  subscript(key: Key) -> Int? {
    tree.entries(node).first {
      tree.isText($0.key) && tree.symbol($0.key) == key.symbol
    }?.value
  }

  /// The key's own node, for errors about its presence.
  func keyNode(_ key: Key) -> Int? {
    tree.entries(node).first {
      tree.isText($0.key) && tree.symbol($0.key) == key.symbol
    }?.key
  }
}
