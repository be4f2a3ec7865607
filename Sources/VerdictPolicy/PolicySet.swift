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
  /// - Parameter observing: is given the path and the bytes of each file that is read.
  /// - Throws: everything that is wrong with any of them. One bad document fails the set.
  public static func load(
    paths: [String], models: AccessModels, observing: (String, [UInt8]) -> Void = { _, _ in }
  ) throws(PolicyError) -> PolicySet {
    var set = PolicySet(documents: [])
    var failure = PolicyError(diagnostics: [])
    for path in try files(below: paths, "documents", isDocument) {
      do throws(PolicyError) {
        let bytes = try Files.read(path)
        observing(path, bytes)
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

  /// The policy tests among `paths`: a file as it is named, and of a directory every
  /// `*.test.yaml` below it.
  ///
  /// - Throws: what is missing or unreadable, and directories without tests.
  public static func testFiles(below paths: [String]) throws(PolicyError) -> [String] {
    try files(below: paths, "policy tests", isTest)
  }

  /// The files below `paths`, each once.
  private static func files(
    below paths: [String], _ noun: String, _ isWanted: (String) -> Bool
  ) throws(PolicyError) -> [String] {
    var all: [String] = []
    for path in paths {
      switch try Files.kind(path) {
      case .other: all.append(path)
      case .directory:
        let found = try PolicySet.files(in: path, depth: 0, isWanted)
        guard !found.isEmpty else {
          let expected =
            isWanted(".test.yaml") ? "`*.test.yaml` files" : "`*.yaml`, `*.yml` or `*.json` files"
          throw PolicyError(
            path: path, message: "no \(noun) below this directory, expected \(expected)")
        }
        all += found
      }
    }
    var seen: Set<[UInt8]> = []
    return all.filter { seen.insert(Array($0.utf8)).inserted }
  }

  private static func files(
    in path: String, depth: Int, _ isWanted: (String) -> Bool
  ) throws(PolicyError) -> [String] {
    // Links may lead in circles.
    guard depth < PolicyLimits.depthMax else {
      throw PolicyError(
        path: path, message: "more than \(PolicyLimits.depthMax) directories deep, expected fewer")
    }
    var found: [String] = []
    for name in try Files.names(in: path) {
      let child = path.hasSuffix("/") ? path + name : path + "/" + name
      if try Files.kind(child) == .directory {
        found += try PolicySet.files(in: child, depth: depth + 1, isWanted)
      } else if isWanted(name) {
        found.append(child)
      }
    }
    return found
  }

  private static func isTest(_ name: String) -> Bool { name.hasSuffix(".test.yaml") }

  private static func isDocument(_ name: String) -> Bool {
    if isTest(name) { return false }
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
