internal import VerdictModel

/// Bounds of a request's head, with what happens when one is reached: it is `tooLarge`.
public enum HeadLimits {
  /// Target, names and values together, in bytes. More than what gateways let in by default.
  public static let byteCountMax = 64 << 10
  public static let headerCountMax = 256
  /// Room that a connection keeps for its next head.
  static let byteCountKept = 4 << 10
}

/// A request's head while it arrives: its texts one behind the other, and where they are.
@safe
struct RequestHead: ~Copyable {
  private struct Field {
    var nameStart: Int
    var valueStart: Int
    var valueEnd: Int
  }

  private var bytes: UnsafeMutablePointer<UInt8>
  private var capacity = HeadLimits.byteCountKept
  private var count = 0
  private var targetCount = 0
  private var fields: [Field] = []
  private(set) var isBegun = false
  private(set) var isTooLarge = false
  /// A name has a byte that none may have.
  private(set) var isMalformed = false

  init() {
    unsafe bytes = .allocate(capacity: HeadLimits.byteCountKept)
  }

  deinit {
    // SAFETY: allocated here.
    unsafe bytes.deallocate()
  }

  mutating func clear() {
    if capacity > HeadLimits.byteCountKept {
      // SAFETY: allocated here; nothing refers to it any more.
      unsafe bytes.deallocate()
      capacity = HeadLimits.byteCountKept
      unsafe bytes = .allocate(capacity: capacity)
    }
    count = 0
    targetCount = 0
    fields.removeAll(keepingCapacity: true)
    isBegun = true
    isTooLarge = false
    isMalformed = false
  }

  // MARK: Writing

  mutating func addTarget(_ text: ByteView) {
    add(text, isName: false)
    targetCount = count
  }

  mutating func addName(_ text: ByteView, isNew: Bool) {
    if isNew {
      guard fields.count < HeadLimits.headerCountMax else {
        isTooLarge = true
        return
      }
      fields.append(Field(nameStart: count, valueStart: count, valueEnd: count))
    }
    add(text, isName: true)
    fields[fields.count - 1].valueStart = count
    fields[fields.count - 1].valueEnd = count
  }

  mutating func addValue(_ text: ByteView, isNew: Bool) {
    precondition(!fields.isEmpty, "a value follows its name")
    add(text, isName: false)
    fields[fields.count - 1].valueEnd = count
  }

  private mutating func add(_ text: ByteView, isName: Bool) {
    guard text.count <= HeadLimits.byteCountMax - count else {
      isTooLarge = true
      return
    }
    if text.count > capacity - count { grow(count + text.count) }
    for index in 0..<text.count {
      let byte = text[index]
      let isUpper = isName && byte &- UInt8(ascii: "A") < 26
      if isName, !RequestHead.mayBeInName(byte) { isMalformed = true }
      // SAFETY: below the capacity, which was just made large enough.
      unsafe bytes[count + index] = isUpper ? byte | 0x20 : byte
    }
    count += text.count
  }

  /// `tchar` of RFC 9110. The library lets spaces through where Debian builds it.
  private static func mayBeInName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    case UInt8(ascii: "!"), UInt8(ascii: "#")...UInt8(ascii: "'"), UInt8(ascii: "*"),
      UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"),
      UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
      true
    default: false
    }
  }

  private mutating func grow(_ wanted: Int) {
    var larger = capacity
    while larger < wanted { larger *= 2 }
    let room = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
    // SAFETY: as many bytes as are in use, into more room.
    unsafe room.update(from: bytes, count: count)
    unsafe bytes.deallocate()
    unsafe bytes = room
    capacity = larger
  }

  // MARK: Reading

  var target: ByteView { text(0, targetCount) }
  var fieldCount: Int { fields.count }

  func field(_ index: Int) -> (name: ByteView, value: ByteView) {
    let field = fields[index]
    var end = field.valueEnd
    // The parser takes away what stands before a value, not what stands behind it.
    while end > field.valueStart, isBlank(end - 1) { end -= 1 }
    return (text(field.nameStart, field.valueStart), text(field.valueStart, end))
  }

  private func isBlank(_ index: Int) -> Bool {
    // SAFETY: a byte of a value.
    let byte = unsafe bytes[index]
    return byte == 0x20 || byte == 0x09
  }

  private func text(_ start: Int, _ end: Int) -> ByteView {
    // SAFETY: inside what was written.
    unsafe ByteView(base: bytes + start, count: end - start)
  }
}
