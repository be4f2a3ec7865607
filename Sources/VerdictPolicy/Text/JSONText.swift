internal import VerdictModel

/// Reads JSON (RFC 8259) into a tree, strictly.
///
/// YAML is nearly a superset of JSON, but libyaml reads some valid JSON differently: it refuses
/// escaped surrogate pairs, which is how many writers put a character outside the basic plane,
/// folds U+2028 and U+0085 inside strings into other text, and refuses keys of more than 1,024
/// characters or with a line break before their colon. A changed id would be another resource, so
/// `*.json` is read by this file instead.
struct JSONText {
  let bytes: ByteView
  var position = 0
  var line: UInt32 = 1
  /// Where the line begins, moved on by every byte that continues a character, so that
  /// `position - lineStart` counts characters.
  var lineStart = 0
  private var open: [DocumentTree.Kind] = []
  /// Text with escapes, unescaped.
  var unescaped: [UInt8] = []

  private init(_ bytes: ByteView) { self.bytes = bytes }

  static func read(_ bytes: ByteView, into builder: inout TreeBuilder) {
    var text = JSONText(bytes)
    if bytes.count >= 3, bytes[0] == 0xef, bytes[1] == 0xbb, bytes[2] == 0xbf {
      text.position = 3
      text.lineStart = 3
    }
    builder.isComplete = text.readDocument(&builder)
  }

  var mark: Mark {
    Mark(line: line, column: UInt32(clamping: position - lineStart + 1))
  }

  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  func fail(_ expected: String, _ builder: inout TreeBuilder) -> Bool {
    let found: String
    switch next {
    case nil: found = "the file ends here"
    case .some(0x20..<0x7f): found = "found `\(bytes[position..<(position + 1)].text)`"
    default: found = "found a byte that JSON does not allow here"
    }
    builder.diagnostics.error(mark, "\(found), expected \(expected)")
    return false
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
        position += 1
      case UInt8(ascii: "\n"):
        position += 1
        line += 1
        lineStart = position
      default:
        return
      }
    }
  }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  // MARK: Values

  /// One value and nothing after it. Returns false if the text may not go on.
  private mutating func readDocument(_ builder: inout TreeBuilder) -> Bool {
    skipSpace()
    if next == nil {
      builder.diagnostics.error(mark, "the document is empty")
      return false
    }
    guard readValue(&builder) else { return false }
    // After a value: a comma and the next one, or the end of its collection.
    while let kind = open.last {
      skipSpace()
      if take(",") {
        skipSpace()
        guard readElement(kind, &builder) else { return false }
      } else if take(kind == .mapping ? "}" : "]") {
        builder.end()
        open.removeLast()
      } else {
        return fail(kind == .mapping ? "`,` or `}`" : "`,` or `]`", &builder)
      }
    }
    skipSpace()
    return next == nil || fail("nothing after the document", &builder)
  }

  /// An element of a list, or a key and its value.
  private mutating func readElement(
    _ kind: DocumentTree.Kind, _ builder: inout TreeBuilder
  ) -> Bool {
    if kind == .mapping {
      guard next == UInt8(ascii: "\"") else { return fail("a key in double quotes", &builder) }
      guard readString(&builder) else { return false }
      skipSpace()
      guard take(":") else { return fail("`:`", &builder) }
      skipSpace()
    }
    return readValue(&builder)
  }

  /// A scalar, an empty collection, or collections as far as their first scalar.
  private mutating func readValue(_ builder: inout TreeBuilder) -> Bool {
    while true {
      let kind: DocumentTree.Kind
      switch next {
      case UInt8(ascii: "{"): kind = .mapping
      case UInt8(ascii: "["): kind = .sequence
      case UInt8(ascii: "\""): return readString(&builder)
      default: return readWord(&builder)
      }
      guard builder.begin(kind, mark: mark) else { return false }
      open.append(kind)
      position += 1
      skipSpace()
      if take(kind == .mapping ? "}" : "]") {
        builder.end()
        open.removeLast()
        return true
      }
      guard kind == .sequence else { return readElement(kind, &builder) }
    }
  }

  /// `true`, `false`, `null` or a number: text like any other, except null.
  private mutating func readWord(_ builder: inout TreeBuilder) -> Bool {
    let start = position
    let place = mark
    while let byte = next, JSONText.isWordByte(byte) { position += 1 }
    let word = bytes[start..<position]
    guard JSONText.isWord(word) else {
      position = start
      return fail("a string, a number, `true`, `false`, a list or a mapping", &builder)
    }
    return builder.scalar(word, style: .plain, mark: place)
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
      UInt8(ascii: "."):
      true
    default: false
    }
  }

  private static func isWord(_ word: ByteView) -> Bool {
    guard word.count <= 64 else { return false }
    let text = word.text
    return ["true", "false", "null"].contains(text) || isNumber(Array(text.utf8)[...])
  }

  private static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
    var rest = text
    func digits(_ rest: inout ArraySlice<UInt8>) -> Int {
      let count = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
      rest = rest.dropFirst(count)
      return count
    }
    if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    let hasLeadingZero = rest.first == UInt8(ascii: "0")
    let whole = digits(&rest)
    guard whole > 0, !hasLeadingZero || whole == 1 else { return false }
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      guard digits(&rest) > 0 else { return false }
    }
    if let byte = rest.first, byte | 0x20 == UInt8(ascii: "e") {
      rest = rest.dropFirst()
      if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
        rest = rest.dropFirst()
      }
      guard digits(&rest) > 0 else { return false }
    }
    return rest.isEmpty
  }
}
