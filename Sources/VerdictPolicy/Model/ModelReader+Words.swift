internal import VerdictModel

/// The words that the parts of a model are made of: names, flags and references.
extension ModelReader {
  /// A name: lower-case letters, digits, `_` and `.`, so that `TYPE/ID` splits and terms parse.
  mutating func name(_ node: Int, _ noun: String) -> String? {
    guard let text = reading.text(node, noun) else { return nil }
    let isName =
      (1...Limits.idByteCountMax).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
          UInt8(ascii: "_"), UInt8(ascii: "."):
          true
        default: false
        }
      }
    if isName { return text }
    reading.error(
      node, "\(noun) is `\(reading.shortened(node))`, expected lower-case letters, digits, `_`, `.`"
    )
    return nil
  }

  /// A name for people; a missing one has been reported by `fields`.
  mutating func display(_ node: Int?) -> String {
    guard let node, let name = reading.display(node, "the name for people") else { return "" }
    return reading.tree.symbols.text(name.symbol)
  }

  /// A flag that is false where it is absent.
  mutating func flag(_ fields: Fields, _ key: Key) -> Bool {
    guard let node = fields[key] else { return false }
    return reading.flag(node, "`\(key.name)`") ?? false
  }

  mutating func type(_ node: Int) -> Int? {
    word(node, "type", model.resourceTypes.map(\.name))
  }

  mutating func plan(_ node: Int) -> Int? {
    word(node, "plan", model.plans.map(\.name))
  }

  mutating func permission(_ node: Int) -> Int? {
    word(node, "permission", model.permissions.map(\.name))
  }

  /// The index of a node's text among `known`.
  mutating func word(_ node: Int, _ noun: String, _ known: [String]) -> Int? {
    guard let text = reading.text(node, "a \(noun)") else { return nil }
    if let index = known.firstIndex(of: text) { return index }
    reading.error(
      node, "unknown \(noun) `\(reading.shortened(node))`, \(Spelling.advice(text, among: known))")
    return nil
  }

  /// A list of types, or `all`.
  mutating func typeList(_ node: Int) -> [Int] {
    if reading.tree.isText(node), reading.tree.text(node) == "all" {
      return Array(model.resourceTypes.indices)
    }
    var types: [Int] = []
    for element in reading.elements(node, "types") ?? .none(reading.tree) {
      guard let type = type(element) else { continue }
      if types.contains(type) {
        reading.error(element, "type `\(model.resourceTypes[type].name)` is listed twice")
      } else {
        types.append(type)
      }
    }
    return types
  }

  /// A list of pairs of types.
  mutating func pairs(_ node: Int, _ noun: String) -> [AccessModel.Pair] {
    var pairs: [AccessModel.Pair] = []
    for element in reading.elements(node, noun) ?? .none(reading.tree) {
      guard let both = reading.elements(element, "a pair") else { continue }
      let types = both.compactMap { type($0) }
      guard reading.tree.count(element) == 2 else {
        reading.error(element, "a pair of \(reading.tree.count(element)) types, expected 2")
        continue
      }
      if types.count == 2 { pairs.append(AccessModel.Pair(first: types[0], second: types[1])) }
    }
    return pairs
  }
}

extension DocumentTree.Elements {
  /// No elements.
  static func none(_ tree: DocumentTree) -> Self { Self(nodes: tree.nodes, cursor: 0, end: 0) }
}

extension DocumentTree.Entries {
  /// No entries.
  static func none(_ tree: DocumentTree) -> Self { Self(elements: .none(tree)) }
}
