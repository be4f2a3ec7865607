import VerdictModel
import VerdictPolicy
import VerdictTestKit

/// A random world as others can read it: its documents as text, and checks with the effects that
/// the engine gives them.
enum WorldExport {
  /// - Parameter checkCount: well-shaped ones, that is: to which the contract's answer is allow or
  ///   deny. An oracle outside has no third effect.
  static func line(seed: UInt64, models: [AccessModel], checkCount: Int) throws -> String {
    var worlds = WorldGenerator(seed: seed)
    let documents = worlds.documents(models: models)
    let reference = ReferenceInterpreter(documents: documents)
    let engine = try CompiledWorld(documents)
    var generator = CheckGenerator(documents: documents, seed: seed)
    var checks: [JSONValue] = []
    while checks.count < checkCount {
      let check = generator.next()
      if reference.decide(check).effect == .indeterminate { continue }
      checks.append(value(check, engine.decide(check).effect))
    }
    return JSONValue.object([
      .init("seed", String(seed)),
      .init("documents", .list(documents.map { .text(YAMLWriter.text(of: $0)) })),
      .init("checks", .list(checks)),
    ]).line
  }

  /// A check that has a decision consists of text.
  private static func value(_ check: ReferenceCheck, _ effect: Effect) -> JSONValue {
    let fields: [(String, [UInt8]?)] = [
      ("organization", check.organization), ("principal", check.principal),
      ("workspace", check.workspace), ("action", check.action), ("resource", check.resource),
      ("target", check.target),
    ]
    let members = fields.compactMap { name, bytes in
      bytes.map { JSONValue.Member(name, String(decoding: $0, as: UTF8.self)) }
    }
    return .object(members + [.init("effect", effect.name)])
  }
}
