internal import VerdictModel

/// Policy documents in canonical form: what a document means stays, how it is written does not.
///
/// Keys stand in the order of the contract, types and permissions in the model's order; users,
/// groups, workspaces and ids stay in the order of the document. What fits on a line of 100
/// columns stands on one line. Comments and single empty lines stay with what they stand beside.
/// Formatting twice changes nothing.
public enum DocumentFormat {
  public enum Syntax: String, Sendable, CaseIterable {
    case yaml
    case json
  }

  /// The document in canonical form.
  ///
  /// - Parameters:
  ///   - path: where it comes from, for diagnostics; `*.json` is JSON.
  ///   - syntax: what to write; nil: what it is written in. JSON has no place for comments.
  /// - Throws: everything that is wrong with the document.
  /// - Complexity: linear in the bytes.
  public static func canonical(
    _ bytes: [UInt8], path: String, models: AccessModels, syntax: Syntax? = nil
  ) throws(PolicyError) -> [UInt8] {
    do {
      return try bytes.withByteView { view throws(PolicyError) in
        try canonical(view, path: path, models: models, syntax: syntax)
      }
    } catch let error as PolicyError {
      throw error
    } catch {
      preconditionFailure("reading throws policy errors alone")
    }
  }

  private static func canonical(
    _ bytes: ByteView, path: String, models: AccessModels, syntax: Syntax?
  ) throws(PolicyError) -> [UInt8] {
    let reading = try Reading.parse(bytes, path: path)
    let document = try DocumentReader.read(reading, path: path, models: models).document
    let written = path.hasSuffix(".json") ? Syntax.json : .yaml
    let comments =
      written == .yaml
      ? CommentPlaces(of: bytes, in: reading.tree) : CommentPlaces()
    if (syntax ?? written) == .json, !comments.isEmpty {
      throw PolicyError(path: path, message: "JSON has no comments, remove them or write YAML")
    }
    var printer = DocumentPrinter(
      tree: reading.tree, model: document.model, comments: comments, syntax: syntax ?? written)
    return printer.print()
  }

  /// Reads a file's bytes, for whoever writes it back.
  public static func read(file path: String) throws(PolicyError) -> [UInt8] {
    try Files.read(path)
  }
}
