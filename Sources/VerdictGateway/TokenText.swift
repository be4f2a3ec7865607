internal import VerdictModel
internal import VerdictRPC

/// A JWT in its compact form, taken apart and not believed yet.
struct TokenText {
  let header: JSONBody
  let claims: JSONBody

  /// Three parts with two dots between them. No secret of ours looks so by accident: base64url and
  /// hexadecimal digits have no dots.
  static func looksLike(_ token: ByteView) -> Bool {
    var dotCount = 0
    for index in 0..<token.count where token[index] == UInt8(ascii: ".") { dotCount += 1 }
    return dotCount == 2
  }

  /// nil where it can't be read in one way: RFC 4648's base64url without padding or spare bits, and
  /// JSON as `JSONBody` takes it, both objects.
  init?(_ token: ByteView, seed: UInt64, in arena: borrowing MessageArena) {
    let first = token.firstIndex(of: UInt8(ascii: "."))
    guard first > 0 else { return nil }
    let rest = token[first + 1..<token.count]
    let second = rest.firstIndex(of: UInt8(ascii: "."))
    guard second > 0, second < rest.count - 1,
      let headerBytes = TokenText.decode(token[0..<first], arena),
      let claimBytes = TokenText.decode(rest[0..<second], arena),
      TokenText.decode(rest[second + 1..<rest.count], arena) != nil,
      let header = JSONBody(headerBytes, seed: seed, in: arena), header[0].kind == .object,
      let claims = JSONBody(claimBytes, seed: seed, in: arena), claims[0].kind == .object
    else { return nil }
    self.header = header
    self.claims = claims
  }

  private static func decode(_ text: ByteView, _ arena: borrowing MessageArena) -> ByteView? {
    guard text.count & 3 != 1,
      let room = unsafe arena.allocate(byteCount: text.count * 3 / 4)
    else { return nil }
    let bytes = unsafe room.bindMemory(to: UInt8.self, capacity: max(text.count * 3 / 4, 1))
    var bits: UInt32 = 0
    var bitCount = 0
    var count = 0
    for index in 0..<text.count {
      guard let digit = digit(text[index]) else { return nil }
      bits = bits << 6 | UInt32(digit)
      bitCount += 6
      guard bitCount >= 8 else { continue }
      bitCount -= 8
      // SAFETY: three bytes of four digits, as much room as that.
      unsafe bytes[count] = UInt8(truncatingIfNeeded: bits >> UInt32(bitCount))
      count += 1
    }
    // Spare bits would be a second way to write the same token.
    guard bits & ((1 << UInt32(bitCount)) - 1) == 0 else { return nil }
    return unsafe ByteView(base: bytes, count: count)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
    case UInt8(ascii: "-"): 62
    case UInt8(ascii: "_"): 63
    default: nil
    }
  }
}

extension JSONBody {
  /// What a member of the outermost object is.
  enum Claim {
    case absent
    case text(ByteView)
    /// Something else; its place.
    case other(Int)
  }

  func claim(_ name: ByteView) -> Claim {
    let place = member(name, of: 0)
    guard place >= 0 else { return .absent }
    return self[place].kind == .text ? .text(self[place].text) : .other(place)
  }

  /// A time in seconds since 1970: up to twelve digits, and perhaps a fraction, which is dropped.
  /// nil: absent; false in the second: there, and no such time.
  func seconds(_ name: ByteView) -> (seconds: Int64?, isReadable: Bool) {
    switch claim(name) {
    case .absent: return (nil, true)
    case .text: return (nil, false)
    case .other(let place):
      guard self[place].kind == .scalar else { return (nil, false) }
      let text = self[place].text
      let dot = text.firstIndex(of: UInt8(ascii: "."))
      let whole = dot < 0 ? text : text[0..<dot]
      guard whole.count >= 1, whole.count <= 12 else { return (nil, false) }
      var number: Int64 = 0
      for index in 0..<whole.count {
        let value = whole[index] &- 48
        guard value < 10 else { return (nil, false) }
        number = number * 10 + Int64(value)
      }
      // Behind the dot are digits, or JSON's exponent, which nobody writes times with.
      let rest = dot < 0 ? ByteView() : text[dot + 1..<text.count]
      for index in 0..<rest.count where rest[index] &- 48 >= 10 { return (nil, false) }
      return (number, true)
    }
  }
}
