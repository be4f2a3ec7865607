public import VerdictModel

/// The route tables of a set, one after the other: at most one for each access model.
public struct RouteTableList {
  private let bytes: ByteView

  /// Takes bytes that were validated.
  public init(_ bytes: ByteView) { self.bytes = bytes }

  /// Takes bytes from outside, and looks at all of them.
  ///
  /// - Throws: a table that is malformed, or two for one model.
  public init(validating bytes: ByteView) throws(RouteTableError) {
    self.bytes = bytes
    var offset = 0
    var models: [[UInt8]] = []
    while offset < bytes.count {
      let rest = bytes[offset..<bytes.count]
      guard rest.count >= 24, rest.load64(at: 16) <= UInt64(rest.count), rest.load64(at: 16) >= 24
      else { throw RouteTableError(description: "malformed route table: the length") }
      let table = try RouteTable(validating: rest[0..<Int(rest.load64(at: 16))])
      guard !models.contains(table.modelID.array) else {
        throw RouteTableError(description: "two route tables for one access model")
      }
      models.append(table.modelID.array)
      offset += table.byteCount
    }
  }

  private func byteCount(at offset: Int) -> Int { Int(bytes.load64(at: offset + 16)) }

  /// Complexity: linear in the tables, of which there are few.
  public var count: Int {
    var count = 0
    var offset = 0
    while offset < bytes.count {
      offset += byteCount(at: offset)
      count += 1
    }
    return count
  }

  public subscript(index: Int) -> RouteTable {
    var offset = 0
    for _ in 0..<index { offset += byteCount(at: offset) }
    return RouteTable(trusting: bytes[offset..<offset + byteCount(at: offset)])
  }
}
