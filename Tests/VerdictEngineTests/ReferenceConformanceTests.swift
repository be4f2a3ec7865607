import Testing
import VerdictModel
import VerdictPolicy
import VerdictTestKit

/// The corpus of `Tests/Conformance`: answers that were worked out by hand, row by row.
@Suite("interpreter and engine answer the conformance corpus")
struct ReferenceConformanceTests {
  /// Where the corpus lies, seen from this file.
  static let directory: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    return parts.dropLast(2).joined(separator: "/") + "/Conformance"
  }()

  static func documents(of scenario: Scenario) throws -> [PolicyDocument] {
    let models = try AccessModels.shipped()
    return try scenario.documents.map {
      try PolicyDocument.parse(bytes: $0.text, path: $0.path, models: models).document
    }
  }

  @Test("every row of every scenario has the answer that stands beside it")
  func corpus() throws {
    for scenario in try ScenarioCorpus.load(directory: Self.directory) {
      let interpreter = ReferenceInterpreter(documents: try Self.documents(of: scenario))
      for row in scenario.rows {
        let answer = interpreter.decide(ReferenceCheck(row.check))
        #expect(
          answer == row.expected,
          "\(scenario.path):\(row.line): \(scenario.rule): \(ReferenceCheck(row.check))")
      }
    }
  }

  @Test("the engine gives the same answers")
  func engine() throws {
    for scenario in try ScenarioCorpus.load(directory: Self.directory) {
      let world = try CompiledWorld(try Self.documents(of: scenario))
      for row in scenario.rows {
        #expect(
          world.decide(ReferenceCheck(row.check)) == row.expected,
          "\(scenario.path):\(row.line): \(scenario.rule): \(ReferenceCheck(row.check))")
      }
    }
  }

  @Test("the corpus has at least 250 rows, and every reason of a decision is in it")
  func coverage() throws {
    var reasons: Set<Reason> = []
    var count = 0
    for scenario in try ScenarioCorpus.load(directory: Self.directory) {
      count += scenario.rows.count
      reasons.formUnion(scenario.rows.map(\.expected.reason))
    }
    #expect(count >= 250)
    // 40 to 59 are gateways' and 80 upwards the server's own.
    for reason in Reason.allCases where reason.rawValue < 40 || (60..<80).contains(reason.rawValue)
    {
      #expect(reasons.contains(reason), "no row expects \(reason.name)")
    }
  }
}
