import Glibc
import Testing
import VerdictModel
import VerdictPolicy
import VerdictSystem
import VerdictTestKit

@testable import verdict

@Suite("differences of policies")
struct DifferenceTests {
  static let base = """
    apiVersion: verdict/v1
    model: rudderstack
    organization: {id: acme, plan: enterprise, owner: olga, admins: [adam], members: [mia, max]}
    groups: {ops: {members: [max], workspaces: [prod]}}
    workspaces:
      prod:
        members: [mia]
        resources:
          destination: [D1, D2, D3]
          transformation: [{id: T1, connected_to: [D1]}]
        policies:
          baseline: {resources: {destination: {edit: [D1, D2]}}}
          groups:
            ops: {resources: {destination: {edit: {ids: [D3], include_future: true}}}}
      web: {members: [mia]}
    tokens:
      service: [{id: ci, workspace: prod, policy: {switches: [bot_management]}}]
      personal: [{id: laptop, user: mia, workspace: prod, scope: read_only}]
    """

  /// The lines of a difference after replacing texts in the document.
  static func lines(_ changes: (old: String, new: String)...) throws -> [String] {
    var changed = base
    for (old, new) in changes {
      #expect(changed.contains(old), "\(old)")
      changed = changed.replacing(old, with: new)
    }
    let report = try report(base, changed)
    #expect(report.isEmpty == report.lines.isEmpty)
    return report.lines
  }

  static func report(_ old: String, _ new: String) throws -> DifferenceReport {
    let directory = "/tmp/verdict-diff-\(SystemRandom.word())"
    try File.createDirectories(directory)
    defer {
      for name in ["old.yaml", "new.yaml"] { try? File.remove("\(directory)/\(name)") }
      _ = unsafe rmdir(directory)
    }
    try File.create("\(directory)/old.yaml", with: Array(old.utf8))
    try File.create("\(directory)/new.yaml", with: Array(new.utf8))
    return DifferenceReport(
      from: try ComparedSet(path: "\(directory)/old.yaml", models: nil),
      to: try ComparedSet(path: "\(directory)/new.yaml", models: nil))
  }

  @Test("what covers the same is no difference, however it is written")
  func none() throws {
    #expect(try Self.lines() == [])
    #expect(
      try Self.lines(
        ("members: [mia, max]", "members: [max, mia]"), ("edit: [D1, D2]", "edit: [D2, D1]")) == [])
    // A name for people gives nobody a right.
    #expect(try Self.lines(("[D1, D2, D3]", "[{id: D1, name: One}, D2, D3]")) == [])
  }

  @Test("everybody whom a policy reaches gains and loses by name")
  func scopes() throws {
    let changes = ["      + edit on destination: D3", "      - edit on destination: D1"]
    #expect(
      try Self.lines(("edit: [D1, D2]", "edit: [D2, D3]")) == [
        "organization acme", "  personal_token:laptop", "    in prod", changes[0], changes[1],
        "  service_token:ci", "    in prod", changes[0], changes[1],
        // Through the group max has D3 already.
        "  user:max", "    in prod", changes[1],
        "  user:mia", "    in prod", changes[0], changes[1],
      ])
    #expect(
      try Self.lines(("{edit: {ids: [D3], include_future: true}}", "{edit: all, connect: all}"))
        == [
          "organization acme", "  user:max", "    in prod",
          "      + edit on destination: all",
          "        keeps edit on destination: D1, D2, D3, future ones",
          "      + connect on destination: all",
        ])
    #expect(
      try Self.lines(("{ids: [D3], include_future: true}", "[D3]")) == [
        "organization acme", "  user:max", "    in prod",
        "      - edit on destination: future ones",
      ])
    #expect(
      try Self.lines(("switches: [bot_management]", "switches: [credential_store]")) == [
        "organization acme", "  service_token:ci", "    in prod", "      - bot_management",
        "      + credential_store",
      ])
  }

  @Test("a resource that becomes known is no longer a future one")
  func known() throws {
    #expect(
      try Self.lines(("[D1, D2, D3]", "[D1, D2, D3, D4]")) == [
        "organization acme", "  + resource destination/D4 in prod", "  user:max", "    in prod",
        "      - edit on destination: D4",
      ])
    #expect(
      try Self.lines(("connected_to: [D1]", "connected_to: [D2]")) == [
        "organization acme", "  resource transformation/T1",
        "    + link connected_to destination/D2", "    - link connected_to destination/D1",
      ])
  }

  @Test("ranks, access and principals that come and go")
  func standings() throws {
    #expect(
      try Self.lines(("admins: [adam], members: [mia, max]", "members: [mia, max, adam]")) == [
        "organization acme", "  user:adam (admin -> member)",
        "    in prod", "      - access", "      - everything",
        "    in web", "      - access", "      - everything",
      ])
    #expect(
      try Self.lines(("  web: {members: [mia]}", "  web: {members: [mia, max]}")) == [
        "organization acme", "  user:max", "    in web", "      + access",
      ])
    #expect(
      try Self.lines(("scope: read_only", "scope: read_write"), ("id: ci", "id: cd")) == [
        "organization acme",
        "  personal_token:laptop (personal token, read_only -> personal token, read_write)",
        "  + service_token:cd (token of a workspace)", "    in prod", "      + access",
        "      + edit on destination: D1, D2", "      + bot_management",
        "  - service_token:ci (token of a workspace)", "    in prod", "      - access",
        "      - edit on destination: D1, D2", "      - bot_management",
      ])
    let promoted = try Self.lines(
      ("admins: [adam], members: [mia, max]", "admins: [adam, max], members: [mia]"),
      ("members: [max], workspaces", "members: [], workspaces"))
    #expect(
      promoted.prefix(5) == [
        "organization acme", "  user:max (member -> admin)", "    in prod", "      + everything",
        "        keeps edit on destination: D1, D2, D3, future ones",
      ])
  }

  @Test("the organization's own facts, and organizations that come and go")
  func organizations() throws {
    #expect(
      try Self.lines(("owner: olga", "owner: olga, unknown_resources: deny")) == [
        "organization acme", "  unknown_resources: future -> deny",
      ])
    #expect(
      try Self.lines(("id: acme", "id: globex")) == [
        "- organization acme", "", "+ organization globex",
      ])
    let open = Self.base.replacing("enterprise", with: "growth").replacing(
      "baseline: {resources: {destination: {edit: [D1, D2]}}}", with: "groups: {}")
    #expect(throws: (any Error).self) { try Self.report(Self.base, open) }
  }

  /// What was and what is are decided alike wherever no difference is told.
  @Test("a world has no difference from itself, and one from another", arguments: 0..<30)
  func worlds(seed: Int) throws {
    var worlds = WorldGenerator(seed: UInt64(seed))
    let models = try AccessModels.shipped().models
    let first = worlds.document(model: models[seed % 2])
    let text = YAMLWriter.text(of: first)
    let other = YAMLWriter.text(of: worlds.document(model: models[seed % 2]))
    #expect(try Self.report(text, text).isEmpty)
    #expect(try !Self.report(text, other).isEmpty)
    // Both ways tell the same principals.
    let there = try Self.report(text, other).lines
    let back = try Self.report(other, text).lines
    #expect(there.count { $0.contains(" user:") } == back.count { $0.contains(" user:") })
  }
}
