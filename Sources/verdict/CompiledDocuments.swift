internal import VerdictCompiler
internal import VerdictModel
internal import VerdictPolicy

/// Policy documents, compiled: one snapshot for each organization.
struct CompiledDocuments {
  struct Organization {
    let id: [UInt8]
    let snapshot: [UInt8]

    /// The id for people, in backticks.
    var name: String { "`\(TerminalText.escaped(String(decoding: id, as: UTF8.self)))`" }
  }

  let organizations: [Organization]
  /// One line each, `path:line:column: warning: ...`.
  let warnings: [String]

  /// Reads, checks and compiles.
  ///
  /// - Parameters:
  ///   - paths: files, or directories with documents below them.
  ///   - models: a directory of access models instead of those that ship.
  /// - Throws: one line for everything that is wrong with any of them.
  init(paths: [String], models: String?) throws(CommandFailure) {
    let set: PolicySet
    do throws(PolicyError) {
      set = try PolicySet.load(paths: paths, models: try CompiledDocuments.models(models))
    } catch {
      throw CommandFailure(lines: CompiledDocuments.lines(of: error))
    }
    var organizations: [Organization] = []
    for document in set.documents {
      let id = document.symbols.withBytes(of: document.organization.id.symbol) { $0.array }
      do throws(CompileError) {
        organizations.append(
          Organization(id: id, snapshot: try SnapshotCompiler.compile(document)))
      } catch {
        throw CommandFailure(lines: ["\(error.path): error: \(error.message)"])
      }
    }
    self.organizations = organizations
    warnings = set.warnings.map(CompiledDocuments.line)
  }

  /// The same, with its warnings told on standard error.
  static func tellingWarnings(
    paths: [String], models: String?
  ) throws(CommandFailure) -> CompiledDocuments {
    let compiled = try CompiledDocuments(paths: paths, models: models)
    for warning in compiled.warnings { StandardStream.error.tell(warning) }
    return compiled
  }

  private static func models(_ directory: String?) throws(PolicyError) -> AccessModels {
    guard let directory else { return try AccessModels.shipped() }
    return try AccessModels(directory: directory)
  }

  private static func lines(of error: PolicyError) -> [String] {
    var lines = error.diagnostics.map(line)
    if error.omittedCount > 0 { lines.append("error: and \(error.omittedCount) more errors") }
    return lines
  }

  /// `path:line:column: error: message`, as compilers write it and editors read it.
  private static func line(_ diagnostic: Diagnostic) -> String {
    let mark = diagnostic.mark
    let place =
      mark.line == 0 ? diagnostic.path : "\(diagnostic.path):\(mark.line):\(mark.column)"
    let severity = diagnostic.severity == .error ? "error" : "warning"
    return "\(place): \(severity): \(diagnostic.message)"
  }
}
