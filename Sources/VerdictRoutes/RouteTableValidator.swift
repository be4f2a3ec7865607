internal import VerdictModel

/// Why bytes are no route table.
public struct RouteTableError: Error, Equatable, CustomStringConvertible {
  public let description: String
}

/// Looks at every offset, count and reference of a route table once.
struct RouteTableValidator {
  let table: RouteTable
  private var bytes: ByteView { table.bytes }

  init(table: RouteTable) { self.table = table }

  func validate() throws(RouteTableError) {
    try validateHead()
    try validateTexts()
    try validateNodes()
    try validateRoutes()
    try validateChecks()
    try validateSources()
  }

  private func require(
    _ condition: Bool, _ place: @autoclosure () -> String
  ) throws(RouteTableError) {
    if !condition { throw RouteTableError(description: "malformed route table: \(place())") }
  }

  private func validateHead() throws(RouteTableError) {
    try require(bytes.count >= RouteFormat.sectionsEnd, "it is too short")
    try require(bytes.load64(at: 0) == RouteFormat.magic, "the magic")
    let version = bytes.load32(at: 8)
    guard version == RouteFormat.version else {
      throw RouteTableError(
        description: "route table of format \(version), expected \(RouteFormat.version)")
    }
    try require(Int(bytes.load32(at: 12)) == RouteSection.allCases.count, "the sections")
    try require(
      bytes.load64(at: 16) == UInt64(bytes.count) && bytes.count <= RouteFormat.byteCountMax,
      "the length")
    var end = RouteFormat.sectionsEnd
    for section in RouteSection.allCases {
      let offset = table.offset(of: section)
      let byteCount = table.count(of: section) * section.stride
      try require(
        offset == (end + RouteFormat.alignment - 1) & ~(RouteFormat.alignment - 1)
          && byteCount <= bytes.count - offset, "\(section): the place")
      end = offset + byteCount
    }
    try require(end == bytes.count, "the end")
    try require(table.count(of: .identity) == 1, "identity")
  }

  private func isText(_ section: RouteSection, _ index: Int, _ field: Int) -> Bool {
    let start = table.word(section, index, field)
    let count = table.word(section, index, field + 1)
    guard start <= table.count(of: .texts), count <= table.count(of: .texts) - start else {
      return false
    }
    return Identifier.isText(table.text(section, index, field))
  }

  /// Whether two fields are a range of records of another section.
  private func isRange(
    _ section: RouteSection, _ index: Int, _ field: Int, of other: RouteSection
  ) -> Bool {
    let first = table.word(section, index, field)
    let count = table.word(section, index, field + 1)
    return first <= table.count(of: other) && count <= table.count(of: other) - first
  }

  private func validateTexts() throws(RouteTableError) {
    try require(isText(.identity, 0, 0), "the model")
    for index in 0..<table.count(of: .values) {
      let isEach =
        table.word(.values, index, 0) == Int(RouteFormat.eachElement)
        && table.word(.values, index, 1) == 0
      try require(isEach || isText(.values, index, 0), "value \(index)")
    }
    for index in 0..<table.count(of: .pairs) {
      try require(isText(.pairs, index, 0) && isText(.pairs, index, 2), "pair \(index)")
    }
  }

  private func validateNodes() throws(RouteTableError) {
    let count = table.count(of: .nodes)
    try require(count > 0, "the root")
    // A child comes after its parent and has one: so the nodes are a tree, and a match ends.
    var hasParent = [Bool](repeating: false, count: count)
    func adopt(_ child: Int, by parent: Int) -> Bool {
      guard child > parent, child < count, !hasParent[child] else { return false }
      hasParent[child] = true
      return true
    }
    for index in 0..<count {
      try require(isRange(.nodes, index, 0, of: .routes), "node \(index): the routes")
      let child = table.word(.nodes, index, 2)
      try require(
        child == Int(RouteFormat.none) || adopt(child, by: index), "node \(index): the child")
    }
    let slots = table.count(of: .slots)
    try require(slots > 0 && slots & (slots - 1) == 0, "the slots")
    var hasEmpty = false
    for index in 0..<slots {
      let parent = table.word(.slots, index, 0)
      if parent == 0 {
        hasEmpty = true
        continue
      }
      try require(
        parent <= count && adopt(table.word(.slots, index, 1), by: parent - 1)
          && isText(.slots, index, 2), "slot \(index)")
    }
    try require(hasEmpty, "the slots are full")
  }

