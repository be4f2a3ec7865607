import Testing
import VerdictModel
import VerdictPolicy
import VerdictSnapshot
import VerdictTestKit

/// `verdict diff` against decisions: whoever is not named decides as before.
@Suite("differences and decisions")
struct DifferenceAgreementTests {
  /// Takes something away from an organization, or gives somebody another rank.
  static func change(_ document: inout PolicyDocument, _ random: inout SeededRandom) {
    guard !document.workspaces.isEmpty else { return }
    let place = random.below(document.workspaces.count)
    switch random.below(6) {
    case 0: document.workspaces[place].baseline = nil
    case 1: _ = document.workspaces[place].memberPolicies.popLast()
    case 2: _ = document.workspaces[place].roles.popLast()
    case 3:
      for index in document.workspaces[place].groupPolicies.indices {
        _ = document.workspaces[place].groupPolicies[index].policy.grants.popLast()
      }
    case 4:
      if let admin = document.organization.admins.popLast(), document.model.access == .policies {
        document.organization.members.append(admin)
      }
    default:
      for index in document.groups.indices { _ = document.groups[index].members.popLast() }
    }
  }

  @Test("a decision that comes out otherwise is of a principal that the difference names")
  func named() throws {
    let models = try AccessModels.shipped().models
    var otherwise = 0
    var unchanged = 0
    for seed in UInt64(1)...250 {
      var worlds = WorldGenerator(seed: seed)
      let old = worlds.document(model: models[Int(seed) % 2])
      var new = old
      Self.change(&new, &worlds.random)
      let sides = (old: try CompiledWorld([old]), new: try CompiledWorld([new]))
      let difference = SnapshotDifference(from: sides.old.view(0), to: sides.new.view(0))
      #expect(difference.facts == [] && difference.resources == [], "seed \(seed)")
      let names = Set(difference.principals.map(\.name))
      var checks = CheckGenerator(documents: [old], seed: seed)
      for _ in 0..<200 {
        let check = checks.next()
        if sides.old.decide(check).effect == sides.new.decide(check).effect {
          unchanged += 1
          continue
        }
        otherwise += 1
        let text = String(decoding: check.principal, as: UTF8.self)
        let isToken = text.hasPrefix("service_token:") || text.hasPrefix("personal_token:")
        let name = isToken || text.hasPrefix("user:") ? text : "user:\(text)"
        #expect(names.contains(name), "seed \(seed): \(check)")
      }
    }
    #expect(otherwise > 100 && unchanged > 1_000, "\(otherwise) and \(unchanged)")
  }
}
