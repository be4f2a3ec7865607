/// Walks over a descriptor in protobuf's wire format, field by field. For the descriptors that come
/// with the server: what is wrong with them is our own mistake.
struct DescriptorReader {
  private let bytes: ArraySlice<UInt8>
  private var next: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    next = bytes.startIndex
  }

  /// The next field with bytes in it: its number and the bytes; nil at the end. Numbers are passed
  /// over.
  mutating func nextBytes() -> (field: UInt64, bytes: ArraySlice<UInt8>)? {
    while next < bytes.endIndex {
      let tag = varint()
      switch tag & 7 {
      case 0: _ = varint()
      case 1: next += 8
      case 5: next += 4
      case 2:
        let count = Int(varint())
        precondition(count <= bytes.endIndex - next, "our own descriptors are whole")
        defer { next += count }
        return (tag >> 3, bytes[next..<next + count])
      default: preconditionFailure("our own descriptors are in the wire format")
      }
    }
    return nil
  }

  private mutating func varint() -> UInt64 {
    var number: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      precondition(next < bytes.endIndex, "our own descriptors are whole")
      let byte = bytes[next]
      next += 1
      number |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { break }
    }
    return number
  }
}