  private func validateRoutes() throws(RouteTableError) {
    for index in 0..<table.routeCount {
      try require(
        isText(.routes, index, 0) && isText(.routes, index, 2)
          && table.route(index).flags & ~RouteFlag.known == 0
          && isRange(.routes, index, 5, of: .conditions)
          && isRange(.routes, index, 7, of: .checks)
          && isRange(.routes, index, 9, of: .sources) && table.word(.routes, index, 11) == 0,
        "route \(index)")
      let route = table.route(index)
      try require(
        route.has(RouteFlag.isPublic) == route.checks.isEmpty,
        "route \(index): no checks, and not public")
    }
    for index in 0..<table.count(of: .conditions) {
      try require(
        table.word(.conditions, index, 0) < table.count(of: .sources)
          && table.condition(index).flags & ~RouteConditionFlag.known == 0
          && isRange(.conditions, index, 2, of: .values)
          && areTexts(table.condition(index).values), "condition \(index)")
    }
  }

  private func validateChecks() throws(RouteTableError) {
    let operands = table.count(of: .operands)
    for index in 0..<table.count(of: .checks) {
      try require(
        isText(.checks, index, 0) && table.word(.checks, index, 2) <= operands
          && table.word(.checks, index, 3) <= operands
          && (table.check(index).target < 0 || table.check(index).resource >= 0),
        "check \(index)")
    }
    let sources = table.count(of: .sources)
    for index in 0..<operands {
      let form = RouteOperandForm(rawValue: UInt32(table.word(.operands, index, 0)))
      try require(
        form != nil && isRange(.operands, index, 1, of: .values)
          && table.word(.operands, index, 3) <= sources
          && isRange(.operands, index, 4, of: .pairs)
          && table.word(.operands, index, 6) <= sources
          && table.word(.operands, index, 7) == 0, "operand \(index)")
      let operand = table.operand(index)
      let hasID = operand.form == .id || operand.form == .connection
      try require(
        areTexts(operand.types) && hasTypes(operand) && hasID == (operand.idSource >= 0),
        "operand \(index): the form")
    }
  }

  /// Whether all of these values are texts, and none stands for each element of a list.
  private func areTexts(_ values: Range<Int>) -> Bool {
    values.allSatisfy { table.step($0) != nil }
  }

  /// Whether an operand has types as its form takes them: listed, or from a source.
  private func hasTypes(_ operand: RouteOperand) -> Bool {
    let isFromSource = operand.typeSource >= 0
    guard !isFromSource || operand.types.isEmpty else { return false }
    return switch operand.form {
    case .connection: !isFromSource && operand.types.isEmpty
    case .linkedToTarget: operand.types.count == 1
    case .type, .new: isFromSource || operand.types.count == 1
    case .id: isFromSource || !operand.types.isEmpty
    }
  }

  private func validateSources() throws(RouteTableError) {
    for index in 0..<table.count(of: .sources) {
      let kind = RouteSourceKind(rawValue: UInt32(table.word(.sources, index, 0)))
      try require(kind != nil && isRange(.sources, index, 3, of: .values), "source \(index)")
      if kind == .segment {
        try require(
          table.word(.sources, index, 1) < RequestPath.segmentCountMax
            && table.word(.sources, index, 2) == 0, "source \(index): the segment")
      } else {
        try require(isText(.sources, index, 1), "source \(index): the name")
      }
      try require(
        (kind == .body) == (table.word(.sources, index, 4) > 0), "source \(index): the steps")
    }
  }
}
