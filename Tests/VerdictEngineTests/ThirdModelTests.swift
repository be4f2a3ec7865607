import Testing
import VerdictModel
import VerdictPolicy
import VerdictSystem
import VerdictTestKit

/// `Tests/Library`: a product of three types and three permissions, which is a file and no code.
@Suite("a new product is only a file")
struct ThirdModelTests {
  static let directory: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    return parts.dropLast(2).joined(separator: "/") + "/Library"
  }()

  let models: AccessModels
  let scenario: Scenario
  let documents: [PolicyDocument]

  init() throws {
    let models = try AccessModels(directory: Self.directory + "/models")
    let path = Self.directory + "/museum.test.yaml"
    scenario = try Scenario(path: path, text: try File.read(path, byteCountMax: 1 << 20)) {
      try File.read("\(Self.directory)/\($0)", byteCountMax: 1 << 20)
    }
    documents = try scenario.documents.map {
      try PolicyDocument.parse(bytes: $0.text, path: $0.path, models: models).document
    }
    self.models = models
  }

  @Test("interpreter and engine give the answers that were worked out by hand")
  func answers() throws {
    let interpreter = ReferenceInterpreter(documents: documents)
    let engine = try CompiledWorld(documents)
    #expect(scenario.rows.count >= 40)
    for row in scenario.rows {
      let check = ReferenceCheck(row.check)
      #expect(interpreter.decide(check) == row.expected, "line \(row.line): \(check)")
      #expect(engine.decide(check) == row.expected, "line \(row.line): \(check)")
    }
  }

  @Test("the engine answers as the interpreter in random worlds of it")
  func randomWorlds() throws {
    let library = try #require(models["library"])
    var agreement = Agreement()
    for seed in UInt64(1)...200 {
      try agreement.compare(seed: seed, models: [library], checkCount: 200)
    }
    #expect(agreement.disagreements.isEmpty)
    for effect in Effect.allCases {
      let share = Double(agreement.counts[effect] ?? 0) / Double(agreement.checkCount)
      #expect(share > 0.1, "\(effect) is \(share) of the checks")
    }
  }
}
