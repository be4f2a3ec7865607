internal import VerdictModel

/// Reads one line of JSON as the log writes them, strictly: one object of texts, whole numbers,
/// `true` and `false`, lists and objects, no name twice in an object, and nothing behind it.
struct LogLineReader {
  /// Objects and lists in each other.
  private static let depthMax = 6

  private let bytes: [UInt8]
  private var index = 0

  /// nil where the line is not as above.
  static func value(of line: [UInt8]) -> JSONValue? {
    var reader = LogLineReader(bytes: line)
    guard let value = reader.value(depth: 0), case .object = value,
      reader.index == line.count
    else { return nil }
    return value
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func take(_ sign: Unicode.Scalar) -> Bool {
    guard index < bytes.count, bytes[index] == UInt8(ascii: sign) else { return false }
    index += 1
    return true
  }

  private mutating func take(word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard bytes.count - index >= count else { return false }
    for place in 0..<count {
      // SAFETY: below the literal's count.
      if unsafe bytes[index + place] != word.utf8Start[place] { return false }
    }
    index += count
    return true
  }

  private mutating func value(depth: Int) -> JSONValue? {
    guard index < bytes.count, depth < LogLineReader.depthMax else { return nil }
    switch bytes[index] {
    case UInt8(ascii: "\""): return text().map { .text($0) }
    case UInt8(ascii: "{"): return object(depth)
    case UInt8(ascii: "["): return list(depth)
    case UInt8(ascii: "t"): return take(word: "true") ? .bool(true) : nil
    case UInt8(ascii: "f"): return take(word: "false") ? .bool(false) : nil
    default: return number()
    }
  }

  private mutating func number() -> JSONValue? {
    let start = index
    while index < bytes.count, (0x30...0x39).contains(bytes[index]) { index += 1 }
    return Int64(String(decoding: bytes[start..<index], as: UTF8.self)).map { .number($0) }
  }

  private mutating func list(_ depth: Int) -> JSONValue? {
    guard take("[") else { return nil }
    var values: [JSONValue] = []
    if take("]") { return .list(values) }
    repeat {
      guard let value = value(depth: depth + 1) else { return nil }
      values.append(value)
    } while take(",")
    return take("]") ? .list(values) : nil
  }

  private mutating func object(_ depth: Int) -> JSONValue? {
    guard take("{") else { return nil }
    var members: [JSONValue.Member] = []
    if take("}") { return .object(members) }
    repeat {
      guard let name = text(), !members.contains(where: { $0.name == name }), take(":"),
        let value = value(depth: depth + 1)
      else { return nil }
      members.append(.init(name, value))
    } while take(",")
    return take("}") ? .object(members) : nil
  }

  private mutating func text() -> String? {
    guard take("\"") else { return nil }
    let start = index
    while index < bytes.count, bytes[index] != UInt8(ascii: "\""),
      bytes[index] != UInt8(ascii: "\\"), bytes[index] >= 0x20
    {
      index += 1
    }
    if index < bytes.count, bytes[index] == UInt8(ascii: "\"") {
      defer { index += 1 }
      return String(decoding: bytes[start..<index], as: UTF8.self)
    }
    index = start
    return escapedText()
  }

  /// The rest of a text with escapes in it.
  private mutating func escapedText() -> String? {
    var text: [UInt8] = []
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard let unescaped = escape() else { return nil }
        text.append(unescaped)
      case 0..<0x20: return nil
      default: text.append(byte)
      }
    }
    return nil
  }

  /// The log escapes nothing but ASCII.
  private mutating func escape() -> UInt8? {
    guard index < bytes.count else { return nil }
    index += 1
    switch bytes[index - 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return bytes[index - 1]
    case UInt8(ascii: "b"): return 0x08
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "n"): return 0x0a
    case UInt8(ascii: "f"): return 0x0c
    case UInt8(ascii: "r"): return 0x0d
    case UInt8(ascii: "u"):
      guard bytes.count - index >= 4,
        let code = UInt8(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16),
        code < 0x80
      else { return nil }
      index += 4
      return code
    default: return nil
    }
  }
}
