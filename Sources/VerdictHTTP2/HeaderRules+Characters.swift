internal import VerdictModel

/// A set of ASCII characters as two words: a bit each, for 0 to 63 and for 64 to 127.
struct CharacterSet128: Sendable {
  let low: UInt64
  let high: UInt64

  @inline(__always)
  func contains(_ byte: UInt8) -> Bool {
    guard byte < 128 else { return false }
    return (byte < 64 ? low : high) >> UInt64(byte & 63) & 1 != 0
  }
}

/// What characters may stand where.
extension HeaderRules {
  // Computed, because a stored global would be looked after with `swift_once`.

  /// ``!#$%&'*+-.^_`|~``, digits and small letters: of a field's name.
  static var names: CharacterSet128 {
    CharacterSet128(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C000_0000)
  }
  /// The same with capitals: of a method.
  static var tokens: CharacterSet128 {
    CharacterSet128(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE)
  }
  /// `-._~!$&'()*+,;=`, digits and letters: of a registered name (RFC 3986, 3.2.2), but for `%`.
  static var hosts: CharacterSet128 {
    CharacterSet128(low: 0x2BFF_7FD2_0000_0000, high: 0x47FF_FFFE_87FF_FFFE)
  }
  static var hexadecimals: CharacterSet128 {
    CharacterSet128(low: 0x03FF_0000_0000_0000, high: 0x0000_007E_0000_007E)
  }
  /// Hexadecimal digits, `:` and `.`: of an address in brackets.
  static var addresses: CharacterSet128 {
    CharacterSet128(low: 0x07FF_4000_0000_0000, high: 0x0000_007E_0000_007E)
  }

  /// A field's name: at least one character of a token, none of them a capital.
  static func isName(_ name: ByteView) -> Bool {
    let allowed = names
    for index in 0..<name.count where !allowed.contains(name[index]) { return false }
    return !name.isEmpty
  }

  /// A field's value: no control characters but the tabulator, no blank at either end.
  @inline(__always)
  static func isValue(_ value: ByteView) -> Bool {
    if value.isEmpty { return true }
    let (first, last) = (value[0], value[value.count - 1])
    if first == 32 || first == 9 || last == 32 || last == 9 { return false }
    return holdsNothing(below: 0x20, value) || isValueWithTabulators(value)
  }

  @inline(never)
  private static func isValueWithTabulators(_ value: ByteView) -> Bool {
    for index in 0..<value.count {
      let byte = value[index]
      if (byte < 0x20 && byte != 9) || byte == 0x7F { return false }
    }
    return true
  }

  /// Whether all bytes are at least `bound` (at most 0x80) and none is DEL. Eight at a time.
  @inline(__always)
  static func holdsNothing(below bound: UInt8, _ value: ByteView) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let tops: UInt64 = 0x8080_8080_8080_8080
    var index = 0
    var found: UInt64 = 0
    while index &+ 8 <= value.count {
      let word = value.load64(at: index)
      let deletes = word ^ (ones &* 0x7F)
      // A borrow can only come from a byte that is too small itself.
      found |= ((word &- ones &* UInt64(bound)) & ~word) | ((deletes &- ones) & ~deletes)
      index &+= 8
    }
    if found & tops != 0 { return false }
    while index < value.count {
      let byte = value[index]
      if byte < bound || byte == 0x7F { return false }
      index &+= 1
    }
    return true
  }

  /// Up to 255 printing characters, blanks not among them.
  static func isOpaque(_ value: ByteView) -> Bool {
    guard value.count <= 255 else { return false }
    for index in 0..<value.count where value[index] &- 0x21 > 0x7E - 0x21 { return false }
    return true
  }

  /// `host[:port]`: a name, an IPv4 address, or an IPv6 address in brackets.
  static func isHostAndPort(_ value: ByteView) -> Bool {
    guard !value.isEmpty, value.count <= 255 else { return false }
    var index = 0
    if value[0] == UInt8(ascii: "[") {
      index = 1
      let allowed = addresses
      while index < value.count && allowed.contains(value[index]) { index += 1 }
      guard index > 1, index < value.count, value[index] == UInt8(ascii: "]") else { return false }
      index += 1
    } else {
      let allowed = hosts
      while index < value.count {
        if allowed.contains(value[index]) {
          index += 1
        } else if value[index] == UInt8(ascii: "%"), isEscape(value, index) {
          index += 3
        } else {
          break
        }
      }
      guard index > 0 else { return false }
    }
    return index == value.count || isPort(value, from: index)
  }

  private static func isEscape(_ value: ByteView, _ index: Int) -> Bool {
    index + 2 < value.count && hexadecimals.contains(value[index + 1])
      && hexadecimals.contains(value[index + 2])
  }

  private static func isPort(_ value: ByteView, from index: Int) -> Bool {
    guard value[index] == UInt8(ascii: ":"), value.count - index <= 6 else { return false }
    for place in index + 1..<value.count where value[place] &- 48 > 9 { return false }
    return true
  }

  @inline(never)
  static func isTrailers(_ value: ByteView) -> Bool { equalsInAnyCase(value, "trailers") }

  /// Equality with a literal of lower-case letters.
  static func equalsInAnyCase(_ value: ByteView, _ literal: StaticString) -> Bool {
    guard value.count == literal.utf8CodeUnitCount else { return false }
    for index in 0..<value.count {
      let byte = value[index]
      let folded = byte &- 65 < 26 ? byte | 0x20 : byte
      // SAFETY: the index is below the literal's count.
      if unsafe folded != literal.utf8Start[index] { return false }
    }
    return true
  }
}
