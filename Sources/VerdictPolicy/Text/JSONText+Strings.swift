internal import VerdictModel

/// Strings of JSON: escapes undone, UTF-8 checked.
extension JSONText {
  mutating func readString(_ builder: inout TreeBuilder) -> Bool {
    let place = mark
    position += 1
    let start = position
    // Most strings are plain ASCII up to the closing quote and need no copy.
    while let byte = next, byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\\") {
      if byte == UInt8(ascii: "\"") {
        let text = bytes[start..<position]
        position += 1
        return builder.scalar(text, style: .quoted, mark: place)
      }
      position += 1
    }
    unescaped.removeAll(keepingCapacity: true)
    unescaped.append(contentsOf: bytes[start..<position].array)
    while true {
      switch next {
      case UInt8(ascii: "\""):
        position += 1
        return unescaped.withByteView { builder.scalar($0, style: .quoted, mark: place) }
      case UInt8(ascii: "\\"):
        guard readEscape(&builder) else { return false }
      case .some(0x20..<0x80):
        unescaped.append(bytes[position])
        position += 1
      case .some(0x80...):
        guard readCharacter() else { return fail("UTF-8 text", &builder) }
      default:
        return fail("the closing quote of this string", &builder)
      }
    }
  }

  private mutating func readEscape(_ builder: inout TreeBuilder) -> Bool {
    position += 1
    let byte = next
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
      unescaped.append(bytes[position - 1])
    case UInt8(ascii: "b"): unescaped.append(0x08)
    case UInt8(ascii: "f"): unescaped.append(0x0c)
    case UInt8(ascii: "n"): unescaped.append(0x0a)
    case UInt8(ascii: "r"): unescaped.append(0x0d)
    case UInt8(ascii: "t"): unescaped.append(0x09)
    case UInt8(ascii: "u"): return readCodePoint(&builder)
    default:
      position -= 1
      return fail("one of `\"\\/bfnrtu` after a backslash", &builder)
    }
    return true
  }

  /// The four digits of a `\u` escape, and those of its other half.
  private mutating func readCodePoint(_ builder: inout TreeBuilder) -> Bool {
    guard var code = readDigits() else { return fail("four hexadecimal digits", &builder) }
    if (0xd800..<0xdc00).contains(code), take("\\"), take("u"), let low = readDigits(),
      (0xdc00..<0xe000).contains(low)
    {
      code = 0x1_0000 + (code - 0xd800) << 10 + (low - 0xdc00)
    }
    guard let scalar = Unicode.Scalar(code) else {
      builder.diagnostics.error(
        mark, "half of a surrogate pair, expected both halves or the character itself")
      return false
    }
    unescaped.append(contentsOf: Array(String(Character(scalar)).utf8))
    return true
  }

  private mutating func readDigits() -> UInt32? {
    var code: UInt32 = 0
    for _ in 0..<4 {
      switch next {
      case .some(let byte) where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte):
        code = code << 4 | UInt32(byte - UInt8(ascii: "0"))
      case .some(let byte) where (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20):
        code = code << 4 | UInt32((byte | 0x20) - UInt8(ascii: "a") + 10)
      default:
        return nil
      }
      position += 1
    }
    return code
  }

  /// A character of two to four bytes: no other encoding of a shorter one, no surrogate, nothing
  /// beyond Unicode.
  private mutating func readCharacter() -> Bool {
    let first = bytes[position]
    let (count, lowest): (Int, UInt32)
    switch first {
    case 0xc2...0xdf: (count, lowest) = (2, 0x80)
    case 0xe0...0xef: (count, lowest) = (3, 0x800)
    case 0xf0...0xf4: (count, lowest) = (4, 0x1_0000)
    default: return false
    }
    guard position + count <= bytes.count else { return false }
    var code = UInt32(first) & (0xff >> UInt32(count + 1))
    for index in 1..<count {
      let byte = bytes[position + index]
      guard byte & 0xc0 == 0x80 else { return false }
      code = code << 6 | UInt32(byte & 0x3f)
    }
    guard code >= lowest, Unicode.Scalar(code) != nil else { return false }
    for index in 0..<count { unescaped.append(bytes[position + index]) }
    position += count
    lineStart += count - 1
    return true
  }
}
