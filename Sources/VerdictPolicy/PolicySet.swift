internal import VerdictModel

/// The documents that are compiled and published together: one for each organization.
public struct PolicySet: Sendable {
  /// Checked, in the order of their paths.
  public var documents: [PolicyDocument]
  /// In the order of the documents, and of the places in each.
  public var warnings: [Diagnostic]

  public init(documents: [PolicyDocument], warnings: [Diagnostic] = []) {
    self.documents = documents
    self.warnings = warnings
  }

  /// Reads every document below `paths`: a file as it is named, and of a directory every
  /// `*.yaml`, `*.yml` and `*.json` except `*.test.yaml` and what begins with a dot.
  ///
  /// - Throws: everything that is wrong with any of them. One bad document fails the set.
  public static func load(
    paths: [String], models: AccessModels
  ) throws(PolicyError) -> PolicySet {
    var set = PolicySet(documents: [])
    var failure = PolicyError(diagnostics: [])
    for path in try files(below: paths) {
      do throws(PolicyError) {
        let bytes = try Files.read(path)
        let parsed = try PolicyDocument.parse(bytes: bytes, path: path, models: models)
        set.documents.append(parsed.document)
        set.warnings += parsed.warnings
      } catch {
        failure.diagnostics += error.diagnostics
        failure.omittedCount += error.omittedCount
      }
    }
    failure.diagnostics += set.conflicts()
    guard failure.diagnostics.isEmpty else {
      failure.diagnostics += set.warnings
      throw failure
    }
    return set
  }

  /// The document files below `paths`, each once.
  private static func files(below paths: [String]) throws(PolicyError) -> [String] {
    var files: [String] = []
    for path in paths {
      switch try Files.kind(path) {
      case .other: files.append(path)
      case .directory:
        let found = try documents(in: path, depth: 0)
        guard !found.isEmpty else {
          throw PolicyError(
            path: path,
            message: "no documents below this directory, expected `*.yaml`, `*.yml` "
              + "or `*.json` files")
        }
        files += found
      }
    }
    var seen: Set<[UInt8]> = []
    return files.filter { seen.insert(Array($0.utf8)).inserted }
  }

  private static func documents(in path: String, depth: Int) throws(PolicyError) -> [String] {
    // Links may lead in circles.
    guard depth < PolicyLimits.depthMax else {
      throw PolicyError(
        path: path, message: "more than \(PolicyLimits.depthMax) directories deep, expected fewer")
    }
    var found: [String] = []
    for name in try Files.names(in: path) {
      let child = path.hasSuffix("/") ? path + name : path + "/" + name
      if try Files.kind(child) == .directory {
        found += try documents(in: child, depth: depth + 1)
      } else if isDocument(name) {
        found.append(child)
      }
    }
    return found
  }

  private static func isDocument(_ name: String) -> Bool {
    if name.hasSuffix(".test.yaml") { return false }
    return [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
  }

  /// What no document can see for itself: two with one organization, two tokens with one secret.
  private func conflicts() -> [Diagnostic] {
    var conflicts: [Diagnostic] = []
    var organizations: [[UInt8]: PolicyDocument] = [:]
    var secrets: [[UInt8]: PolicyDocument] = [:]
    for document in documents {
      let id = document.organization.id
      let bytes = document.symbols.withBytes(of: id.symbol) { $0.array }
      if let first = organizations.updateValue(document, forKey: bytes) {
        conflicts.append(
          Diagnostic(
            severity: .error, path: document.path, mark: id.mark,
            message: "organization `\(document.symbols.text(id.symbol))` has a document already, "
              + "`\(first.path)`, expected one each"))
      }
      let tokens =
        document.serviceTokens.map { ($0.id, $0.secret) }
        + document.personalTokens.map { ($0.id, $0.secret) }
      for (token, secret) in tokens where !secret.sha256.isEmpty {
        guard let first = secrets.updateValue(document, forKey: secret.sha256) else { continue }
        conflicts.append(
          Diagnostic(
            severity: .error, path: document.path, mark: token.mark,
            message: "token `\(document.symbols.text(token.symbol))` has the secret of a token in "
              + "`\(first.path)`, expected one for each token"))
      }
    }
    return conflicts
  }
}
