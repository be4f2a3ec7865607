internal import VerdictModel

/// Prints the tree of a checked document.
///
/// A list of texts, and a mapping of such lists or of texts, stands on one line where it fits;
/// everything else has a line for each entry. The document, the organization and the names of
/// groups and workspaces always have.
struct DocumentPrinter {
  let tree: DocumentTree
  let model: AccessModel
  let comments: CommentPlaces
  let syntax: DocumentFormat.Syntax
  private var output: [UInt8] = []

  static let columnCountMax = 100

  init(
    tree: DocumentTree, model: AccessModel, comments: CommentPlaces,
    syntax: DocumentFormat.Syntax
  ) {
    self.tree = tree
    self.model = model
    self.comments = comments
    self.syntax = syntax
    output.reserveCapacity(tree.nodes.count * 16)
  }

  mutating func print() -> [UInt8] {
    // What stands above everything stays there, whatever key comes first.
    for text in head { line(text, indent: 0) }
    if syntax == .json { output += "{\n".utf8 }
    mapping(0, .document, indent: syntax == .json ? 2 : 0)
    if syntax == .json { output += "}\n".utf8 }
    for text in comments.atEnd { line(text, indent: 0) }
    return output
  }

  private var head: [String] {
    (comments.above[0] ?? []) + (comments.behind[0] ?? []) + (comments.above[1] ?? [])
  }

  private mutating func line(_ text: String, indent: Int) {
    pad(indent)
    output += text.utf8
    output.append(UInt8(ascii: "\n"))
  }

  /// An empty line, where the document has one.
  private mutating func space(above node: Int) {
    if syntax == .yaml, comments.isSpaced(node, in: tree) { output.append(UInt8(ascii: "\n")) }
  }

