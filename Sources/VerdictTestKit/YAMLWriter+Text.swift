import VerdictModel
import VerdictPolicy

/// Names, references and times as text.
extension YAMLWriter {
  func name(_ name: Name) -> String { quoted(document.symbols.text(name.symbol)) }

  func names(_ names: [Name]) -> String { "[\(names.map(name).joined(separator: ", "))]" }

  func reference(_ resource: PolicyDocument.ResourceReference) -> String {
    let type = model.resourceTypes[resource.type].name
    return quoted("\(type)/\(document.symbols.text(resource.id.symbol))")
  }

  /// Double-quoted, with an escape for whatever YAML would not keep as it is.
  func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{0}"..<"\u{20}", "\u{7f}"..."\u{a0}", "\u{2028}", "\u{2029}", "\u{feff}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// Seconds since 1970 as `YYYY-MM-DDThh:mm:ssZ`, counted day by day and year by year.
  static func timestamp(_ seconds: Int64) -> String {
    precondition(seconds >= 0, "generated times are after 1970")
    var days = seconds / 86_400
    let time = seconds % 86_400
    var year: Int64 = 1970
    func isLeap(_ year: Int64) -> Bool {
      year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    }
    while days >= (isLeap(year) ? 366 : 365) {
      days -= isLeap(year) ? 366 : 365
      year += 1
    }
    var month = 0
    let lengths: [Int64] = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    while days >= lengths[month] {
      days -= lengths[month]
      month += 1
    }
    func two(_ number: Int64) -> String { (number < 10 ? "0" : "") + String(number) }
    let date = "\(year)-\(two(Int64(month) + 1))-\(two(days + 1))"
    return "\(date)T\(two(time / 3_600)):\(two(time / 60 % 60)):\(two(time % 60))Z"
  }
}
