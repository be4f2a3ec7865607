import Testing
import VerdictCompiler
import VerdictModel
import VerdictPolicy

@Suite("generated documents")
struct GenerationTests {
  static func model() throws -> (AccessModel, AccessModels) {
    let models = try AccessModels.shipped()
    return (try #require(models["rudderstack"]), models)
  }

  @Test(
    "a generated organization written, read and compiled is the organization itself",
    arguments: 1..<8 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    let (model, models) = try Self.model()
    for groupCount in [0, 12] {
      let profile = OrganizationProfile(
        seed: seed, memberCount: 60, resourceCount: 150, workspaceCount: 3, groupCount: groupCount,
        groupsPerMember: 2, ownPolicyPercent: 30, idsPerOwnPolicy: 4)
      let made = try SnapshotCompiler.compile(profile.document(model: model))
      for syntax in DocumentFormat.Syntax.allCases {
        let text = try profile.text(model: model, organization: "generated", syntax: syntax)
        let path = "generated.\(syntax.rawValue)"
        let parsed = try PolicyDocument.parse(bytes: text, path: path, models: models)
        #expect(parsed.warnings == [])
        #expect(try SnapshotCompiler.compile(parsed.document) == made, "seed \(seed) \(path)")
        #expect(
          try DocumentFormat.canonical(text, path: path, models: models) == text, "\(path)")
      }
    }
  }

  @Test("another seed is another organization")
  func seeds() throws {
    let (model, _) = try Self.model()
    var profile = try #require(OrganizationProfile.named("small"))
    let first = try profile.text(model: model, organization: "a", syntax: .yaml)
    #expect(try profile.text(model: model, organization: "a", syntax: .yaml) == first)
    profile.seed = 2
    #expect(try profile.text(model: model, organization: "a", syntax: .yaml) != first)
  }
}
