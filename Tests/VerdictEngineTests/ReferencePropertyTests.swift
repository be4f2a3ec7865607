import Testing
import VerdictModel
import VerdictPolicy
import VerdictTestKit

/// The algebra of domain.md section 1, asked of the engine and of the reference interpreter itself:
/// an oracle that breaks its own laws would prove nothing.
@Suite("engine and reference interpreter keep the laws of the decision model")
struct ReferencePropertyTests {
  static let seeds = (0..<24).map { UInt64(1_000 + $0) }
  static let checkCount = 200
  static let models = [ReferenceModel.rudderstack, ReferenceModel.segment]

  /// Who decides; a law holds for each by itself.
  enum Decider: CaseIterable {
    case interpreter
    case engine

    func over(_ document: PolicyDocument) throws -> (ReferenceCheck) -> ReferenceAnswer {
      switch self {
      case .interpreter:
        let interpreter = ReferenceInterpreter(documents: [document])
        return { interpreter.decide($0) }
      case .engine:
        let world = try CompiledWorld([document])
        return { world.decide($0) }
      }
    }
  }

  /// Calls `body` with random worlds, one of each model, for each decider.
  static func forEachWorld(
    seed: UInt64, _ body: (Decider, PolicyDocument, inout SeededRandom) throws -> Void
  ) rethrows {
    for model in models {
      var worlds = WorldGenerator(seed: seed)
      let document = worlds.document(model: model)
      for decider in Decider.allCases {
        var random = worlds.random
        try body(decider, document, &random)
      }
    }
  }

  /// Calls `body` with random checks in a document and their answers.
  static func forEachCheck(
    of document: PolicyDocument, by decider: Decider, seed: UInt64,
    _ body: (ReferenceCheck, ReferenceAnswer) throws -> Void
  ) throws {
    let decide = try decider.over(document)
    var checks = CheckGenerator(documents: [document], seed: seed)
    for _ in 0..<checkCount {
      let check = checks.next()
      try body(check, decide(check))
    }
  }

  @Test("adding a grant never turns an allow into anything else", arguments: seeds)
  func monotone(seed: UInt64) throws {
    try Self.forEachWorld(seed: seed) { decider, before, random in
      var after = before
      after.addGrants(using: &random)
      let decide = try decider.over(after)
      try Self.forEachCheck(of: before, by: decider, seed: seed) { check, answer in
        guard answer.effect == .allow else { return }
        #expect(decide(check).effect == .allow, "seed \(seed): \(check)")
      }
    }
  }

  @Test("the order of members, groups, policies, roles and grants never matters", arguments: seeds)
  func commutative(seed: UInt64) throws {
    try Self.forEachWorld(seed: seed) { decider, document, random in
      let decide = try decider.over(document.reordered(using: &random))
      try Self.forEachCheck(of: document, by: decider, seed: seed) { check, answer in
        #expect(decide(check) == answer, "seed \(seed): \(check)")
      }
    }
  }

  @Test("saying the same grant twice changes nothing", arguments: seeds)
  func idempotent(seed: UInt64) throws {
    try Self.forEachWorld(seed: seed) { decider, document, _ in
      let decide = try decider.over(document.withEveryGrantTwice())
      try Self.forEachCheck(of: document, by: decider, seed: seed) { check, answer in
        #expect(decide(check) == answer, "seed \(seed): \(check)")
      }
    }
  }

  @Test("what one contributing policy or role grants, all of them together grant", arguments: seeds)
  func superset(seed: UInt64) throws {
    try Self.forEachWorld(seed: seed) { decider, document, _ in
      let whole = try decider.over(document)
      for part in document.parts {
        try Self.forEachCheck(of: part, by: decider, seed: seed) { check, answer in
          guard answer.effect == .allow else { return }
          #expect(whole(check).effect == .allow, "seed \(seed): \(check)")
        }
      }
    }
  }

  @Test(
    "a personal token never exceeds its user, and a narrower scope never a wider one",
    arguments: seeds)
  func personalTokens(seed: UInt64) throws {
    try Self.forEachWorld(seed: seed) { decider, document, _ in
      let decide = try decider.over(document)
      var widened = document
      for index in widened.personalTokens.indices { widened.personalTokens[index].scope = .admin }
      let decideWidened = try decider.over(widened)
      var owners: [[UInt8]: (user: [UInt8], workspace: [UInt8])] = [:]
      for token in document.personalTokens {
        owners[Array("personal_token:".utf8) + document.bytes(token.id)] = (
          Array("user:".utf8) + document.bytes(token.user), document.bytes(token.workspace)
        )
      }
      try Self.forEachCheck(of: document, by: decider, seed: seed) { check, answer in
        guard answer.effect == .allow, let owner = owners[check.principal] else { return }
        var asUser = check
        asUser.principal = owner.user
        asUser.workspace = owner.workspace
        #expect(decide(asUser).effect == .allow, "seed \(seed): \(check)")
        #expect(decideWidened(check).effect == .allow, "seed \(seed): \(check)")
      }
    }
  }

  @Test(
    "a workspace token may do what a member with its policy may, and nothing more",
    arguments: seeds)
  func workspaceTokens(seed: UInt64) throws {
    try Self.forEachWorld(seed: seed) { decider, document, _ in
      let (grown, members) = document.withMembersLikeTokens
      let decide = try decider.over(grown)
      try Self.forEachCheck(of: document, by: decider, seed: seed) { check, answer in
        guard let member = members[check.principal], answer.reason != .tokenKind,
          let workspace = check.workspace, !workspace.isEmpty
        else { return }
        var asMember = check
        asMember.principal = member
        #expect(decide(asMember) == answer, "seed \(seed): \(check)")
      }
    }
  }

  @Test("nothing in one workspace influences a decision in another", arguments: seeds)
  func isolation(seed: UInt64) throws {
    try Self.forEachWorld(seed: seed) { decider, document, _ in
      for index in document.workspaces.indices {
        var changed = document
        let place = document.bytes(document.workspaces[index].id)
        changed.emptyWorkspace(index)
        let decide = try decider.over(changed)
        try Self.forEachCheck(of: document, by: decider, seed: seed) { check, answer in
          guard let workspace = check.workspace, !workspace.isEmpty, workspace != place else {
            return
          }
          #expect(decide(check) == answer, "seed \(seed): \(check)")
        }
      }
    }
  }

  @Test("connect has the same effect from either end", arguments: seeds)
  func symmetric(seed: UInt64) throws {
    try Self.forEachWorld(seed: seed) { decider, document, _ in
      let decide = try decider.over(document)
      try Self.forEachCheck(of: document, by: decider, seed: seed) { check, answer in
        // `user:ID` has a meaning as a target only.
        let namesUser = check.target?.starts(with: "user:".utf8) ?? false
        guard check.action == Array("connect".utf8), !namesUser else { return }
        var turned = check
        (turned.resource, turned.target) = (check.target, check.resource)
        #expect(decide(turned).effect == answer.effect, "seed \(seed): \(check)")
      }
    }
  }

  @Test("random checks are of all three effects, and of every reason of a decision")
  func distribution() {
    var effects: [Effect: Int] = [:]
    var reasons: [Reason: Int] = [:]
    var total = 0
    for seed in 0..<450 as Range<UInt64> {
      var worlds = WorldGenerator(seed: seed)
      let documents = worlds.documents(
        models: [ReferenceModel.rudderstack, ReferenceModel.segment])
      let interpreter = ReferenceInterpreter(documents: documents)
      var checks = CheckGenerator(documents: documents, seed: seed)
      for _ in 0..<Self.checkCount {
        let answer = interpreter.decide(checks.next())
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
