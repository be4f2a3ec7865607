internal import CProtobufC
internal import CVerdictProto
public import VerdictModel

/// A `repeated string` of a request: a list of byte views.
@safe
public struct TextList {
  private let items: UnsafeMutablePointer<ProtobufCBinaryData>?
  public let count: Int

  init(_ items: UnsafeMutablePointer<ProtobufCBinaryData>?, _ count: Int) {
    unsafe self.items = items
    self.count = count
  }

  public subscript(index: Int) -> ByteView {
    precondition(index >= 0 && index < count, "an element of the list")
    // SAFETY: protobuf-c made as many elements as it counted.
    return unsafe items.map { unsafe ByteView($0[index]) } ?? ByteView()
  }
}

/// An `Ids` of a request: bytes one after the other, and one byte for the length of each.
public struct IDList {
  public let data: ByteView
  public let lengths: ByteView

  /// The lists of a caller's own making; consistency is checked like a request's.
  public init(data: ByteView = ByteView(), lengths: ByteView = ByteView()) {
    self.data = data
    self.lengths = lengths
  }

  init(_ message: UnsafeMutablePointer<Verdict__V1__Ids>?) {
    guard let message = unsafe message else {
      self.init()
      return
    }
    // SAFETY: an unpacked message, alive as long as the arena.
    unsafe self.init(
      data: ByteView(message.pointee.data), lengths: ByteView(message.pointee.lengths))
  }

  public var count: Int { lengths.count }

  /// The id at a place, whose bytes begin at `offset`; moves the offset to the next one's.
  public func id(_ place: Int, _ offset: inout Int) -> ByteView {
    let start = offset
    offset += Int(lengths[place])
    return data[start..<offset]
  }

  /// Whether the lengths add up to the bytes. Complexity: linear in the ids.
  public var isConsistent: Bool {
    var sum = 0
    for index in 0..<lengths.count { sum &+= Int(lengths[index]) }
    return sum == data.count
  }
}

/// A dictionary column: values, and one byte a row with the index of its value.
public struct DictionaryColumn {
  public let values: TextList
  public let indices: ByteView

  /// What is wrong with the column for so many rows, and in which row if it is one; or nil.
  public func fault(rowCount: Int) -> (row: Int?, text: StaticString)? {
    if values.count > 256 { return (nil, "has more than 256 values") }
    if indices.isEmpty {
      if values.count <= 1 { return nil }
      return (nil, "needs an index for each check, because it has many values")
    }
    if indices.count != rowCount { return (nil, "needs one index for each check") }
    for row in 0..<indices.count where Int(indices[row]) >= values.count {
      return (row, "is an index beyond the values")
    }
    return nil
  }
}

extension ByteView {
  init(_ data: ProtobufCBinaryData) {
    guard let start = unsafe data.data else {
      self.init()
      return
    }
    // SAFETY: protobuf-c's pair of pointer and length, alive as long as the arena.
    unsafe self.init(base: UnsafeRawPointer(start), count: data.len)
  }
}
