internal import VerdictModel

/// Templates, checks and sources, each written as one text.
extension RouteReader {
  /// A path template.
  struct Template {
    var text = ""
    var segments: [RouteDocument.Segment]
  }

  /// `METHOD /a/{b}`.
  mutating func template(_ text: String, _ node: Int) -> (method: String, Template)? {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 2, !words[0].isEmpty,
      words[0].utf8.allSatisfy({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }),
      words[1].hasPrefix("/")
    else {
      reading.error(
        node,
        "`\(reading.shortened(node))` is no route, expected a method and a path, like "
          + "`GET /v2/sources/{id}`")
      return nil
    }
    var template = Template(text: String(words[1]), segments: [])
    guard words[1] != "/" else { return (String(words[0]), template) }
    for part in words[1].dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      guard let segment = segment(part, template, node) else { return nil }
      template.segments.append(segment)
    }
    guard template.segments.count <= RouteReader.segmentCountMax else {
      reading.error(
        node,
        "a path of \(template.segments.count) segments, expected at most "
          + "\(RouteReader.segmentCountMax)")
      return nil
    }
    return (String(words[0]), template)
  }

  /// What the matching of paths bears, `RequestPath.segmentCountMax`.
  static let segmentCountMax = 32

  private mutating func segment(
    _ part: Substring, _ template: Template, _ node: Int
  ) -> RouteDocument.Segment? {
    if part.hasPrefix("{"), part.hasSuffix("}") {
      let name = String(part.dropFirst().dropLast())
      guard RouteReader.isName(name) else {
        reading.error(node, "`\(part)` names no parameter, expected letters, digits and `_`")
        return nil
      }
      guard !template.segments.contains(.parameter(name)) else {
        reading.error(node, "two parameters `\(part)` in one path, expected another name")
        return nil
      }
      return .parameter(name)
    }
    guard !part.isEmpty, part != ".", part != "..",
      part.utf8.allSatisfy({ RouteReader.isPlain($0) })
    else {
      reading.error(
        node, "`\(part)` is no segment of a path, expected plain signs or `{name}`, not encoded")
      return nil
    }
    return .literal(String(part))
  }

  static func isName(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }

  /// Signs that a literal segment may have: those that never need encoding.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "~"), UInt8(ascii: ":"),
      UInt8(ascii: "@"), UInt8(ascii: "$"), UInt8(ascii: "+"), UInt8(ascii: "!"):
      true
    default: isName(String(UnicodeScalar(byte)))
    }
  }

  // MARK: Sources

  /// One source, or a list of them.
  mutating func sources(_ node: Int, _ template: Template) -> [RouteDocument.Source] {
    let nodes = tree.kind(node) == .sequence ? Array(tree.elements(node)) : [node]
    return nodes.compactMap { element in
      guard let text = reading.text(element, "a source"),
        let source = source(text, element, template)
      else { return nil }
      if source.isList {
        reading.error(element, "`\(text)` has several values, expected one workspace")
        return nil
      }
      return source
    }
  }

  /// `id` or `path.id`, `query.a`, `header.x-a`, `context.a`, `body.a.b`, `body.list[].id`.
  mutating func source(
    _ text: String, _ node: Int, _ template: Template
  ) -> RouteDocument.Source? {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let rest = parts.count == 2 ? String(parts[1]) : nil
    switch (parts.first ?? "", rest) {
    case ("query", let name?) where !name.isEmpty: return .query(name)
    case ("context", let name?) where !name.isEmpty: return .context(name)
    case ("header", let name?) where RouteReader.isHeader(name): return .header(name)
    case ("body", let steps?): return body(steps, text, node)
    case ("path", let name?): return parameter(name, text, node, template)
    case (let name, nil): return parameter(String(name), text, node, template)
    default:
      reading.error(
        node,
        "`\(text)` is no source, expected a parameter of the path, `query.NAME`, "
          + "`header.name`, `body.MEMBER` or `context.NAME`")
      return nil
    }
  }

  private mutating func parameter(
    _ name: String, _ text: String, _ node: Int, _ template: Template
  ) -> RouteDocument.Source? {
    if let place = template.segments.firstIndex(of: .parameter(name)) { return .segment(place) }
    let known = template.segments.compactMap { segment in
      if case .parameter(let name) = segment { return name }
      return nil
    }
    reading.error(
      node, "the path has no parameter `\(text)`, \(Spelling.advice(name, among: known))")
    return nil
  }

  private mutating func body(
    _ text: String, _ whole: String, _ node: Int
  ) -> RouteDocument.Source? {
    var steps: [String?] = []
    for part in text.split(separator: ".", omittingEmptySubsequences: false) {
      let isList = part.hasSuffix("[]")
      let name = String(isList ? part.dropLast(2) : part)
      guard RouteReader.isName(name), !(isList && steps.contains(nil)) else {
        reading.error(
          node,
          "`\(whole)` is no place in a body, expected members with at most one list, like "
            + "`body.items[].id`")
        return nil
      }
      steps.append(name)
      if isList { steps.append(nil) }
    }
    guard steps.count <= RouteReader.stepCountMax else {
      reading.error(node, "`\(whole)` is too deep, expected at most \(RouteReader.stepCountMax)")
      return nil
    }
    return .body(steps)
  }

  private static let stepCountMax = 8

  /// Lower-case, as HTTP/2 has them.
  private static func isHeader(_ name: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy { byte in
        byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
          || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      }
  }
}
