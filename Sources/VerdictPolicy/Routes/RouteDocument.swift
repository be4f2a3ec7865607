public import VerdictModel

/// A checked route table (`apiVersion: verdict.routes/v1`; docs/routes.md): which check each
/// request to an API needs. Every action, type and name in one that exists is the model's.
public struct RouteDocument: Sendable {
  public var path: String
  /// The id of the access model.
  public var model: String
  /// In the order of the document; one for each method and template.
  public var routes: [Route]

  public struct Route: Sendable {
    public var mark: Mark
    public var method: String
    /// As it is written.
    public var template: String
    public var segments: [Segment]
    /// All have to hold.
    public var conditions: [Condition]
    /// All have to allow. Empty: a public route.
    public var checks: [Check]
    public var workspaces: [Source]
    /// Kinds of principals that may call it; empty: all.
    public var callers: [PrincipalKind]
    public var deniesUnknown: Bool
  }

  public enum Segment: Sendable, Equatable {
    case literal(String)
    case parameter(String)
  }

  /// What a request has to say, or not to say.
  public struct Condition: Sendable, Equatable {
    public var source: Source
    /// nil: anything.
    public var values: [String]?
    public var isNegated: Bool
  }

  public struct Check: Sendable, Equatable {
    public var action: String
    public var resource: Operand?
    public var target: Operand?
  }

  public struct Operand: Sendable, Equatable {
    public var form: Form
    /// Types that it may be of; empty where the request names the type.
    public var types: [String] = []
    public var typeSource: Source?
    /// What the request may say, and the type that it means.
    public var table: [Meaning] = []
    public var id: Source?

    public enum Form: Sendable, Equatable {
      case type, id, new, linkedToTarget, connection
    }
  }

  public struct Meaning: Sendable, Equatable {
    public var value: String
    public var type: String
  }

  /// Where a request says something.
  public enum Source: Sendable, Hashable {
    /// A segment of the path, by its place.
    case segment(Int)
    case query(String)
    /// By its lower-case name.
    case header(String)
    /// Members one inside the other; nil: each element of a list.
    case body([String?])
    case context(String)

    /// Whether it may have several values.
    public var isList: Bool {
      if case .body(let steps) = self { return steps.contains(nil) }
      return false
    }
  }
}

extension RouteDocument {
  static let apiVersion = "verdict.routes/v1"

  /// Reads and checks one route table.
  ///
  /// - Parameter path: where the bytes come from; `*.json` is read strictly as JSON.
  /// - Throws: every error found, with its place.
  public static func parse(
    bytes: [UInt8], path: String, models: AccessModels
  ) throws(PolicyError) -> RouteDocument {
    do {
      return try bytes.withByteView { view throws(PolicyError) in
        var reader = RouteReader(reading: try Reading.parse(view, path: path), path: path)
        return try reader.read(models)
      }
    } catch let error as PolicyError {
      throw error
    } catch {
      preconditionFailure("reading throws policy errors alone")
    }
  }

  /// The same for a file.
  ///
  /// - Throws: a file that can't be read, and every error found in it.
  public static func load(
    path: String, models: AccessModels
  ) throws(PolicyError) -> RouteDocument {
    try parse(bytes: try Files.read(path), path: path, models: models)
  }

  /// The tables that ship with Verdict (`models/*.routes.yaml`) for the models that are there.
  ///
  /// - Throws: where a model of the same id as one that ships lacks what its routes ask for.
  public static func shipped(models: AccessModels) throws(PolicyError) -> [RouteDocument] {
    guard models["rudderstack"] != nil else { return [] }
    return [
      try parse(
        bytes: PackageResources.rudderstack_routes_yaml, path: "models/rudderstack.routes.yaml",
        models: models)
    ]
  }
}
