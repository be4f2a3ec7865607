internal import VerdictModel

/// Puts the records of a route table together. What they mean is the caller's to get right; the
/// validator looks at the result.
public struct RouteTableWriter {
  private var sections: [[UInt8]] = Array(repeating: [], count: RouteSection.allCases.count)
  private var places: [[UInt8]: Int] = [:]

  public init() {}

  /// Records so far.
  public func count(of section: RouteSection) -> Int {
    sections[section.rawValue].count / section.stride
  }

  /// Adds a record, field by field.
  public mutating func append(_ section: RouteSection, _ fields: [Int]) {
    precondition(fields.count * 4 == section.stride, "as many fields as the record has")
    for field in fields {
      precondition(field >= 0 && field <= Int(UInt32.max), "a field has 32 bits")
      for shift in 0..<4 {
        sections[section.rawValue].append(UInt8(truncatingIfNeeded: field >> (shift * 8)))
      }
    }
  }

  /// A text's offset and count; equal texts share their place.
  public mutating func text(_ text: String) -> [Int] {
    let bytes = Array(text.utf8)
    if let place = places[bytes] { return [place, bytes.count] }
    let place = sections[RouteSection.texts.rawValue].count
    sections[RouteSection.texts.rawValue] += bytes
    places[bytes] = place
    return [place, bytes.count]
  }

  /// Adds texts as values and answers the first one's place and their number.
  public mutating func values(_ texts: [String]) -> [Int] {
    let first = count(of: .values)
    for text in texts {
      let reference = self.text(text)
      append(.values, reference)
    }
    return [first, texts.count]
  }

  /// Adds steps into a body; nil is each element of a list.
  public mutating func steps(_ steps: [String?]) -> [Int] {
    let first = count(of: .values)
    for step in steps {
      let reference = step.map { text($0) } ?? [Int(RouteFormat.eachElement), 0]
      append(.values, reference)
    }
    return [first, steps.count]
  }

  /// A trie's nodes and the hash table of their literal children.
  ///
  /// - Parameter nodes: by number: its literal children, its child for `{...}`, its routes.
  public mutating func write(_ nodes: [RouteNode]) {
    var children = 0
    for node in nodes {
      append(
        .nodes,
        [node.routes.lowerBound, node.routes.count, node.anyChild ?? Int(RouteFormat.none)])
      children += node.literals.count
    }
    var size = 8
    while size < children * 2 + 1 { size *= 2 }
    var slots: [[Int]?] = Array(repeating: nil, count: size)
    for (number, node) in nodes.enumerated() {
      for (segment, child) in node.literals {
        var slot =
          Int(
            truncatingIfNeeded: segment.withByteView { RouteTable.hash(number, $0) }
          ) & (size - 1)
        while slots[slot] != nil { slot = (slot + 1) & (size - 1) }
        let reference = text(segment)
        slots[slot] = [number + 1, child] + reference
      }
    }
    for slot in slots { append(.slots, slot ?? [0, 0, 0, 0]) }
  }

  /// The whole table.
  public consuming func finish() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: RouteFormat.sectionsEnd)
    func put(_ value: UInt64, _ width: Int, at offset: Int) {
      for shift in 0..<width {
        bytes[offset + shift] = UInt8(truncatingIfNeeded: value >> UInt64(shift * 8))
      }
    }
    for section in RouteSection.allCases {
      while bytes.count % RouteFormat.alignment != 0 { bytes.append(0) }
      let entry =
        RouteFormat.headerByteCount + section.rawValue * RouteFormat.sectionEntryByteCount
      put(UInt64(bytes.count), 4, at: entry)
      put(UInt64(count(of: section)), 4, at: entry + 4)
      bytes += sections[section.rawValue]
    }
    put(RouteFormat.magic, 8, at: 0)
    put(UInt64(RouteFormat.version), 4, at: 8)
    put(UInt64(RouteSection.allCases.count), 4, at: 12)
    put(UInt64(bytes.count), 8, at: 16)
    return bytes
  }
}

/// A node of the trie while it is built.
public struct RouteNode {
  /// In the order in which they were added.
  public var literals: [(segment: String, child: Int)] = []
  public var anyChild: Int?
  /// Places in the table of routes.
  public var routes = 0..<0

  public init() {}
}
