public import VerdictModel

/// A validated route table, ready to be read. It refers to bytes that somebody else keeps.
///
/// Reads are bounded by preconditions, which validated bytes never trip.
public struct RouteTable {
  let bytes: ByteView

  /// Takes bytes that were validated, or are about to be.
  ///
  /// - Precondition: `RouteTable(validating:)` has taken the same bytes before.
  public init(trusting bytes: ByteView) { self.bytes = bytes }

  /// Looks at every offset, count and reference of bytes from outside.
  public init(validating bytes: ByteView) throws(RouteTableError) {
    self.bytes = bytes
    try RouteTableValidator(table: self).validate()
  }

  /// Its length in bytes.
  public var byteCount: Int { bytes.count }

  // MARK: Records

  @inline(__always)
  private func entry(_ section: RouteSection) -> Int {
    RouteFormat.headerByteCount &+ section.rawValue &* RouteFormat.sectionEntryByteCount
  }

  @inline(__always)
  func offset(of section: RouteSection) -> Int { Int(bytes.load32(at: entry(section))) }

  @inline(__always)
  public func count(of section: RouteSection) -> Int {
    Int(bytes.load32(at: entry(section) &+ 4))
  }

  /// A field of a record, by its place among the 4-byte fields.
  @inline(__always)
  func word(_ section: RouteSection, _ index: Int, _ field: Int) -> Int {
    precondition(UInt(bitPattern: index) < UInt(count(of: section)), "a record of the section")
    return Int(bytes.load32(at: offset(of: section) &+ index &* section.stride &+ field &* 4))
  }

  /// A text whose offset and count are fields of a record.
  @inline(__always)
  func text(_ section: RouteSection, _ index: Int, _ field: Int) -> ByteView {
    let start = offset(of: .texts) &+ word(section, index, field)
    return bytes[start..<start &+ word(section, index, field &+ 1)]
  }

  /// The model whose actions and types the routes name.
  public var modelID: ByteView { text(.identity, 0, 0) }
  public var routeCount: Int { count(of: .routes) }

  public func route(_ index: Int) -> Route { Route(table: self, index: index) }
}

/// One route: a method and template with what it asks for.
public struct Route {
  let table: RouteTable
  public let index: Int

  public var method: ByteView { table.text(.routes, index, 0) }
  /// As the document writes it, for people.
  public var template: ByteView { table.text(.routes, index, 2) }
  public var flags: UInt32 { UInt32(truncatingIfNeeded: table.word(.routes, index, 4)) }
  public func has(_ flag: UInt32) -> Bool { flags & flag != 0 }
  /// Places in the table of conditions.
  public var conditions: Range<Int> { range(5) }
  /// Places in the table of checks.
  public var checks: Range<Int> { range(7) }
  /// Places in the table of sources.
  public var workspaceSources: Range<Int> { range(9) }

  /// Whether principals of this kind may call it at all.
  public func admits(_ kind: PrincipalKind) -> Bool {
    let callers = flags >> RouteFlag.callersShift
    return callers == 0 || callers & 1 << UInt32(kind.rawValue) != 0
  }

  private func range(_ field: Int) -> Range<Int> {
    let first = table.word(.routes, index, field)
    return first..<first + table.word(.routes, index, field + 1)
  }
}

/// A condition on a request.
public struct RouteCondition {
  public let source: Int
  public let flags: UInt32
  /// Places in the table of values.
  public let values: Range<Int>
}

/// A check that a route asks for.
public struct RouteCheck {
  public let action: ByteView
  /// Operands, or -1.
  public let resource: Int
  public let target: Int
}

/// How a check names a resource.
public struct RouteOperand {
  public let form: RouteOperandForm
  /// Places in the table of values: the types that it may be of.
  public let types: Range<Int>
  /// Where the request names the type, or -1.
  public let typeSource: Int
  /// What it may say there.
  public let pairs: Range<Int>
  /// Where the request names the id, or -1.
  public let idSource: Int
}

/// Where a request says something.
public struct RouteSource {
  public let kind: RouteSourceKind
  /// Of a query parameter, a header or a context extension.
  public let name: ByteView
  /// Of the path.
  public let segment: Int
  /// Places in the table of values, see `step`.
  public let steps: Range<Int>
}

extension RouteTable {
  public func condition(_ index: Int) -> RouteCondition {
    let first = word(.conditions, index, 2)
    return RouteCondition(
      source: word(.conditions, index, 0),
      flags: UInt32(truncatingIfNeeded: word(.conditions, index, 1)),
      values: first..<first + word(.conditions, index, 3))
  }

  public func check(_ index: Int) -> RouteCheck {
    RouteCheck(
      action: text(.checks, index, 0), resource: word(.checks, index, 2) - 1,
      target: word(.checks, index, 3) - 1)
  }

  public func operand(_ index: Int) -> RouteOperand {
    let types = word(.operands, index, 1)
    let pairs = word(.operands, index, 4)
    return RouteOperand(
      form: RouteOperandForm(rawValue: UInt32(truncatingIfNeeded: word(.operands, index, 0)))
        ?? .type,
      types: types..<types + word(.operands, index, 2),
      typeSource: word(.operands, index, 3) - 1,
      pairs: pairs..<pairs + word(.operands, index, 5),
      idSource: word(.operands, index, 6) - 1)
  }

  public func source(_ index: Int) -> RouteSource {
    let raw = UInt32(truncatingIfNeeded: word(.sources, index, 0))
    let kind = RouteSourceKind(rawValue: raw) ?? .segment
    let steps = word(.sources, index, 3)
    return RouteSource(
      kind: kind, name: kind == .segment ? ByteView() : text(.sources, index, 1),
      segment: kind == .segment ? word(.sources, index, 1) : -1,
      steps: steps..<steps + word(.sources, index, 4))
  }

  /// A value of a condition, or a type.
  public func value(_ index: Int) -> ByteView { text(.values, index, 0) }

  /// A step into a body: a member's name, or nil for each element of a list.
  public func step(_ index: Int) -> ByteView? {
    let isEach = word(.values, index, 0) == Int(RouteFormat.eachElement)
    return isEach ? nil : text(.values, index, 0)
  }

  /// The type that a text of the request means, or an empty one: none.
  public func type(of text: ByteView, among pairs: Range<Int>) -> ByteView {
    for index in pairs where self.text(.pairs, index, 0) == text {
      return self.text(.pairs, index, 2)
    }
    return ByteView()
  }
}
