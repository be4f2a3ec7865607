/// What an id must be: 1 to 255 bytes of UTF-8 without a NUL (domain.md 2.7 step 1).
public enum Identifier {
  /// Complexity: linear; eight bytes at a time while they are ASCII.
  @inlinable
  public static func isValid(_ bytes: ByteView) -> Bool {
    bytes.count >= 1 && bytes.count <= Limits.idByteCountMax && isText(bytes)
  }

  /// Whether the bytes are UTF-8 without a NUL, of any length.
  @inlinable
  public static func isText(_ bytes: ByteView) -> Bool {
    var index = 0
    while index &+ 8 <= bytes.count {
      let word = bytes.load64(at: index)
      // No byte has its top bit, and none is zero (subtracting one from each borrows from none).
      let high = word & 0x8080_8080_8080_8080
      let zero = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
      guard high | zero == 0 else { return isTextBytewise(bytes, from: index) }
      index &+= 8
    }
    return isTextBytewise(bytes, from: index)
  }

  /// The table of well-formed sequences of the Unicode standard (3.9, table 3-7).
  @usableFromInline
  static func isTextBytewise(_ bytes: ByteView, from start: Int) -> Bool {
    var index = start
    while index < bytes.count {
      let first = bytes[index]
      if first == 0 { return false }
      if first < 0x80 {
        index += 1
        continue
      }
      let length: Int
      var second: ClosedRange<UInt8> = 0x80...0xbf
      switch first {
      case 0xc2...0xdf: length = 2
      case 0xe0: (length, second) = (3, 0xa0...0xbf)
      case 0xed: (length, second) = (3, 0x80...0x9f)
      case 0xe1...0xef: length = 3
      case 0xf0: (length, second) = (4, 0x90...0xbf)
      case 0xf1...0xf3: length = 4
      case 0xf4: (length, second) = (4, 0x80...0x8f)
      default: return false
      }
      guard bytes.count - index >= length, second.contains(bytes[index + 1]) else { return false }
      for place in 2..<max(length, 2) where bytes[index + place] & 0xc0 != 0x80 { return false }
      index += length
    }
    return true
  }
}
