import Testing
import VerdictEngine
import VerdictModel
import VerdictPolicy
import VerdictTestKit

@Suite("Batches in columns")
struct ColumnBatchTests {
  @Test("a batch decides each check as if it had been asked alone, in random worlds")
  func sameAsAlone() throws {
    let shipped = try AccessModels.shipped()
    let models = try ["rudderstack", "segment"].map { try #require(shipped[$0]) }
    var compared = 0
    var batch = ColumnBatch()
    for seed in UInt64(1)...60 {
      var worlds = WorldGenerator(seed: seed)
      let documents = [worlds.document(model: models[Int(seed % 2)])]
      let world = try CompiledWorld(documents)
      var checks = CheckGenerator(documents: documents, seed: seed)
      let asked = (0..<150).map { _ in checks.next() }
      for (check, together) in zip(asked, world.decideInColumns(asked, with: &batch)) {
        guard let together else { continue }
        #expect(together == world.decide(check), "seed \(seed): \(check)")
        compared += 1
      }
    }
    #expect(compared > 5_000)
  }
}
