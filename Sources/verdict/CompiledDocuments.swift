internal import VerdictCompiler
internal import VerdictControl
internal import VerdictCrypto
internal import VerdictModel
internal import VerdictPolicy
internal import VerdictSystem

/// Policy documents, compiled: one snapshot for each organization.
struct CompiledDocuments {
  struct Organization {
    let id: [UInt8]
    let snapshot: [UInt8]
    /// What it follows from, where that was asked for.
    var source: SHA256Digest?

    /// The id for people, in backticks.
    var name: String { "`\(TerminalText.escaped(String(decoding: id, as: UTF8.self)))`" }
  }

  let organizations: [Organization]
  /// Those that were not compiled, because they follow from what they did before.
  private(set) var unchanged: [UnchangedOrganization] = []
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

  /// The same, but compiles only what doesn't follow from what it did before.
  ///
  /// - Parameter known: by organization, what was compiled before.
  init(
    paths: [String], known: [[UInt8]: SHA256Digest]
  ) throws(CommandFailure) {
    var set: PolicySet
    let program = try SourceDigest.program()
    var sources: [String: SHA256Digest] = [:]
    do throws(PolicyError) {
      set = try PolicySet.load(paths: paths, models: try AccessModels(option: nil)) {
        sources[$0] = SourceDigest.of($1, compiledBy: program)
      }
    } catch {
      throw CommandFailure(error)
    }
    var unchanged: [UnchangedOrganization] = []
    set.documents.removeAll { document in
      let id = document.symbols.withBytes(of: document.organization.id.symbol) { $0.array }
      guard let source = known[id], source == sources[document.path] else { return false }
      unchanged.append(UnchangedOrganization(organization: id, source: source))
      return true
    }
    try self.init(set, sources: sources)
    self.unchanged = unchanged
  }

  /// Compiles what was read and checked.
  ///
  /// - Parameter sources: by path, what each document is.
  init(_ set: PolicySet, sources: [String: SHA256Digest] = [:]) throws(CommandFailure) {
    var organizations: [Organization] = []
    for document in set.documents {
      let id = document.symbols.withBytes(of: document.organization.id.symbol) { $0.array }
      do throws(CompileError) {
        organizations.append(
          Organization(
            id: id, snapshot: try SnapshotCompiler.compile(document),
            source: sources[document.path]))
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

/// Names everything that a snapshot follows from: the document's bytes, and the program, which
/// holds the compiler and the access models that ship.
enum SourceDigest {
  static func of(_ document: [UInt8], compiledBy program: SHA256Digest) -> SHA256Digest {
    var hasher = SHA256Hasher()
    program.bytes.withByteView { hasher.update($0) }
    document.withByteView { hasher.update($0) }
    return hasher.finish()
  }

  /// Of the program that runs.
  static func program() throws(CommandFailure) -> SHA256Digest {
    do throws(SystemError) {
      let bytes = try File.read("/proc/self/exe", byteCountMax: 1 << 30)
      return bytes.withByteView { SHA256Digest(of: $0) }
    } catch {
      throw CommandFailure(error.description)
    }
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
