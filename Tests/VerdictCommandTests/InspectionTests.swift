import Testing
import VerdictModel
import VerdictPolicy
import VerdictServer
import VerdictSystem
import VerdictTestKit

@testable import verdict

@Suite("inspections")
struct InspectionTests {
  @Test(
    "documents, snapshot, control directory and server explain and list the same",
    arguments: UInt64(1)...4)
  func agreement(seed: UInt64) throws {
    let models = try AccessModels.shipped()
    let model = try #require(models[seed % 2 == 0 ? "segment" : "rudderstack"])
    var worlds = WorldGenerator(seed: seed)
    let document = worlds.document(model: model)
    let sources = try FourSources([document])
    var generator = CheckGenerator(documents: [document], seed: seed)
    var asked = 0
    while asked < 120 {
      guard let check = Check(generator.next()) else { continue }
      asked += 1
      let lines = try sources.inspections.map { try Self.lines($0.source, check) }
      for (index, other) in lines.enumerated() where other != lines[0] {
        Issue.record("seed \(seed), \(sources.inspections[index].name): \(check)")
      }
      let answer = try sources.sources[0].source.answer([check])[0]
      #expect(try sources.inspections[0].source.explain(check).answer == answer)
    }
  }

  /// Everything that can be asked about a check.
  private static func lines(
    _ source: any InspectionSource, _ check: Check
  ) throws -> [String] {
    var type = check
    type.resource = check.resource.map { String($0.prefix { $0 != "/" }) }
    let explanation = try source.explain(check)
    let policy = try source.effectivePolicy(
      of: check.principal, in: check.workspace, organization: check.organization)
    return [
      explanation.json.line, policy.json.line,
      try source.listResources(type, pageToken: "").json.line,
      try source.listPrincipals(check, pageToken: "").json.line,
    ] + ExplanationText(check: check, explanation: explanation).lines
      + EffectiveText(principal: check.principal, policy: policy).lines
  }

  @Test("a TCP port serves no inspections unless it was told to")
  func refusal() throws {
    var worlds = WorldGenerator(seed: 3)
    let model = try #require(try AccessModels.shipped()["rudderstack"])
    let sources = try FourSources([worlds.document(model: model)])
    let check = Check(principal: "x", action: "view")
    let tcp = try ServerInspection(sources.server.addresses[0])
    let failure = #expect(throws: CommandFailure.self) { try tcp.explain(check) }
    #expect(failure?.lines.first?.contains("UNIMPLEMENTED") == true)
  }

  // MARK: The worked example

  private static func example() throws -> LocalSnapshots {
    try LocalSnapshots.documents(paths: ["examples/acme/acme.yaml"], models: nil)
  }

  private static func text(
    _ action: String, _ resource: String? = nil, target: String? = nil
  ) throws -> [String] {
    let check = Check(
      principal: "mia", workspace: "prod", action: action, resource: resource, target: target)
    return ExplanationText(check: check, explanation: try example().explain(check)).lines
  }

  @Test("a denial of the worked example reads so")
  func denial() throws {
    #expect(
      try Self.text("connect", "event_stream_source/S3", target: "destination/D1") == [
        "DENIED (resource_not_in_scope)",
        "user mia: connect event_stream_source/S3 with destination/D1 in workspace prod", "",
        "The caller is told: You don't have Edit permission for event stream source S3.", "",
        "This takes all of:",
        "  [no]  Edit on event stream source S3: they have it on others, but not on this one",
        "  [yes] Connect on event stream source S3, from the workspace's baseline",
        "  [yes] Edit on destination D1, from the workspace's baseline",
        "  [yes] Connect on destination D1, from the workspace's baseline", "",
        "To allow it, grant at least:", "  - Edit on event stream source S3",
        "  in their own policy, in that of a group of theirs, or in the workspace's baseline.",
        "", "Their access to the workspace comes from being a member of the workspace.",
      ])
  }

  @Test("an allow of the worked example reads so")
  func allow() throws {
    #expect(
      try Self.text("edit", "destination/D1") == [
        "ALLOWED (granted)", "user mia: edit destination/D1 in workspace prod", "",
        "The caller is told: Your policies grant this.", "", "This takes:",
        "  [yes] Edit on destination D1, from the workspace's baseline", "",
        "The allow rests on the workspace's baseline and being a member of the workspace.",
      ])
  }

  @Test("an effective policy of the worked example reads so")
  func effective() throws {
    let policy = try Self.example().effectivePolicy(of: "mia", in: "prod", organization: nil)
    #expect(
      EffectiveText(principal: "mia", policy: policy).lines == [
        "user mia, a member of the organization, in workspace prod:",
        "Access: being a member of the workspace.", "With access alone: view.", "Grants:",
        "  Edit on event stream sources (S1 and S2), from the workspace's baseline",
        "  Connect on all event stream sources, from the workspace's baseline",
        "  Event Stream Source Live Events on event stream sources (S1), from the workspace's "
          + "baseline",
        "  Edit on destinations (D1 and D2), from the workspace's baseline",
        "  Connect on all destinations, from the workspace's baseline",
      ])
  }
}
