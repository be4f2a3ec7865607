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
      set = try PolicySet.load(paths: paths, models: try AccessModels(option: models))
    } catch {
      throw CommandFailure(error)
    }
    try self.init(set)
  }

  /// Compiles what was read and checked.
  init(_ set: PolicySet) throws(CommandFailure) {
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
    warnings = set.warnings.map(\.line)
  }

  /// The same, with its warnings told on standard error.
  static func tellingWarnings(
    paths: [String], models: String?
  ) throws(CommandFailure) -> CompiledDocuments {
    let compiled = try CompiledDocuments(paths: paths, models: models)
    for warning in compiled.warnings { StandardStream.error.tell(warning) }
    return compiled
  }
}

extension AccessModels {
  /// Those of the directory that `--models` names, or those that ship.
  init(option directory: String?) throws(PolicyError) {
    if let directory {
      try self.init(directory: directory)
    } else {
      self = try AccessModels.shipped()
    }
  }
}

extension CommandFailure {
  /// One line for everything that is wrong with documents or models.
  init(_ error: PolicyError) {
    var lines = error.diagnostics.map(\.line)
    if error.omittedCount > 0 { lines.append("error: and \(error.omittedCount) more errors") }
    self.init(lines: lines)
  }
}

extension Diagnostic {
  /// `path:line:column: error: message`, as compilers write it and editors read it.
  var line: String {
    let place = mark.line == 0 ? path : "\(path):\(mark.line):\(mark.column)"
    return "\(place): \(severity == .error ? "error" : "warning"): \(message)"
  }
}
