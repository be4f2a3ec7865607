/// Reads one JSON object whose values are all strings, strictly: what people and programs write as
/// a check.
///
/// Common JSON readers let the last of two members with one name win, replace what isn't text, or
/// stop at the first value. Each of these is a way to ask for one thing and be shown another, so
/// here they are faults. Which names there may be, and that none comes twice, is the caller's.
struct FlatJSONObject {
  private let bytes: ByteView
  private var index = 0

  /// The members in their order; names and values with their escapes undone.
  static func members(
    of bytes: ByteView
  ) throws(CheckLineError) -> [(name: String, value: String)] {
    guard Identifier.isText(bytes) else {
      throw CheckLineError("it is not UTF-8, or contains a NUL")
    }
    var reader = FlatJSONObject(bytes)
    return try reader.object()
  }

  private init(_ bytes: ByteView) { self.bytes = bytes }

  private mutating func object() throws(CheckLineError) -> [(name: String, value: String)] {
    var members: [(name: String, value: String)] = []
    skipSpace()
    try take("{")
    skipSpace()
    if peek() == UInt8(ascii: "}") {
      index += 1
    } else {
      while true {
        let name = try string("the name of a member")
        skipSpace()
        try take(":")
        skipSpace()
        members.append((name, try string("a string")))
        skipSpace()
        if peek() == UInt8(ascii: ",") {
          index += 1
          skipSpace()
          continue
        }
        try take("}", or: "`,` or ")
        break
      }
    }
    skipSpace()
    guard index == bytes.count else { throw fault("the end of the line") }
    return members
  }

  private func peek() -> UInt8? { index < bytes.count ? bytes[index] : nil }

  private mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a {
      index += 1
    }
  }

  private mutating func take(_ sign: Unicode.Scalar, or: String = "") throws(CheckLineError) {
    guard peek() == UInt8(ascii: sign) else { throw fault("\(or)`\(sign)`") }
    index += 1
  }

  private func fault(_ expected: String) -> CheckLineError {
    CheckLineError("expected \(expected) at byte \(index + 1)")
  }

  private mutating func string(_ what: String) throws(CheckLineError) -> String {
    guard peek() == UInt8(ascii: "\"") else { throw fault(what) }
    index += 1
    var text: [UInt8] = []
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\""):
        index += 1
        // Whole scalars were appended, so nothing is replaced here.
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        try appendEscape(to: &text)
      case 0x00..<0x20:
        throw fault("no unescaped control character")
      default:
        text.append(byte)
        index += 1
      }
    }
    throw fault("`\"`")
  }

  private mutating func appendEscape(to text: inout [UInt8]) throws(CheckLineError) {
    let start = index
    index += 1
    let letter = peek()
    index += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter ?? 0)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      index = start
      text += String(Character(try scalar())).utf8
    default:
      index = start
      throw fault("a known escape")
    }
  }

  /// The scalar of one `\u` escape, or of two that are a pair of surrogates.
  private mutating func scalar() throws(CheckLineError) -> Unicode.Scalar {
    let start = index
    let first = try codeUnit()
    if let scalar = Unicode.Scalar(first) { return scalar }
    if (0xd800..<0xdc00).contains(first), peek() == UInt8(ascii: "\\") {
      let second = try codeUnit()
      if (0xdc00..<0xe000).contains(second),
        let scalar = Unicode.Scalar(
          0x10000 + (UInt32(first) - 0xd800) << 10 + UInt32(second) - 0xdc00)
      {
        return scalar
      }
    }
    index = start
    throw fault("a pair of surrogates")
  }

  /// The four digits of a `\u` escape.
  private mutating func codeUnit() throws(CheckLineError) -> UInt16 {
    guard bytes.count - index >= 6, bytes[index + 1] == UInt8(ascii: "u") else {
      throw fault("`\\u` and four hexadecimal digits")
    }
    var unit: UInt16 = 0
    for place in index + 2..<index + 6 {
      guard let digit = FlatJSONObject.digit(bytes[place]) else {
        throw fault("`\\u` and four hexadecimal digits")
      }
      unit = unit << 4 | digit
    }
    index += 6
    return unit
  }

  private static func digit(_ byte: UInt8) -> UInt16? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }
}
