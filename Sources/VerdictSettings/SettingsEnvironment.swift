internal import VerdictPolicy

/// The settings that environment variables give: `VERDICT_` and the option's name in capitals, or
/// `VERDICT_LISTENERS_NAME_OPTION`. The elements of a list stand between commas.
enum SettingsEnvironment {
  static let prefix = "VERDICT_"
  static let listenerPrefix = "VERDICT_LISTENERS_"
  /// Tells clients where the server is, and is often set for both.
  static let clientName = "VERDICT_ADDRESS"

  static func assignments(
    _ environment: [(name: String, value: String)], _ errors: inout [String]
  ) -> [SettingsAssignment] {
    var assignments: [SettingsAssignment] = []
    let ours = environment.filter {
      $0.name.hasPrefix(prefix) && $0.name != clientName && !isOfKubernetes($0.name)
    }
    for (name, value) in ours.sorted(by: { $0.name < $1.name }) {
      if let assignment = assignment(name, value) {
        assignments.append(assignment)
        continue
      }
      let known = Settings.options.map { prefix + $0.upperName }
      let advice = Spelling.advice(name, among: known, noun: "known")
      errors.append("\(name): no option has this name, \(advice)")
    }
    return assignments
  }

  private static func assignment(_ name: String, _ value: String) -> SettingsAssignment? {
    let origin = SettingsOrigin.environment(name: name)
    if let option = Settings.options.first(where: { prefix + $0.upperName == name }) {
      return SettingsAssignment(
        listener: nil, name: option.name, texts: texts(value, isList: option.isList),
        origin: origin)
    }
    guard name.hasPrefix(listenerPrefix) else { return nil }
    let rest = name.dropFirst(listenerPrefix.count)
    // The longest name of an option: one may end as another does.
    let options = NamedListener.options.filter { rest.hasSuffix("_" + $0.upperName) }
    guard let option = options.max(by: { $0.name.count < $1.name.count }) else { return nil }
    let upper = rest.dropLast(option.upperName.count + 1)
    let listener = String(upper.lowercased().map { $0 == "_" ? "-" : $0 })
    guard NamedListener.fault(ofName: listener) == nil else { return nil }
    return SettingsAssignment(
      listener: listener, name: option.name, texts: texts(value, isList: option.isList),
      origin: origin)
  }

  private static func texts(_ value: String, isList: Bool) -> [String] {
    guard isList else { return [value] }
    return value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }

  /// Whether Kubernetes sets the variable for a service whose name begins with `verdict`:
  /// `VERDICT_SERVICE_HOST`, `VERDICT_PORT_7070_TCP_ADDR`. No option ends so.
  static func isOfKubernetes(_ name: String) -> Bool {
    var words = name.split(separator: "_").map(String.init)
    if words.suffix(2) == ["SERVICE", "HOST"] || words.suffix(2) == ["SERVICE", "PORT"] {
      return true
    }
    if let service = words.lastIndex(of: "SERVICE"), service + 2 < words.count,
      words[service + 1] == "PORT"
    {
      return true
    }
    if let last = words.last, ["PROTO", "PORT", "ADDR"].contains(last), words.count > 3 {
      words.removeLast()
    }
    if let last = words.last, ["TCP", "UDP", "SCTP"].contains(last), words.count > 3 {
      return words[words.count - 3] == "PORT" && Int(words[words.count - 2]) != nil
    }
    return words.count > 1 && words.last == "PORT"
  }
}
