internal import VerdictPolicy

/// The settings that a file gives.
enum SettingsFile {
  /// - Parameter errors: receives what is wrong, with file, line and column.
  static func assignments(path: String, _ errors: inout [String]) -> [SettingsAssignment] {
    do throws(PolicyError) {
      return assignments(try KeyedText(readingFile: path), &errors)
    } catch {
      errors += error.diagnostics.map(\.description)
      return []
    }
  }

  static func assignments(_ text: KeyedText, _ errors: inout [String]) -> [SettingsAssignment] {
    var assignments: [SettingsAssignment] = []
    for leaf in text.leaves {
      do throws(OptionFault) {
        var assignment = try assignment(leaf.keys)
        assignment.texts = leaf.texts
        assignment.origin = .file(path: text.path, leaf.mark)
        assignments.append(assignment)
      } catch {
        errors.append(
          "\(SettingsOrigin.file(path: text.path, leaf.mark)): \(error.message)")
      }
    }
    return assignments
  }

  /// The option that keys lead to.
  private static func assignment(_ keys: [String]) throws(OptionFault) -> SettingsAssignment {
    guard let first = keys.first else { preconditionFailure("a leaf has a key") }
    if first == "listeners" {
      guard keys.count > 2 else {
        throw OptionFault("expected a mapping of names, each with a mapping of options")
      }
      if let fault = NamedListener.fault(ofName: keys[1]) { throw OptionFault(fault) }
      let names = NamedListener.options.map { ($0.key, $0.name) }
      let name = try option(keys[2], among: names, in: "listeners.\(keys[1])")
      try requireNoMore(keys, after: 3)
      return SettingsAssignment(
        listener: keys[1], name: name, texts: [], origin: .flag(name: ""))
    }
    let names = Settings.options.filter { $0.name != "config" }.map { ($0.key, $0.name) }
    let name = try option(first, among: names + [("listeners", "")], in: "the file")
    try requireNoMore(keys, after: 1)
    return SettingsAssignment(listener: nil, name: name, texts: [], origin: .flag(name: ""))
  }

  private static func option(
    _ key: String, among names: [(key: String, name: String)], in place: String
  ) throws(OptionFault) -> String {
    guard let found = names.first(where: { $0.key == key }) else {
      let advice = Spelling.advice(key, among: names.map(\.key), noun: "known keys")
      throw OptionFault("unknown key `\(key)` in \(place), \(advice)")
    }
    return found.name
  }

  private static func requireNoMore(_ keys: [String], after count: Int) throws(OptionFault) {
    guard keys.count > count else { return }
    throw OptionFault("`\(keys[count - 1])` is a mapping, expected a value")
  }
}
