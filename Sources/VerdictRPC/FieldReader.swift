internal import VerdictModel

/// Reads a protocol buffers message field by field. What it doesn't know how to read it refuses;
/// that is no verdict on the message.
struct FieldReader {
  private let bytes: ByteView
  private var place = 0

  init(_ bytes: ByteView) { self.bytes = bytes }

  var isAtEnd: Bool { place == bytes.count }

  /// Field and wire type, as one byte: a field above 15 looks like one of these, with the high bit.
  ///
  /// - Precondition: not at the end.
  mutating func tag() -> UInt8 {
    let byte = bytes[place]
    place &+= 1
    return byte
  }

  /// A number of at most nine bytes, which is 63 bits.
  mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while shift < 63, place < bytes.count {
      let byte = bytes[place]
      place &+= 1
      value |= UInt64(byte & 0x7f) &<< shift
      if byte < 0x80 { return value }
      shift &+= 7
    }
    return nil
  }

  /// What a length stands before.
  mutating func field() -> ByteView? {
    guard let count = varint(), count <= UInt64(bytes.count &- place) else { return nil }
    let start = place
    place &+= Int(count)
    return bytes[start..<place]
  }
}
