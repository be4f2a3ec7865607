/// One finding about a document: what is wrong, where, and what to do about it.
public struct Diagnostic: Sendable, Equatable, CustomStringConvertible {
  public enum Severity: Sendable, Equatable {
    /// The document is refused.
    case error
    /// The document is taken; what the warning names has no effect.
    case warning
  }

  public var severity: Severity
  public var path: String
  /// Zero where the finding is about the file as a whole.
  public var mark: Mark
  /// Lower case, one line, no final stop.
  public var message: String

  public init(severity: Severity, path: String, mark: Mark, message: String) {
    self.severity = severity
    self.path = path
    self.mark = mark
    self.message = message
  }

  /// `path:line:column: message`, the form that editors and build logs make clickable.
  public var description: String {
    let place = mark.line == 0 ? path : "\(path):\(mark.line):\(mark.column)"
    return severity == .error ? "\(place): \(message)" : "\(place): warning: \(message)"
  }
}

/// Why documents or access models were refused: every error found, warnings included.
public struct PolicyError: Error, Sendable, CustomStringConvertible {
  /// In the order of the files, and of the places in each.
  public var diagnostics: [Diagnostic]
  /// Errors beyond `PolicyLimits.diagnosticCountMax` of one document; they were not kept.
  public var omittedCount: Int

  public init(diagnostics: [Diagnostic], omittedCount: Int = 0) {
    self.diagnostics = diagnostics
    self.omittedCount = omittedCount
  }

  init(path: String, message: String) {
    let mark = Mark(line: 0, column: 0)
    let diagnostic = Diagnostic(severity: .error, path: path, mark: mark, message: message)
    self.init(diagnostics: [diagnostic])
  }

  /// One diagnostic a line.
  public var description: String {
    var lines = diagnostics.map(\.description)
    if omittedCount > 0 { lines.append("and \(omittedCount) more errors") }
    return lines.joined(separator: "\n")
  }
}

/// What has been found so far in one document.
struct DiagnosticList {
  let path: String
  private(set) var errors: [Diagnostic] = []
  private(set) var warnings: [Diagnostic] = []
  private(set) var omittedCount = 0

  init(path: String) { self.path = path }

  var hasErrors: Bool { !errors.isEmpty }

  mutating func error(_ mark: Mark, _ message: @autoclosure () -> String) {
    guard errors.count < PolicyLimits.diagnosticCountMax else {
      omittedCount += 1
      return
    }
    errors.append(
      Diagnostic(severity: .error, path: path, mark: mark, message: DiagnosticList.line(message())))
  }

  /// Warnings beyond the limit are dropped: they change nothing about the document.
  mutating func warning(_ mark: Mark, _ message: @autoclosure () -> String) {
    guard warnings.count < PolicyLimits.diagnosticCountMax else { return }
    warnings.append(
      Diagnostic(
        severity: .warning, path: path, mark: mark, message: DiagnosticList.line(message())))
  }

  /// A message as one line of bearable length, whatever text of the document it repeats.
  private static func line(_ message: String) -> String {
    var line = String.UnicodeScalarView()
    for scalar in message.unicodeScalars {
      guard line.count < PolicyLimits.messageCharacterCountMax else {
        line.append(contentsOf: "...".unicodeScalars)
        break
      }
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: line.append("\u{fffd}")
      default: line.append(scalar)
      }
    }
    return String(line)
  }

  /// Throws if there is an error.
  func check() throws(PolicyError) {
    guard hasErrors else { return }
    let all = DiagnosticList.sorted(errors + warnings)
    throw PolicyError(diagnostics: all, omittedCount: omittedCount)
  }

  var sortedWarnings: [Diagnostic] { DiagnosticList.sorted(warnings) }

  private static func sorted(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
    diagnostics.sorted { ($0.mark.line, $0.mark.column) < ($1.mark.line, $1.mark.column) }
  }
}
