/// A JSON value to be written on one line: answers, logs and reports.
///
/// Members keep their order. Spaces stand after `:` and `,`, so that people can read the lines too.
public indirect enum JSONValue: Sendable, Equatable {
  case text(String)
  case number(Int64)
  case bool(Bool)
  case list([JSONValue])
  case object([Member])

  /// One member of an object.
  public struct Member: Sendable, Equatable {
    public let name: String
    public let value: JSONValue

    public init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }

    public init(_ name: String, _ text: String) { self.init(name, .text(text)) }
  }

  /// The value as one line without its end: control characters are escaped, so that no text can
  /// begin a line of its own.
  public var line: String { String(decoding: bytes, as: UTF8.self) }

  /// The bytes of `line`.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return bytes
  }

  /// The value over several lines, the last one ended: what fits into 100 columns stands on one.
  ///
  /// Complexity: linear in the bytes times the levels of nesting.
  public var paragraph: [UInt8] {
    var bytes: [UInt8] = []
    append(to: &bytes, indent: 0, used: 0)
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }

  /// - Parameter used: columns that stand before the value on its line.
  private func append(to bytes: inout [UInt8], indent: Int, used: Int) {
    let line = self.bytes
    let entries: [(name: String?, value: JSONValue)]
    switch self {
    case .text, .number, .bool:
      bytes += line
      return
    case .list(let values): entries = values.map { (nil, $0) }
    case .object(let members): entries = members.map { ($0.name, $0.value) }
    }
    if entries.isEmpty || used + line.count <= 99 {
      bytes += line
      return
    }
    bytes.append(line[0])
    for (index, entry) in entries.enumerated() {
      bytes += "\n\(String(repeating: " ", count: indent + 2))".utf8
      let start = bytes.count
      if let name = entry.name {
        JSONValue.append(name, to: &bytes)
        bytes += ": ".utf8
      }
      entry.value.append(
        to: &bytes, indent: indent + 2, used: indent + 2 + bytes.count - start)
      if index + 1 < entries.count { bytes.append(UInt8(ascii: ",")) }
    }
    bytes += "\n\(String(repeating: " ", count: indent))".utf8
    bytes.append(line[line.count - 1])
  }

  private func append(to bytes: inout [UInt8]) {
    switch self {
    case .text(let text): JSONValue.append(text, to: &bytes)
    case .number(let number): bytes += String(number).utf8
    case .bool(let bool): bytes += (bool ? "true" : "false").utf8
    case .list(let values):
      bytes.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { bytes += ", ".utf8 }
        value.append(to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let members):
      bytes.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { bytes += ", ".utf8 }
        JSONValue.append(member.name, to: &bytes)
        bytes += ": ".utf8
        member.value.append(to: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private static func append(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): bytes += "\\\"".utf8
      case UInt8(ascii: "\\"): bytes += "\\\\".utf8
      case 0x08: bytes += "\\b".utf8
      case 0x09: bytes += "\\t".utf8
      case 0x0a: bytes += "\\n".utf8
      case 0x0c: bytes += "\\f".utf8
      case 0x0d: bytes += "\\r".utf8
      case 0x00..<0x20, 0x7f:
        let digits = Array("0123456789abcdef".utf8)
        bytes += "\\u00".utf8
        bytes.append(digits[Int(byte >> 4)])
        bytes.append(digits[Int(byte & 15)])
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
