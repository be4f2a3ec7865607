import Testing
import VerdictModel
import VerdictPolicy
import VerdictTestKit

/// Small worlds that hold every way of granting what an action reads. `verdict-prove exhaustive`,
/// built for release, goes through both models either way.
@Suite("the engine answers as the reference interpreter in exhaustive small worlds")
struct ReferenceExhaustiveTests {
  @Test(
    "every action, every form of scope in two policies, every principal, every kind of resource",
    arguments: zip(
      ["rudderstack", "segment"],
      [PolicyDocument.UnknownResources.future, PolicyDocument.UnknownResources.deny]))
  func exhaustive(model: String, unknown: PolicyDocument.UnknownResources) throws {
    let model = try #require(try AccessModels.shipped()[model])
    var agreement = Agreement()
    try ExhaustiveWorld.forEach(model: model, depth: .brief, unknown: unknown) { world in
      try agreement.compare(world)
    }
    #expect(agreement.disagreements.map(\.description) == [])
    #expect(agreement.checkCount > 1_000)
  }
}
