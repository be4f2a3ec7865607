import Testing
import VerdictModel
import VerdictPolicy
import VerdictTestKit

/// Small worlds that hold every way of granting what an action reads.
@Suite("the engine answers as the reference interpreter in exhaustive small worlds")
struct ReferenceExhaustiveTests {
  @Test(
    "every action, every form of scope in two policies, every principal, every kind of resource",
    arguments: ["rudderstack", "segment"],
    [PolicyDocument.UnknownResources.future, PolicyDocument.UnknownResources.deny])
  func exhaustive(model: String, unknown: PolicyDocument.UnknownResources) throws {
    let model = try #require(try AccessModels.shipped()[model])
    // Checks of a debug build are slow.
    #if DEBUG
      let depth = ExhaustiveWorld.Depth.brief
    #else
      let depth = ExhaustiveWorld.Depth.full
    #endif
    var checkCount = 0
    var answered: Set<String> = []
    try ExhaustiveWorld.forEach(model: model, depth: depth, unknown: unknown) { world in
      let result = try world.compare()
      #expect(result.disagreements == [], "\(world.title)")
      checkCount += result.checkCount
      answered.insert(String(decoding: world.action, as: UTF8.self))
    }
    let actions = model.actions.filter { action in
      if case .workspace = action.rule { return true }
      return false
    }
    #expect(answered == Set(actions.map(\.name)))
    print("exhaustive worlds of \(model.id), unknown \(unknown): \(checkCount) checks")
  }
}
