internal import ArgumentParser
internal import VerdictCompiler
internal import VerdictControl
internal import VerdictModel
internal import VerdictPolicy

/// Which route tables a command uses.
struct RouteOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A route table instead of those that ship. May be given once for each access model.",
      valueName: "file"))
  var routes: [String] = []

  /// The documents, checked.
  func load(_ models: ModelOption) throws(CommandFailure) -> [RouteDocument] {
    let known = try models.load()
    guard !routes.isEmpty else { return try RouteOptions.shipped(known) }
    var documents: [RouteDocument] = []
    for path in routes { documents.append(try RouteOptions.load(path, known)) }
    for (index, document) in documents.enumerated() {
      guard let first = documents[..<index].first(where: { $0.model == document.model }) else {
        continue
      }
      throw CommandFailure(
        "`\(TerminalText.escaped(document.path))` and `\(TerminalText.escaped(first.path))` are "
          + "both for model \(document.model), expected one for each")
    }
    return documents
  }

  /// The tables that ship, as far as their models are among those given.
  static func shipped(_ models: AccessModels) throws(CommandFailure) -> [RouteDocument] {
    do throws(PolicyError) {
      return try RouteDocument.shipped(models: models)
    } catch {
      throw CommandFailure(error)
    }
  }

  static func load(
    _ path: String, _ models: AccessModels
  ) throws(CommandFailure) -> RouteDocument {
    do throws(PolicyError) {
      return try RouteDocument.load(path: path, models: models)
    } catch {
      throw CommandFailure(error)
    }
  }

  /// All tables, compiled, one after the other.
  func bytes(_ models: ModelOption) throws(CommandFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    for document in try load(models) { bytes += try RouteOptions.compile(document) }
    return bytes
  }

  /// The same for a server. Those that ship yield to those of sets.
  func compiled(_ models: ModelOption) throws(CommandFailure) -> RouteTables {
    let bytes = try bytes(models)
    do throws(ControlError) {
      return try RouteTables(validating: bytes, yieldsToSets: routes.isEmpty)
    } catch {
      throw CommandFailure(error.description)
    }
  }

  static func compile(_ document: RouteDocument) throws(CommandFailure) -> [UInt8] {
    do throws(CompileError) {
      return try RouteCompiler.compile(document)
    } catch {
      throw CommandFailure(lines: ["\(error.path): error: \(error.message)"])
    }
  }
}

extension RouteDocument.Route {
  /// For `routes list`.
  var line: String {
    let asked = checks.map(\.text)
    let conditions = conditions.isEmpty ? "" : "  (on conditions)"
    let needs = asked.isEmpty ? "public" : asked.joined(separator: " and ")
    return "\(method) \(template): \(needs)\(conditions)"
  }
}

extension RouteDocument.Check {
  /// As in the document, sources left out.
  fileprivate var text: String {
    ([action] + [resource, target].compactMap { $0?.text }).joined(separator: " ")
  }
}

extension RouteDocument.Operand {
  fileprivate var text: String {
    let types = types.isEmpty ? table.map(\.type) : types
    var distinct: [String] = []
    for type in types where !distinct.contains(type) { distinct.append(type) }
    let name = distinct.joined(separator: "|")
    switch form {
    case .type: return name
    case .id: return "\(name)/ID"
    case .new: return "\(name)/*"
    case .linkedToTarget: return "\(name)/@target"
    case .connection: return "connection/ID"
    }
  }
}
