import Testing
import VerdictModel
import VerdictPolicy
import VerdictTestKit

@Suite("The engine and the contract")
struct AgreementTests {
  @Test("the engine answers as the reference interpreter in random worlds")
  func randomWorlds() throws {
    let models = try AccessModels.shipped()
    let both = try ["rudderstack", "segment"].map { try #require(models[$0]) }
    var agreement = Agreement()
    for seed in UInt64(1)...200 {
      try agreement.compare(seed: seed, models: both, checkCount: 200)
    }
    #expect(agreement.disagreements.map(\.description) == [])
    for effect in Effect.allCases {
      let share = Double(agreement.counts[effect] ?? 0) / Double(agreement.checkCount)
      #expect(share > 0.1, "\(effect) is \(share) of the checks")
    }
  }
}
