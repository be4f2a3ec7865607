internal import VerdictPolicy

/// Settings put together from flags, environment and file, with where each came from.
///
/// A flag goes before the environment, that before the file, and that before the default; a list
/// replaces a list. Whatever is given must be right, also where something else goes before it.
public struct ResolvedSettings: Sendable {
  public private(set) var settings = Settings()
  /// By place (`loops`, `listeners.main.address`), of what was given.
  private var origins: [String: SettingsOrigin] = [:]

  /// - Parameters:
  ///   - flags: what was given on the command line.
  ///   - environment: all variables; those that don't begin with `VERDICT_` are others'.
  /// - Throws: all that is wrong with what was given.
  public init(
    flags: SettingsFlags, environment: [(name: String, value: String)]
  ) throws(SettingsError) {
    var errors: [String] = []
    let given = flags.assignments(&errors)
    let variables = SettingsEnvironment.assignments(environment, &errors)
    let path = (given + variables).first { $0.listener == nil && $0.name == "config" }
    var all: [SettingsAssignment] = []
    if let text = path?.texts.first, !text.isEmpty {
      all = SettingsFile.assignments(path: text, &errors)
    }
    for assignment in all + variables + given { apply(assignment, &errors) }
    if errors.isEmpty { errors = settings.faults }
    if !errors.isEmpty { throw SettingsError(lines: errors) }
  }

  private mutating func apply(_ assignment: SettingsAssignment, _ errors: inout [String]) {
    do throws(OptionFault) {
      if let listener = assignment.listener {
        guard let option = NamedListener.options.first(where: { $0.name == assignment.name })
        else { preconditionFailure("sources know the table") }
        var one = settings.listeners[listener] ?? NamedListener()
        try option.set(&one, assignment.texts)
        settings.listeners[listener] = one
      } else {
        guard let option = Settings.options.first(where: { $0.name == assignment.name }) else {
          preconditionFailure("sources know the table")
        }
        try option.set(&settings, assignment.texts)
      }
      origins[assignment.place] = assignment.origin
    } catch {
      errors.append("\(assignment.origin): \(error.message)")
    }
  }

  /// Where an option came from; nil: it is the default.
  public func origin(_ name: String, listener: String? = nil) -> SettingsOrigin? {
    origins[SettingsAssignment.place(listener, name)]
  }
}
