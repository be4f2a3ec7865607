public import VerdictPolicy

/// Where a value came from.
public enum SettingsOrigin: Sendable, Equatable, CustomStringConvertible {
  case file(path: String, Mark)
  case environment(name: String)
  case flag(name: String)

  public var description: String {
    switch self {
    case .file(let path, let mark): "\(path):\(mark.line):\(mark.column)"
    case .environment(let name): name
    case .flag(let name): "--\(name)"
    }
  }
}

/// What one source says of one option.
struct SettingsAssignment: Sendable, Equatable {
  /// The listener that the option belongs to.
  var listener: String?
  /// The option's name.
  var name: String
  var texts: [String]
  var origin: SettingsOrigin

  /// As a path of keys: `listeners.main.address`.
  var place: String { SettingsAssignment.place(listener, name) }

  static func place(_ listener: String?, _ name: String) -> String {
    listener.map { "listeners.\($0).\(name)" } ?? name
  }
}

/// Why there are no settings: everything that was found, a line each.
public struct SettingsError: Error, Equatable, CustomStringConvertible {
  public var lines: [String]

  public init(lines: [String]) { self.lines = lines }

  public var description: String { lines.joined(separator: "\n") }
}
