internal import VerdictModel
internal import VerdictRPC

/// A text that is put together in the arena, in room that was asked for before.
@safe
struct ArenaText {
  private let base: UnsafeMutablePointer<UInt8>
  private let capacity: Int
  private var count = 0

  init?(capacity: Int, in arena: borrowing MessageArena) {
    guard let room = unsafe arena.allocate(byteCount: capacity) else { return nil }
    // SAFETY: as large as asked for.
    unsafe base = room.bindMemory(to: UInt8.self, capacity: max(capacity, 1))
    self.capacity = capacity
  }

  var bytes: ByteView { unsafe ByteView(base: base, count: count) }

  mutating func add(_ byte: UInt8) {
    precondition(count < capacity, "room for the text")
    // SAFETY: inside the room.
    unsafe base[count] = byte
    count += 1
  }

  mutating func add(_ text: ByteView) {
    guard !text.isEmpty, let source = unsafe text.buffer.baseAddress else { return }
    precondition(capacity - count >= text.count, "room for the text")
    // SAFETY: inside the room.
    unsafe UnsafeMutableRawPointer(base + count).copyMemory(from: source, byteCount: text.count)
    count += text.count
  }

  /// Adds a text as it stands between the quotes of a JSON text.
  mutating func add(escaped text: ByteView) {
    for index in 0..<text.count {
      let byte = text[index]
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        add(UInt8(ascii: "\\"))
        add(byte)
      case 0..<0x20, 0x7f:
        add(ByteView("\\u00"))
        add(ArenaText.digit(byte >> 4))
        add(ArenaText.digit(byte & 15))
      default: add(byte)
      }
    }
  }

  @inline(__always)
  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? value + 48 : value + 87 }

  static func hexadecimal(_ bytes: ByteView, _ arena: borrowing MessageArena) -> ByteView? {
    guard var text = ArenaText(capacity: bytes.count * 2, in: arena) else { return nil }
    for index in 0..<bytes.count {
      text.add(digit(bytes[index] >> 4))
      text.add(digit(bytes[index] & 15))
    }
    return text.bytes
  }

  static func decimal(_ number: UInt64, _ arena: borrowing MessageArena) -> ByteView? {
    guard var text = ArenaText(capacity: 20, in: arena) else { return nil }
    var divisor: UInt64 = 1
    while number / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      text.add(UInt8(truncatingIfNeeded: number / divisor % 10) + 48)
      divisor /= 10
    }
    return text.bytes
  }

  /// A text as the value of a header: what one can't hold, `%` and spaces are percent-encoded.
  static func headerValue(_ value: ByteView, _ arena: borrowing MessageArena) -> ByteView? {
    var coded = 0
    for index in 0..<value.count where needsCode(value[index]) { coded += 1 }
    guard coded > 0 else { return value }
    guard var text = ArenaText(capacity: value.count + coded * 2, in: arena) else { return nil }
    for index in 0..<value.count {
      let byte = value[index]
      guard needsCode(byte) else {
        text.add(byte)
        continue
      }
      text.add(UInt8(ascii: "%"))
      text.add(digit(byte >> 4))
      text.add(digit(byte & 15))
    }
    return text.bytes
  }

  private static func needsCode(_ byte: UInt8) -> Bool {
    byte <= 0x20 || byte >= 0x7f || byte == UInt8(ascii: "%")
  }
}
