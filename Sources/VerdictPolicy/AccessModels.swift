public import VerdictModel

/// The access models that documents may name.
public struct AccessModels: Sendable {
  /// In the order of their files.
  public let models: [AccessModel]

  /// - Throws: if two models have one id.
  public init(_ models: [AccessModel]) throws(PolicyError) {
    for (index, model) in models.enumerated()
    where models[..<index].contains(where: { $0.id == model.id }) {
      throw PolicyError(
        path: model.id, message: "two access models with the id `\(model.id)`, expected one each")
    }
    self.models = models
  }

  /// The models that ship with Verdict (`models/`).
  ///
  /// - Throws: never in a build whose tests passed: they read the same files.
  public static func shipped() throws(PolicyError) -> AccessModels {
    var models: [AccessModel] = []
    for (path, bytes) in shippedFiles { models.append(try read(bytes, path: path)) }
    return try AccessModels(models)
  }

  /// The models of a directory: every `*.yaml`, `*.yml` and `*.json` in it but route tables
  /// (`*.routes.yaml`), instead of those that ship.
  ///
  /// - Throws: a directory that is missing, unreadable or without models, and every error found
  ///   in them.
  public init(directory: String) throws(PolicyError) {
    var models: [AccessModel] = []
    for name in try Files.names(in: directory)
    where [".yaml", ".yml", ".json"].contains(where: { name.hasSuffix($0) })
      && !name.hasSuffix(".routes.yaml")
    {
      let path = directory.hasSuffix("/") ? directory + name : directory + "/" + name
      models.append(try AccessModels.read(try Files.read(path), path: path))
    }
    guard !models.isEmpty else {
      throw PolicyError(path: directory, message: "no access models, expected `*.yaml` files")
    }
    try self.init(models)
  }

  /// The model of one file.
  ///
  /// - Throws: a file that can't be read, and every error found in it.
  public static func model(file path: String) throws(PolicyError) -> AccessModel {
    try read(try Files.read(path), path: path)
  }

  /// The model with this id. Complexity: linear in the number of models.
  public subscript(id: String) -> AccessModel? { models.first { $0.id == id } }

  /// Reads one access model.
  ///
  /// - Throws: every error found, with its place.
  public static func read(_ bytes: [UInt8], path: String) throws(PolicyError) -> AccessModel {
    do {
      return try bytes.withByteView { view throws(PolicyError) in
        try ModelReader.read(view, path: path)
      }
    } catch let error as PolicyError {
      throw error
    } catch {
      preconditionFailure("reading throws policy errors alone")
    }
  }
}
