internal import VerdictPolicy

/// The settings that flags give.
public struct SettingsFlags: Sendable {
  /// By option, as often as it was given.
  public var values: [String: [String]] = [:]
  /// The values of `--listener`: `NAME.OPTION=VALUE`.
  public var listeners: [String] = []

  public init() {}

  public static let listenerName = "listener"
  public static let listenerValueName = "name.option=value"
  public static let listenerHelp = """
    An option of a listener with a name: main.address=127.0.0.1:7070, main.inspection=on. May be \
    given several times.
    """

  /// - Parameter errors: receives what is wrong.
  func assignments(_ errors: inout [String]) -> [SettingsAssignment] {
    var assignments: [SettingsAssignment] = []
    for option in Settings.options {
      guard let texts = values[option.name] else { continue }
      assignments.append(
        SettingsAssignment(
          listener: nil, name: option.name, texts: texts, origin: .flag(name: option.name)))
    }
    for text in listeners {
      do throws(OptionFault) {
        let new = try SettingsFlags.assignment(text)
        if let same = assignments.firstIndex(where: { $0.place == new.place }) {
          assignments[same].texts += new.texts
        } else {
          assignments.append(new)
        }
      } catch {
        errors.append("--\(SettingsFlags.listenerName) `\(text)`: \(error.message)")
      }
    }
    return assignments
  }

  private static func assignment(_ text: String) throws(OptionFault) -> SettingsAssignment {
    guard let equals = text.firstIndex(of: "="), let dot = text[..<equals].firstIndex(of: ".")
    else { throw OptionFault("expected NAME.OPTION=VALUE") }
    let listener = String(text[..<dot])
    if let fault = NamedListener.fault(ofName: listener) { throw OptionFault(fault) }
    let name = String(text[text.index(after: dot)..<equals])
    guard NamedListener.options.contains(where: { $0.name == name }) else {
      let names = NamedListener.options.map(\.name)
      throw OptionFault("no such option, \(Spelling.advice(name, among: names))")
    }
    return SettingsAssignment(
      listener: listener, name: name, texts: [String(text[text.index(after: equals)...])],
      origin: .flag(name: "\(SettingsFlags.listenerName) \(listener).\(name)"))
  }
}
