internal import CLibyaml
internal import VerdictModel

/// Reads YAML into a tree with libyaml's event stream. The library's structures stay in this file.
///
/// Anchors, aliases, tags and further documents are refused here, because only the event stream
/// shows them; aliases are therefore never expanded.
enum YAMLText {
  static func read(_ bytes: ByteView, into builder: inout TreeBuilder) {
    // SAFETY: the parser lives on the heap until the end of this function; libyaml keeps pointers
    // to the input, which the caller keeps alive, and to nothing else of ours.
    unsafe withParser(bytes, &builder) { parser, builder in
      unsafe readEvents(parser, bytes, &builder)
    }
  }

  private static func withParser(
    _ bytes: ByteView, _ builder: inout TreeBuilder,
    _ body: (UnsafeMutablePointer<yaml_parser_t>, inout TreeBuilder) -> Void
  ) {
    let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    defer { unsafe parser.deallocate() }
    guard unsafe yaml_parser_initialize(parser) == 1 else {
      builder.diagnostics.error(Mark(line: 0, column: 0), "out of memory, the file was not read")
      return
    }
    defer { unsafe yaml_parser_delete(parser) }
    // A byte order mark is legal before UTF-8 and means nothing.
    let text = hasByteOrderMark(bytes) ? bytes[3..<bytes.count] : bytes
    // Said, not guessed: other encodings are errors instead of other readings.
    unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    let base = unsafe text.buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe yaml_parser_set_input_string(parser, base, text.count)
    unsafe body(parser, &builder)
  }

  private static func hasByteOrderMark(_ bytes: ByteView) -> Bool {
    bytes.count >= 3 && bytes[0] == 0xef && bytes[1] == 0xbb && bytes[2] == 0xbf
  }

  /// Reads events until the stream ends or may not go on.
  private static func readEvents(
    _ parser: UnsafeMutablePointer<yaml_parser_t>, _ bytes: ByteView, _ builder: inout TreeBuilder
  ) {
    var event = unsafe yaml_event_t()
    var documentCount = 0
    while true {
      guard unsafe yaml_parser_parse(parser, &event) == 1 else {
        unsafe report(parser.pointee, bytes, &builder.diagnostics)
        return
      }
      // SAFETY: an event that was delivered owns its texts until it is deleted, after its use.
      defer { unsafe yaml_event_delete(&event) }
      let place = unsafe mark(event.start_mark)
      switch unsafe event.type {
      case YAML_STREAM_END_EVENT:
        if documentCount == 0 { builder.diagnostics.error(place, "the document is empty") }
        builder.isComplete = true
        return
      case YAML_DOCUMENT_START_EVENT:
        documentCount += 1
        if documentCount > 1 {
          builder.diagnostics.error(place, "a second document, expected one document in a file")
          return
        }
      default:
        guard unsafe add(event, place, &builder) else { return }
      }
    }
  }

  /// Adds one event's node. Returns false if the document may not go on.
  private static func add(
    _ event: yaml_event_t, _ place: Mark, _ builder: inout TreeBuilder
  ) -> Bool {
    switch unsafe event.type {
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.data.scalar
      unsafe refuse(anchor: scalar.anchor, tag: scalar.tag, place, &builder)
      guard let value = unsafe scalar.value else { preconditionFailure("a scalar has a value") }
      // SAFETY: `length` bytes belong to the event, which outlives this call.
      let view = unsafe ByteView(base: UnsafeRawPointer(value), count: scalar.length)
      let isPlain = unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE
      if unsafe isFolded(event, scalar.style) {
        return builder.refuse(
          "text over several lines, expected one line: quote it and write breaks as `\\n`",
          mark: place)
      }
      return builder.scalar(view, style: isPlain ? .plain : .quoted, mark: place)
    case YAML_SEQUENCE_START_EVENT:
      let start = unsafe event.data.sequence_start
      unsafe refuse(anchor: start.anchor, tag: start.tag, place, &builder)
      return builder.begin(.sequence, mark: place)
    case YAML_MAPPING_START_EVENT:
      let start = unsafe event.data.mapping_start
      unsafe refuse(anchor: start.anchor, tag: start.tag, place, &builder)
      return builder.begin(.mapping, mark: place)
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
      builder.end()
      return true
    case YAML_ALIAS_EVENT:
      return builder.refuse("aliases are not allowed, write the value out", mark: place)
    default:
      return true
    }
  }

  /// Whether text outside a block goes over several lines. YAML would join them by spaces, also
  /// at the breaks that only YAML 1.1 knows (U+0085, U+2028, U+2029): another id, unseen.
  private static func isFolded(_ event: yaml_event_t, _ style: yaml_scalar_style_t) -> Bool {
    guard unsafe event.start_mark.line != event.end_mark.line else { return false }
    return style != YAML_LITERAL_SCALAR_STYLE && style != YAML_FOLDED_SCALAR_STYLE
  }

  private static func refuse(
    anchor: UnsafeMutablePointer<yaml_char_t>?, tag: UnsafeMutablePointer<yaml_char_t>?,
    _ place: Mark, _ builder: inout TreeBuilder
  ) {
    if unsafe anchor != nil {
      builder.diagnostics.error(place, "anchors are not allowed, write the value out")
    }
    if unsafe tag != nil {
      builder.diagnostics.error(place, "tags are not allowed, every value is text")
    }
  }

  private static func mark(_ mark: yaml_mark_t) -> Mark {
    Mark(
      line: UInt32(clamping: mark.line &+ 1), column: UInt32(clamping: mark.column &+ 1))
  }

  /// Turns libyaml's own error into a diagnostic.
  private static func report(
    _ parser: yaml_parser_t, _ bytes: ByteView, _ diagnostics: inout DiagnosticList
  ) {
    // SAFETY: `problem` is nil or one of the library's static strings.
    let problem = unsafe parser.problem.map { unsafe String(cString: $0) } ?? "not readable"
    switch unsafe parser.error {
    case YAML_MEMORY_ERROR:
      diagnostics.error(Mark(line: 0, column: 0), "out of memory, the file was not read")
    case YAML_READER_ERROR:
      let place = place(ofByte: unsafe parser.problem_offset, in: bytes)
      diagnostics.error(place, "\(problem), expected UTF-8 text")
    default:
      let advice =
        problem.contains("Unicode character escape code")
        ? ", expected a whole character: write it as itself, or name the file `*.json`"
        : ", expected YAML or JSON"
      diagnostics.error(unsafe mark(parser.problem_mark), problem + advice)
    }
  }

  /// Line and column (in characters) of a byte; libyaml gives only the offset where the bytes
  /// themselves are at fault.
  private static func place(ofByte offset: Int, in bytes: ByteView) -> Mark {
    var mark = Mark(line: 1, column: 1)
    for index in 0..<min(offset, bytes.count) {
      if bytes[index] == UInt8(ascii: "\n") {
        mark = Mark(line: mark.line + 1, column: 1)
      } else if bytes[index] & 0xc0 != 0x80 {
        mark.column += 1
      }
    }
    return mark
  }
}
