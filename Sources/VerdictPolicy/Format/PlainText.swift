internal import VerdictModel

/// Texts as YAML and JSON write them.
enum PlainText {
  /// Whether every reader of YAML takes this text for itself without quotes: not for a number, a
  /// truth value, a date or null, and not for anything of YAML's own.
  static func isPlain(_ bytes: ByteView) -> Bool {
    guard bytes.count > 0, isLetter(bytes[0]) || bytes[0] == UInt8(ascii: "/") else { return false }
    for index in 1..<bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
        UInt8(ascii: "+"), UInt8(ascii: "@"), UInt8(ascii: "/"):
        continue
      default:
        if !isLetter(bytes[index]) { return false }
      }
    }
    guard bytes.count <= 5 else { return true }
    return !["null", "true", "false", "yes", "no", "on", "off", "y", "n"].contains(
      bytes.text.lowercased())
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "_"):
      true
    default: false
    }
  }

  /// In double quotes, which YAML and JSON read alike with these escapes.
  static func quoted(_ bytes: ByteView, _ syntax: DocumentFormat.Syntax) -> [UInt8] {
    var result: [UInt8] = [UInt8(ascii: "\"")]
    for scalar in bytes.text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\"".utf8
      case "\\": result += "\\\\".utf8
      case "\n": result += "\\n".utf8
      case "\t": result += "\\t".utf8
      case "\u{0}"..<"\u{20}", "\u{7f}"..."\u{a0}", "\u{2028}", "\u{2029}", "\u{feff}",
        "\u{fffe}", "\u{ffff}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u\(String(repeating: "0", count: 4 - digits.utf8.count))\(digits)".utf8
      default: result += Array(String(scalar).utf8)
      }
    }
    result.append(UInt8(ascii: "\""))
    return result
  }
}
