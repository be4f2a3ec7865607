internal import VerdictModel

extension PolicyDocument {
  static let apiVersion = "verdict/v1"

  /// Reads and checks one document.
  ///
  /// - Parameters:
  ///   - bytes: YAML or JSON in UTF-8.
  ///   - path: where they come from, for diagnostics; `*.json` is read strictly as JSON.
  ///   - models: the access models that `model` may name.
  /// - Returns: the checked document, and warnings in the order of their places.
  /// - Throws: every error found, up to 50 of them, in the order of their places.
  /// - Complexity: linear in the bytes.
  public static func parse(
    bytes: [UInt8], path: String, models: AccessModels
  ) throws(PolicyError) -> (document: PolicyDocument, warnings: [Diagnostic]) {
    let reading: Reading
    do {
      reading = try bytes.withByteView { view throws(PolicyError) in
        try Reading.parse(view, path: path)
      }
    } catch let error as PolicyError {
      throw error
    } catch {
      preconditionFailure("reading throws policy errors alone")
    }
    return try DocumentReader.read(reading, path: path, models: models)
  }
}
