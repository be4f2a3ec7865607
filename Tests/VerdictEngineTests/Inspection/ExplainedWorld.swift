import VerdictEngine
import VerdictModel
import VerdictPolicy
import VerdictSnapshot
import VerdictTestKit

/// A random world of one organization with its explanations.
struct ExplainedWorld {
  let seed: UInt64
  let document: PolicyDocument
  let compiled: CompiledWorld
  let reference: ReferenceInterpreter

  init(seed: UInt64, model: AccessModel) throws {
    self.seed = seed
    var worlds = WorldGenerator(seed: seed)
    document = worlds.document(model: model)
    compiled = try CompiledWorld([document])
    reference = ReferenceInterpreter(documents: [document])
  }

  var view: SnapshotView { compiled.view(0) }

  func explain(_ check: ReferenceCheck) -> Explanation {
    check.withQuestion { Engine.explain($0, in: view) }
  }

  /// Who holds the rights of a principal: a user, or a service token.
  func holder(
    _ check: ReferenceCheck, _ principal: InspectedPrincipal
  ) -> (user: [UInt8]?, serviceToken: [UInt8]?) {
    let prefix = { (text: String) in check.principal.starts(with: text.utf8) }
    if prefix("service_token:") { return (nil, Array(check.principal.dropFirst(14))) }
    if prefix("personal_token:") { return (Array(principal.user.utf8), nil) }
    return (prefix("user:") ? Array(check.principal.dropFirst(5)) : check.principal, nil)
  }

  /// What a changed document decides, by the rules alone.
  static func decide(_ check: ReferenceCheck, _ document: PolicyDocument) -> ReferenceAnswer {
    ReferenceInterpreter(documents: [document]).decide(check)
  }

  static func models() throws -> [AccessModel] {
    let models = try AccessModels.shipped()
    return ["rudderstack", "segment"].compactMap { models[$0] }
  }
}
