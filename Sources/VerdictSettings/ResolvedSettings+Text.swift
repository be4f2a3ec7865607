internal import VerdictModel

/// Settings for people.
extension ResolvedSettings {
  /// Every option with where its value came from: itself a file of settings that gives the same.
  /// No option is a secret; those that concern one name the file that holds it.
  public var text: String {
    var lines: [String] = []
    for option in Settings.options {
      let origin = origin(option.name)?.description ?? "default"
      if option.name == "config" {
        if let path = settings.config { lines.append("# read from \(path), by \(origin)") }
        continue
      }
      lines += ResolvedSettings.lines(option, settings, indent: "", origin: origin)
    }
    if !settings.listeners.isEmpty { lines.append("listeners:") }
    for (name, listener) in settings.listeners.sorted(by: { $0.key < $1.key }) {
      lines.append("  \(name):")
      for option in NamedListener.options {
        let origin = origin(option.name, listener: name)?.description ?? "default"
        lines += ResolvedSettings.lines(option, listener, indent: "    ", origin: origin)
      }
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private static func lines<Root>(
    _ option: SettingsOption<Root>, _ root: Root, indent: String, origin: String
  ) -> [String] {
    let texts = option.texts(root).map(written)
    if texts.isEmpty {
      let meaning = option.defaultText.map { ": \($0)" } ?? ""
      return ["\(indent)# \(option.key) is not set\(meaning)"]
    }
    let value = option.isList ? "[\(texts.joined(separator: ", "))]" : texts[0]
    return ["\(indent)\(option.key): \(value)  # \(origin)"]
  }

  /// A text as YAML: bare where that reads the same, else in quotes.
  private static func written(_ text: String) -> String {
    let isBare = text.utf8.enumerated().allSatisfy { index, byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "_"),
        UInt8(ascii: "."):
        true
      case UInt8(ascii: "-"), UInt8(ascii: ":"): index > 0 && index + 1 < text.utf8.count
      default: false
      }
    }
    return isBare && !text.isEmpty && text.lowercased() != "null"
      ? text : JSONValue.text(text).line
  }
}