  private mutating func pad(_ indent: Int) {
    output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent))
  }

  // MARK: Blocks

  /// The entries of a mapping, one or more lines each. With `dash` the first begins behind `- `.
  private mutating func mapping(
    _ node: Int, _ place: DocumentPlace, indent: Int, dash: Bool = false
  ) {
    let entries = ordered(node, place)
    for (index, entry) in entries.enumerated() {
      let isInline = isInline(entry.value, entry.place, indent, entry.key)
      let range = entry.key..<(isInline ? Int(tree.nodes[entry.value].end) : entry.key + 1)
      var (above, behind) = comments.all(in: range)
      if !isInline {
        above += comments.above[entry.value] ?? []
        behind += comments.behind[entry.value] ?? []
      }
      // Those above the first key of all are out already.
      if entry.key == 1 { above = Array(above.dropFirst((comments.above[1] ?? []).count)) }
      if behind.count > 1 {
        above += behind
        behind = []
      }
      let hasDash = dash && index == 0
      if index > 0 { space(above: entry.key) }
      for text in above { line(text, indent: hasDash ? indent - 2 : indent) }
      pad(hasDash ? indent - 2 : indent)
      if hasDash { output += "- ".utf8 }
      scalar(entry.key, isKey: true)
      output.append(UInt8(ascii: ":"))
      value(
        entry.value, entry.place, indent: indent, isInline: isInline,
        comma: index + 1 < entries.count, comment: behind.first)
    }
  }

  /// What follows a key and its colon, up to the end of the line or of the block.
  private mutating func value(
    _ node: Int, _ place: DocumentPlace, indent: Int, isInline: Bool, comma: Bool, comment: String?
  ) {
    if isInline || syntax == .json { output.append(UInt8(ascii: " ")) }
    if isInline { flow(node, place) } else if syntax == .json { open(node) }
    if isInline, comma, syntax == .json { output.append(UInt8(ascii: ",")) }
    if let comment { output += "  \(comment)".utf8 }
    output.append(UInt8(ascii: "\n"))
    if isInline { return }
    block(node, place, indent: indent + 2)
    if syntax == .json { close(node, indent: indent, comma: comma) }
  }

  private mutating func block(_ node: Int, _ place: DocumentPlace, indent: Int) {
    if tree.kind(node) == .mapping { return mapping(node, place, indent: indent) }
    let count = tree.count(node)
    for (index, element) in tree.elements(node).enumerated() {
      if index > 0 { space(above: element) }
      self.element(element, place.element, indent: indent, comma: index + 1 < count)
    }
  }

  /// One element of a list that has a line for each.
  private mutating func element(
    _ node: Int, _ place: DocumentPlace, indent: Int, comma: Bool
  ) {
    let isInline = isInline(node, place, indent, nil)
    if syntax == .json {
      pad(indent)
      if isInline { flow(node, place) } else { open(node) }
      if isInline {
        output += (comma ? ",\n" : "\n").utf8
        return
      }
      output.append(UInt8(ascii: "\n"))
      block(node, place, indent: indent + 2)
      return close(node, indent: indent, comma: comma)
    }
    guard isInline else {
      let texts = (comments.above[node] ?? []) + (comments.behind[node] ?? [])
      for text in texts { line(text, indent: indent) }
      return mapping(node, place, indent: indent + 2, dash: true)
    }
    var (above, behind) = comments.all(in: node..<Int(tree.nodes[node].end))
    if behind.count > 1 {
      above += behind
      behind = []
    }
    for text in above { line(text, indent: indent) }
    pad(indent)
    output += "- ".utf8
    flow(node, place)
    if let comment = behind.first { output += "  \(comment)".utf8 }
    output.append(UInt8(ascii: "\n"))
  }

  private mutating func open(_ node: Int) {
    output.append(tree.kind(node) == .mapping ? UInt8(ascii: "{") : UInt8(ascii: "["))
  }

  private mutating func close(_ node: Int, indent: Int, comma: Bool) {
    pad(indent)
    output.append(tree.kind(node) == .mapping ? UInt8(ascii: "}") : UInt8(ascii: "]"))
    output += (comma ? ",\n" : "\n").utf8
  }

  // MARK: Order

  private struct Entry {
    var key: Int
    var value: Int
    var place: DocumentPlace
  }

  /// The entries of a mapping as they are written; ids stay in the order of the document.
  private func ordered(_ node: Int, _ place: DocumentPlace) -> [Entry] {
    let words = place.words(of: model) ?? words(beside: place)
    var entries: [(rank: Int, entry: Entry)] = []
    for (key, value) in tree.entries(node) {
      let symbol = tree.symbol(key)
      if let index = place.keys.firstIndex(where: { $0.symbol == symbol }) {
        let entry = Entry(key: key, value: value, place: place.value(of: place.keys[index]))
        entries.append((index, entry))
        continue
      }
      let word = words.flatMap { words in
        let text = tree.text(key)
        return words.firstIndex { $0 == text }
      }
      let entry = Entry(key: key, value: value, place: place.value(ofWord: word))
      entries.append((place.keys.count + (word ?? entries.count), entry))
    }
    return entries.sorted { $0.rank < $1.rank }.map(\.entry)
  }

  /// The model's keys beside fixed ones: relations of a resource.
  private func words(beside place: DocumentPlace) -> [String]? {
    guard case .resource(let type) = place else { return nil }
    return model.relations.filter { $0.from == type }.map(\.name)
  }

  // MARK: Lines

  /// Whether a value stands behind its key, or an element behind its dash, on one line.
  private func isInline(
    _ node: Int, _ place: DocumentPlace, _ indent: Int, _ key: Int?
  ) -> Bool {
    switch tree.kind(node) {
    case .scalar, .text, .refused: return true
    case .sequence, .mapping: break
    }
    if tree.count(node) == 0 { return true }
    switch place {
    case .organization, .groups, .workspaces, .resources, .policies, .holders, .tokens: return false
    default: break
    }
    var heightMax = tree.kind(node) == .mapping ? 2 : 1
    // `{edit: {ids: [D1], include_future: true}}`.
    if case .permissions = place { heightMax = 3 }
    guard height(node, most: heightMax) <= heightMax else { return false }
    let start = indent + (key.map { text(ofScalar: $0, isKey: true).count } ?? 0) + 2
    var room = DocumentPrinter.columnCountMax - start - (syntax == .json ? 1 : 0)
    return fits(node, place, &room)
  }

  /// Levels of collections in a node; one more than `most` if there are more than that.
  private func height(_ node: Int, most: Int) -> Int {
    switch tree.kind(node) {
    case .scalar, .text, .refused: return 0
    case .sequence, .mapping: break
    }
    if most == 0 { return 1 }
    var inner = 0
    for child in tree.elements(node) {
      inner = max(inner, height(child, most: most - 1))
      if inner >= most { break }
    }
    return inner + 1
  }

  /// Whether a node fits into `room` columns; takes what it needs.
  private func fits(_ node: Int, _ place: DocumentPlace, _ room: inout Int) -> Bool {
    switch tree.kind(node) {
    case .scalar, .text, .refused: room -= width(text(ofScalar: node, place))
    case .sequence:
      room -= 2 + max(0, tree.count(node) - 1) * 2
      for element in tree.elements(node) where !fits(element, place.element, &room) { return false }
    case .mapping:
      room -= 2 + max(0, tree.count(node) - 1) * 2
      for entry in ordered(node, place) {
        room -= width(text(ofScalar: entry.key, isKey: true)) + 2
        if room < 0 || !fits(entry.value, entry.place, &room) { return false }
      }
    }
    return room >= 0
  }

  private func width(_ bytes: [UInt8]) -> Int { bytes.count { $0 & 0xc0 != 0x80 } }

  /// A node on one line.
  private mutating func flow(_ node: Int, _ place: DocumentPlace) {
    switch tree.kind(node) {
    case .scalar, .text, .refused: output += text(ofScalar: node, place)
    case .sequence:
      output.append(UInt8(ascii: "["))
      for (index, element) in tree.elements(node).enumerated() {
        if index > 0 { output += ", ".utf8 }
        flow(element, place.element)
      }
      output.append(UInt8(ascii: "]"))
    case .mapping:
      output.append(UInt8(ascii: "{"))
      for (index, entry) in ordered(node, place).enumerated() {
        if index > 0 { output += ", ".utf8 }
        scalar(entry.key, isKey: true)
        output += ": ".utf8
        flow(entry.value, entry.place)
      }
      output.append(UInt8(ascii: "}"))
    }
  }

  private mutating func scalar(_ node: Int, isKey: Bool) {
    output += text(ofScalar: node, isKey: isKey)
  }

  private func text(ofScalar node: Int, _ place: DocumentPlace) -> [UInt8] {
    if place == .flag { return Array(tree.text(node).utf8) }
    return text(ofScalar: node, isKey: false)
  }

  private func text(ofScalar node: Int, isKey: Bool) -> [UInt8] {
    tree.symbols.withBytes(of: tree.symbol(node)) {
      syntax == .json || !PlainText.isPlain($0) ? PlainText.quoted($0, syntax) : $0.array
    }
  }
}
