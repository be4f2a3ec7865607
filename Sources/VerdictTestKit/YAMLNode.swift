internal import CLibyaml

/// A YAML text as a tree of texts, lists and mappings; all that scenario files need.
///
/// Deliberately not the product's reader, which refuses what documents may not hold: a scenario
/// names ids that are none, and is read before anybody looks at the product.
enum YAMLNode {
  case text(String, line: Int)
  case list([YAMLNode], line: Int)
  case mapping([(key: String, value: YAMLNode)], line: Int)

  var line: Int {
    switch self {
    case .text(_, let line), .list(_, let line), .mapping(_, let line): line
    }
  }

  struct Fault: Error {
    var line: Int
    var message: String
  }

  /// The one document of `text`. Throws where it is not YAML, holds an alias, or nothing at all.
  init(parsing text: [UInt8]) throws(Fault) {
    let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    defer { unsafe parser.deallocate() }
    precondition(unsafe yaml_parser_initialize(parser) == 1, "libyaml has memory for a parser")
    defer { unsafe yaml_parser_delete(parser) }
    let result: Result<YAMLNode, Fault> = unsafe text.withUnsafeBufferPointer { buffer in
      // SAFETY: libyaml reads the input during this closure only, where the array is kept alive.
      unsafe yaml_parser_set_input_string(parser, buffer.baseAddress, buffer.count)
      var reader = unsafe Reader(parser: parser)
      do throws(Fault) {
        return .success(try unsafe reader.document())
      } catch {
        return .failure(error)
      }
    }
    self = try result.get()
  }

  @unsafe
  private struct Reader {
    let parser: UnsafeMutablePointer<yaml_parser_t>

    enum Event {
      case text(String, line: Int)
      case listStart(line: Int)
      case mappingStart(line: Int)
      case end
      case documentEnd
      case other
    }

    mutating func document() throws(Fault) -> YAMLNode {
      while true {
        switch try unsafe next() {
        case .other: continue
        case .documentEnd: throw Fault(line: 0, message: "the file is empty")
        case let event: return try unsafe node(event)
        }
      }
    }

    private mutating func node(_ event: Event) throws(Fault) -> YAMLNode {
      switch event {
      case .text(let text, let line): return .text(text, line: line)
      case .listStart(let line): return .list(try unsafe children(), line: line)
      case .mappingStart(let line):
        let children = try unsafe children()
        var entries: [(key: String, value: YAMLNode)] = []
        for index in stride(from: 0, to: children.count, by: 2) {
          guard case .text(let key, _) = children[index] else {
            throw Fault(line: children[index].line, message: "a key is no text")
          }
          entries.append((key, children[index + 1]))
        }
        return .mapping(entries, line: line)
      case .end, .documentEnd, .other:
        throw Fault(line: 0, message: "an unexpected end")
      }
    }

    private mutating func children() throws(Fault) -> [YAMLNode] {
      var children: [YAMLNode] = []
      while true {
        switch try unsafe next() {
        case .end: return children
        case let event: children.append(try unsafe node(event))
        }
      }
    }

    private mutating func next() throws(Fault) -> Event {
      var event = unsafe yaml_event_t()
      guard unsafe yaml_parser_parse(parser, &event) == 1 else {
        let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) }
        let line = Int(clamping: unsafe parser.pointee.problem_mark.line) + 1
        throw Fault(line: line, message: problem ?? "not readable")
      }
      // SAFETY: the event owns its text until it is deleted, after the text was copied.
      defer { unsafe yaml_event_delete(&event) }
      let line = Int(clamping: unsafe event.start_mark.line) + 1
      switch unsafe event.type {
      case YAML_SCALAR_EVENT:
        let scalar = unsafe event.data.scalar
        let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        return .text(unsafe String(decoding: bytes, as: UTF8.self), line: line)
      case YAML_SEQUENCE_START_EVENT: return .listStart(line: line)
      case YAML_MAPPING_START_EVENT: return .mappingStart(line: line)
      case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return .end
      case YAML_DOCUMENT_END_EVENT, YAML_STREAM_END_EVENT: return .documentEnd
      case YAML_ALIAS_EVENT: throw Fault(line: line, message: "an alias, write the value out")
      default: return .other
      }
    }
  }
}
