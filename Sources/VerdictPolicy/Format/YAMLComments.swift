internal import CLibyaml
internal import VerdictModel

/// One comment of a YAML text.
struct YAMLComment {
  var mark: Mark
  /// From `#` to the end of the line, without blanks at the end.
  var text: String
  /// Whether nothing else stands on its line.
  var isAlone: Bool
}

/// Finds the comments of a YAML text, which libyaml drops.
///
/// Where every scalar begins and ends is libyaml's own word. Outside of scalars YAML has no use
/// for `#` but comments, so nothing is guessed.
enum YAMLComments {
  /// - Precondition: the text was read as a document, so it has neither anchors nor tags.
  static func find(in bytes: ByteView) -> [YAMLComment] {
    let start = bytes.count >= 3 && bytes[0] == 0xef && bytes[1] == 0xbb ? 3 : 0
    let text = bytes[start..<bytes.count]
    return comments(in: text, outside: scalars(of: text))
  }

  /// The scalars of a text, in order: first and last plus one, in characters.
  private static func scalars(of text: ByteView) -> [Range<Int>] {
    let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    defer { unsafe parser.deallocate() }
    precondition(unsafe yaml_parser_initialize(parser) == 1, "libyaml has memory for a parser")
    defer { unsafe yaml_parser_delete(parser) }
    unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    let base = unsafe text.buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
    // SAFETY: the text outlives the parser, which lives in this function.
    unsafe yaml_parser_set_input_string(parser, base, text.count)
    var scalars: [Range<Int>] = []
    var event = unsafe yaml_event_t()
    while true {
      precondition(unsafe yaml_parser_parse(parser, &event) == 1, "the text was read before")
      // SAFETY: the event owns its content until it is deleted, after its use.
      defer { unsafe yaml_event_delete(&event) }
      switch unsafe event.type {
      case YAML_STREAM_END_EVENT: return scalars
      case YAML_SCALAR_EVENT:
        var end = unsafe Int(event.end_mark.index)
        let start = unsafe Int(event.start_mark.index)
        let style = unsafe event.data.scalar.style
        if style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE {
          // The line of `|` may end in a comment; what follows is content.
          scalars.append(start..<start + 1)
          let header = characters(of: text, from: start)
          scalars.append(min(start + header, end)..<end)
          end = start
        }
        if end > start { scalars.append(start..<end) }
      default: break
      }
    }
  }

  /// How many characters are left of the line in which the character `start` stands.
  private static func characters(of text: ByteView, from start: Int) -> Int {
    var character = -1
    var count = 0
    for index in 0..<text.count where text[index] & 0xc0 != 0x80 {
      character += 1
      guard character >= start else { continue }
      if text[index] == UInt8(ascii: "\n") { break }
      count += 1
    }
    return count
  }

  private static func comments(
    in text: ByteView, outside scalars: [Range<Int>]
  ) -> [YAMLComment] {
    var comments: [YAMLComment] = []
    var rest = scalars[...]
    var mark = Mark(line: 1, column: 0)
    var isAlone = true
    var character = -1
    var index = 0
    while index < text.count {
      let byte = text[index]
      guard byte & 0xc0 != 0x80 else {
        index += 1
        continue
      }
      character += 1
      mark.column += 1
      while let first = rest.first, first.upperBound <= character { rest = rest.dropFirst() }
      if byte == UInt8(ascii: "#"), !(rest.first?.contains(character) ?? false) {
        var end = index
        while end < text.count, text[end] != UInt8(ascii: "\n") { end += 1 }
        let comment = text[index..<end].text
        var scalars = comment.unicodeScalars
        while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        comments.append(YAMLComment(mark: mark, text: String(scalars), isAlone: isAlone))
        character += comment.unicodeScalars.count - 1
        index = end
        continue
      }
      if byte == UInt8(ascii: "\n") {
        mark = Mark(line: mark.line + 1, column: 0)
        isAlone = true
      } else if byte != UInt8(ascii: " "), byte != UInt8(ascii: "\t"), byte != UInt8(ascii: "\r") {
        isAlone = false
      }
      index += 1
    }
    return comments
  }
}

/// Which node of a tree each comment belongs to.
struct CommentPlaces {
  /// Lines above the text that the node begins.
  private(set) var above: [Int: [String]] = [:]
  /// Behind it, on its line.
  private(set) var behind: [Int: [String]] = [:]
  /// Below everything.
  private(set) var atEnd: [String] = []
  /// The line of the first comment above a node.
  private var firstLines: [Int: UInt32] = [:]
  private var emptyLines: Set<UInt32> = []
  var isEmpty: Bool { above.isEmpty && behind.isEmpty && atEnd.isEmpty }

  init() {}

  /// Comments and empty lines of a YAML text.
  init(of text: ByteView, in tree: DocumentTree) {
    self.init(YAMLComments.find(in: text), in: tree)
    var line: UInt32 = 1
    var isEmpty = true
    for index in 0..<text.count {
      if text[index] == UInt8(ascii: "\n") {
        if isEmpty { emptyLines.insert(line) }
        line += 1
        isEmpty = true
      } else if text[index] > UInt8(ascii: " ") {
        isEmpty = false
      }
    }
  }

  /// Whether an empty line stands above a node and its comments.
  func isSpaced(_ node: Int, in tree: DocumentTree) -> Bool {
    emptyLines.contains((firstLines[node] ?? tree.mark(node).line) &- 1)
  }

  /// A comment on a line of its own belongs to what follows, another to what precedes it.
  ///
  /// Complexity: linear in the nodes, and logarithmic for each comment.
  init(_ comments: [YAMLComment], in tree: DocumentTree) {
    if comments.isEmpty { return }
    var isElement = Array(repeating: false, count: tree.nodes.count)
    for node in tree.nodes.indices where tree.kind(node) == .sequence {
      for element in tree.elements(node) { isElement[element] = true }
    }
    for comment in comments {
      let mark = comment.mark
      // The first node behind the comment; nodes stand in the order of the text.
      var low = 0
      var high = tree.nodes.count
      while low < high {
        let middle = (low + high) / 2
        let place = tree.mark(middle)
        if (place.line, place.column) < (mark.line, mark.column) {
          low = middle + 1
        } else {
          high = middle
        }
      }
      if !comment.isAlone, low > 0 {
        behind[low - 1, default: []].append(comment.text)
      } else if low < tree.nodes.count {
        var node = low
        // Of a list its first element, of a mapping its first key, if they begin on one line.
        while tree.count(node) > 0, tree.mark(node + 1).line == tree.mark(low).line,
          tree.kind(node) == .sequence || !isElement[node]
        {
          node += 1
        }
        above[node, default: []].append(comment.text)
        if firstLines[node] == nil { firstLines[node] = mark.line }
      } else {
        atEnd.append(comment.text)
      }
    }
  }

  /// The comments of all nodes in a range: those above, then those behind.
  func all(in nodes: Range<Int>) -> (above: [String], behind: [String]) {
    if isEmpty { return ([], []) }
    var result: (above: [String], behind: [String]) = ([], [])
    for node in nodes {
      result.above += above[node] ?? []
      result.behind += behind[node] ?? []
    }
    return result
  }
}
