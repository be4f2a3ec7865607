internal import VerdictModel

/// Lines that are being put together and wait to be written: bytes in memory of one's own, taken
/// once.
@safe
struct LineBuffer: ~Copyable {
  // SAFETY: `capacity` bytes, given back by deinit alone; every append looks for room first.
  private let base: UnsafeMutableRawPointer
  private let capacity: Int
  private var start = 0
  private var end = 0

  init(capacity: Int) {
    unsafe base = .allocate(byteCount: capacity, alignment: 64)
    self.capacity = capacity
  }

  deinit {
    unsafe base.deallocate()
  }

  var count: Int { end - start }
  /// Bytes that can still be appended.
  var room: Int { capacity - end }

  /// What waits; valid until something changes.
  var bytes: ByteView { unsafe ByteView(base: base + start, count: count) }

  /// Forgets bytes that were written.
  mutating func drop(_ byteCount: Int) {
    precondition(byteCount >= 0 && byteCount <= count, "more than there is")
    start += byteCount
    if start == end { (start, end) = (0, 0) }
  }

  @inline(__always)
  private mutating func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
    precondition(byteCount <= capacity &- end, "a line fits into the room that was looked for")
    defer { end &+= byteCount }
    return unsafe base + end
  }

  @inline(__always)
  mutating func append(_ text: StaticString) {
    let count = text.utf8CodeUnitCount
    unsafe take(count).copyMemory(from: text.utf8Start, byteCount: count)
  }

  @inline(__always)
  mutating func append(_ bytes: ByteView) {
    guard let source = unsafe bytes.buffer.baseAddress else { return }
    unsafe take(bytes.count).copyMemory(from: source, byteCount: bytes.count)
  }

  mutating func append(_ bytes: [UInt8]) { bytes.withByteView { append($0) } }

  @inline(__always)
  mutating func append(byte: UInt8) { unsafe take(1).storeBytes(of: byte, as: UInt8.self) }

  mutating func append(decimal number: UInt64) {
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var rest = number
    var count = 0
    repeat {
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      digits[count] = UInt8(truncatingIfNeeded: digit) &+ 0x30
      rest = quotient
      count &+= 1
    } while rest != 0
    let target = unsafe take(count)
    for index in 0..<count {
      unsafe target.storeBytes(
        of: digits[count &- 1 &- index], toByteOffset: index, as: UInt8.self)
    }
  }

  /// Six digits, zeros in front.
  mutating func append(microseconds number: Int) {
    let target = unsafe take(6)
    var rest = number
    for index in 0..<6 {
      unsafe target.storeBytes(
        of: UInt8(truncatingIfNeeded: rest % 10) &+ 0x30, toByteOffset: 5 &- index, as: UInt8.self)
      rest /= 10
    }
  }

  mutating func append(hexadecimal bytes: ByteView) {
    let target = unsafe take(bytes.count * 2)
    for index in 0..<bytes.count {
      let byte = bytes[index]
      unsafe target.storeBytes(
        of: LineBuffer.digit(byte >> 4), toByteOffset: index &* 2, as: UInt8.self)
      unsafe target.storeBytes(
        of: LineBuffer.digit(byte & 15), toByteOffset: index &* 2 &+ 1, as: UInt8.self)
    }
  }

  @inline(__always)
  private static func digit(_ value: UInt8) -> UInt8 {
    value &+ (value < 10 ? 0x30 : 0x57)
  }

  /// A string of JSON with its quotes. What is not UTF-8 is replaced.
  mutating func append(quoted bytes: ByteView) {
    guard LineBuffer.isPlain(bytes) else {
      // Rare enough to take the long way.
      return append(JSONValue.text(bytes.text).bytes)
    }
    append(byte: UInt8(ascii: "\""))
    append(bytes)
    append(byte: UInt8(ascii: "\""))
  }

  /// Whether JSON has the bytes as they are: ASCII without controls, quotes and backslashes. Eight
  /// bytes at a time.
  static func isPlain(_ bytes: ByteView) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let tops: UInt64 = 0x8080_8080_8080_8080
    var index = 0
    while index &+ 8 <= bytes.count {
      let word = bytes.load64(at: index)
      // The top bit of a byte is set where it is below 0x20, or where what it is compared with
      // leaves nothing of it.
      let quote = word ^ ones &* 0x22
      let backslash = word ^ ones &* 0x5c
      let delete = word ^ ones &* 0x7f
      var found = word | (word &- ones &* 0x20) & ~word
      found |= (quote &- ones) & ~quote
      found |= (backslash &- ones) & ~backslash
      found |= (delete &- ones) & ~delete
      if found & tops != 0 { return false }
      index &+= 8
    }
    while index < bytes.count {
      switch bytes[index] {
      case 0x20, 0x21, 0x23...0x5b, 0x5d...0x7e: index &+= 1
      default: return false
      }
    }
    return true
  }
}
