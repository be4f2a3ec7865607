import Testing
import VerdictModel
import VerdictPolicy
import VerdictTestKit

/// Generated worlds as documents: what is printed is read back as the same organization.
@Suite("generated worlds survive being printed and parsed")
struct ReferenceRoundTripTests {
  static func parsed(_ document: PolicyDocument, _ models: AccessModels) throws -> PolicyDocument {
    let text = YAMLWriter.text(of: document)
    return try PolicyDocument.parse(
      bytes: Array(text.utf8), path: "world.yaml", models: models
    ).document
  }

  @Test("a world is read back equal, and answers as before", arguments: 0..<150 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    let models = try AccessModels.shipped()
    var worlds = WorldGenerator(seed: seed)
    for document in worlds.documents(models: models.models) {
      let parsed = try Self.parsed(document, models)
      // Parsing leaves out what has no effect and writes connections as links; from there on
      // nothing changes any more.
      let text = YAMLWriter.text(of: parsed)
      let again = YAMLWriter.text(of: try Self.parsed(parsed, models))
      let isStable = text.utf8.elementsEqual(again.utf8)
      #expect(isStable, "seed \(seed)")

      let before = ReferenceInterpreter(documents: [document])
      let after = ReferenceInterpreter(documents: [parsed])
      var checks = CheckGenerator(documents: [document], seed: seed)
      for _ in 0..<100 {
        let check = checks.next()
        #expect(after.decide(check) == before.decide(check), "seed \(seed): \(check)")
      }
    }
  }
}
