/// Writes small messages in protobuf's wire format, where a C structure for each would be more work
/// than the bytes.
public struct WireWriter {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  /// A number; 0 is not written, as proto3 has it.
  public mutating func add(_ field: UInt8, _ number: UInt64) {
    if number == 0 { return }
    bytes.append(field << 3)
    add(varint: number)
  }

  /// Bytes, a text or a message; written even when empty, as in a list or a `oneof`.
  public mutating func add(_ field: UInt8, _ value: some Collection<UInt8>) {
    precondition(field < 16, "fields of our messages have tags of one byte")
    bytes.append(field << 3 | 2)
    add(varint: UInt64(value.count))
    bytes.append(contentsOf: value)
  }

  private mutating func add(varint number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
