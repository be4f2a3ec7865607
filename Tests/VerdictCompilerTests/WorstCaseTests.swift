import Testing
import VerdictModel
import VerdictPolicy
import VerdictSnapshot

@testable import VerdictCompiler

@Suite("The worst case: everybody with a union of his own")
struct WorstCaseTests {
  /// Every subset of ten groups has one member, and every group lists resources of its own.
  static func document() throws -> PolicyDocument {
    let groups = 0..<10
    let members = 0..<(1 << groups.count)
    func list(_ items: [String]) -> String { "[" + items.joined(separator: ", ") + "]" }
    var lines = [
      "apiVersion: verdict/v1", "model: rudderstack", "organization:", "  id: worst",
      "  plan: enterprise", "  owner: o", "  members: " + list(members.map { "m\($0)" }), "groups:",
    ]
    for group in groups {
      let inside = members.filter { $0 >> group & 1 == 1 }.map { "m\($0)" }
      lines.append("  g\(group): {members: \(list(inside)), workspaces: [w]}")
    }
    lines += ["workspaces:", "  w:", "    members: [m0]", "    resources:"]
    lines.append("      destination: " + list((0..<100).map { "D\($0)" }))
    lines += ["    policies:", "      groups:"]
    for group in groups {
      let ids = list((0..<10).map { "D\($0 * 10 + group)" })
      lines.append("        g\(group): {resources: {destination: {edit: \(ids)}}}")
    }
    let text = lines.joined(separator: "\n") + "\n"
    return try PolicyDocument.parse(
      bytes: Array(text.utf8), path: "worst.yaml", models: try AccessModels.shipped()
    ).document
  }

  @Test("has a class for each, and every class its own scope")
  func classes() throws {
    let bytes = try SnapshotCompiler.compile(try WorstCaseTests.document())
    try bytes.withByteView {
      let view = try SnapshotView(validating: $0)
      #expect(view.classes(of: 0).count == 1 << 10)
    }
  }

  @Test("ends in an error that says what to do, when it takes more memory than it may")
  func limit() throws {
    let document = try WorstCaseTests.document()
    let error = #expect(throws: CompileError.self) {
      try SnapshotCompiler.compile(document, rightsByteCountMax: 64 << 10)
    }
    let text = try #require(error).description
    #expect(text.hasPrefix("worst.yaml: the "))
    #expect(text.hasSuffix("let more members be in the same groups, or list fewer ids"))
  }
}
