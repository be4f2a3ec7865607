import Testing
import VerdictModel
import VerdictPolicy
import VerdictTestKit

/// The algebra of domain.md section 1, asked of the reference interpreter itself: an oracle that
/// breaks its own laws would prove nothing.
@Suite("the reference interpreter keeps the laws of the decision model")
struct ReferencePropertyTests {
  static let seeds = (0..<24).map { UInt64(1_000 + $0) }
  static let checkCount = 200

  /// Calls `body` with checks and their answers of a random world of `model`.
  static func forEachCheck(
    of documents: [PolicyDocument], seed: UInt64, _ body: (ReferenceCheck, ReferenceAnswer) -> Void
  ) {
    let interpreter = ReferenceInterpreter(documents: documents)
    var checks = CheckGenerator(documents: documents, seed: seed)
    for _ in 0..<checkCount {
      let check = checks.next()
      body(check, interpreter.decide(check))
    }
  }

  @Test("adding a grant never turns an allow into anything else", arguments: seeds)
  func monotone(seed: UInt64) {
    var worlds = WorldGenerator(seed: seed)
    let before = worlds.document(model: ReferenceModel.rudderstack)
    var after = before
    after.addGrants(using: &worlds.random)
    let interpreter = ReferenceInterpreter(documents: [after])
    Self.forEachCheck(of: [before], seed: seed) { check, answer in
      guard answer.effect == .allow else { return }
      #expect(interpreter.decide(check).effect == .allow, "seed \(seed): \(check)")
    }
  }

  @Test("the order of members, groups, policies and grants never matters", arguments: seeds)
  func commutative(seed: UInt64) {
    var worlds = WorldGenerator(seed: seed)
    for model in [ReferenceModel.rudderstack, ReferenceModel.segment] {
      let document = worlds.document(model: model)
      let interpreter = ReferenceInterpreter(
        documents: [document.reordered(using: &worlds.random)])
      Self.forEachCheck(of: [document], seed: seed) { check, answer in
        #expect(interpreter.decide(check) == answer, "seed \(seed): \(check)")
      }
    }
  }

  @Test("saying the same grant twice changes nothing", arguments: seeds)
  func idempotent(seed: UInt64) {
    var worlds = WorldGenerator(seed: seed)
    let document = worlds.document(model: ReferenceModel.rudderstack)
    let interpreter = ReferenceInterpreter(documents: [document.withEveryGrantTwice()])
    Self.forEachCheck(of: [document], seed: seed) { check, answer in
      #expect(interpreter.decide(check) == answer, "seed \(seed): \(check)")
    }
  }

  @Test("what one contributing policy grants, all of them together grant", arguments: seeds)
  func superset(seed: UInt64) {
    var worlds = WorldGenerator(seed: seed)
    let document = worlds.document(model: ReferenceModel.rudderstack)
    let whole = ReferenceInterpreter(documents: [document])
    for part in document.parts {
      Self.forEachCheck(of: [part], seed: seed) { check, answer in
        guard answer.effect == .allow else { return }
        #expect(whole.decide(check).effect == .allow, "seed \(seed): \(check)")
      }
    }
  }

  @Test("a personal token never exceeds its user", arguments: seeds)
  func personalTokens(seed: UInt64) {
    var worlds = WorldGenerator(seed: seed)
    let document = worlds.document(model: ReferenceModel.rudderstack)
    let interpreter = ReferenceInterpreter(documents: [document])
    var owners: [[UInt8]: (user: [UInt8], workspace: [UInt8])] = [:]
    for token in document.personalTokens {
      owners[Array("personal_token:".utf8) + document.bytes(token.id)] = (
        Array("user:".utf8) + document.bytes(token.user), document.bytes(token.workspace)
      )
    }
    Self.forEachCheck(of: [document], seed: seed) { check, answer in
      guard answer.effect == .allow, let owner = owners[check.principal] else { return }
      var asUser = check
      asUser.principal = owner.user
      asUser.workspace = owner.workspace
      #expect(interpreter.decide(asUser).effect == .allow, "seed \(seed): \(check)")
    }
  }

  @Test("nothing in one workspace influences a decision in another", arguments: seeds)
  func isolation(seed: UInt64) {
    var worlds = WorldGenerator(seed: seed)
    let document = worlds.document(model: ReferenceModel.rudderstack)
    for index in document.workspaces.indices {
      var changed = document
      let place = document.bytes(document.workspaces[index].id)
      changed.emptyWorkspace(index)
      let interpreter = ReferenceInterpreter(documents: [changed])
      Self.forEachCheck(of: [document], seed: seed) { check, answer in
        guard let workspace = check.workspace, !workspace.isEmpty, workspace != place else {
          return
        }
        #expect(interpreter.decide(check) == answer, "seed \(seed): \(check)")
      }
    }
  }

  @Test("connect has the same effect from either end", arguments: seeds)
  func symmetric(seed: UInt64) {
    var worlds = WorldGenerator(seed: seed)
    for model in [ReferenceModel.rudderstack, ReferenceModel.segment] {
      let documents = [worlds.document(model: model)]
      let interpreter = ReferenceInterpreter(documents: documents)
      Self.forEachCheck(of: documents, seed: seed) { check, answer in
        // `user:ID` has a meaning as a target only.
        let namesUser = check.target?.starts(with: "user:".utf8) ?? false
        guard check.action == Array("connect".utf8), !namesUser else { return }
        var turned = check
        (turned.resource, turned.target) = (check.target, check.resource)
        #expect(interpreter.decide(turned).effect == answer.effect, "seed \(seed): \(check)")
      }
    }
  }

  @Test("random checks are of all three effects, and of every reason of a decision")
  func distribution() {
    var effects: [Effect: Int] = [:]
    var reasons: [Reason: Int] = [:]
    var total = 0
    for seed in 0..<300 as Range<UInt64> {
      var worlds = WorldGenerator(seed: seed)
      let documents = worlds.documents(
        models: [ReferenceModel.rudderstack, ReferenceModel.segment])
      Self.forEachCheck(of: documents, seed: seed) { _, answer in
        effects[answer.effect, default: 0] += 1
        reasons[answer.reason, default: 0] += 1
        total += 1
      }
    }
    for effect in Effect.allCases {
      let percent = effects[effect, default: 0] * 100 / total
      #expect(percent >= 10, "\(effect.name) is \(percent)% of \(total) checks")
    }
    let gateways: [Reason] = [
      .noRoute, .badRequest, .unidentified, .ambiguousIdentity, .ambiguousResource,
    ]
    for reason in Reason.allCases where reason.rawValue < 80 && !gateways.contains(reason) {
      #expect(reasons[reason, default: 0] >= 20, "\(reason.name) is rare: \(reasons)")
    }
  }
}
