import Testing
import VerdictCompiler
import VerdictModel
import VerdictPolicy
import VerdictSnapshot
import VerdictTestKit

@Suite("Compiling")
struct DeterminismTests {
  @Test("the order of keys and lists does not matter to a snapshot's bytes")
  func orderDoesNotMatter() throws {
    let models = try AccessModels.shipped()
    let both = try ["rudderstack", "segment"].map { try #require(models[$0]) }
    for seed in UInt64(1)...60 {
      var worlds = WorldGenerator(seed: seed)
      let document = worlds.document(model: both[Int(seed % 2)])
      var shuffled = document
      var random = SeededRandom(seed: seed)
      shuffled.workspaces = random.shuffled(shuffled.workspaces)
      shuffled.groups = random.shuffled(shuffled.groups)
      shuffled.organization.members = random.shuffled(shuffled.organization.members)
      shuffled.serviceTokens = random.shuffled(shuffled.serviceTokens)
      shuffled.personalTokens = random.shuffled(shuffled.personalTokens)
      for index in shuffled.workspaces.indices {
        shuffled.workspaces[index].resources = random.shuffled(shuffled.workspaces[index].resources)
        shuffled.workspaces[index].members = random.shuffled(shuffled.workspaces[index].members)
        shuffled.workspaces[index].groupPolicies = random.shuffled(
          shuffled.workspaces[index].groupPolicies)
        shuffled.workspaces[index].roles = random.shuffled(shuffled.workspaces[index].roles)
      }
      let first = try SnapshotCompiler.compile(document)
      #expect(try SnapshotCompiler.compile(shuffled) == first, "seed \(seed)")
      #expect(try SnapshotCompiler.compile(document) == first)
    }
  }

  @Test("members with equal rights share a class: rights don't grow with members")
  func classesAreShared() throws {
    let model = try #require(try AccessModels.shipped()["rudderstack"])
    func classBytes(_ members: Int) throws -> Int {
      let profile = OrganizationProfile(
        memberCount: members, resourceCount: 200, workspaceCount: 2, groupCount: 4,
        groupsPerMember: 1, ownPolicyPercent: 0)
      let bytes = try SnapshotCompiler.compile(profile.document(model: model))
      return try bytes.withByteView { try SnapshotView(validating: $0).section(.classes).count }
    }
    #expect(try classBytes(2_000) == classBytes(500))
  }

  @Test("a generated organization compiles to a valid snapshot, the same for the same seed")
  func profiles() throws {
    let model = try #require(try AccessModels.shipped()["rudderstack"])
    let profile = try #require(OrganizationProfile.named("small"))
    let first = try SnapshotCompiler.compile(profile.document(model: model))
    #expect(try SnapshotCompiler.compile(profile.document(model: model)) == first)
    first.withByteView { bytes in
      #expect(throws: Never.self) { try SnapshotView(validating: bytes) }
    }
  }
}
