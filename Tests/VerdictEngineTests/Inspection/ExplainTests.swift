import Testing
import VerdictEngine
import VerdictModel
import VerdictPolicy
import VerdictTestKit

@Suite("Explanations")
struct ExplainTests {
  static let checkCount = 60

  /// Calls `body` with checks in random worlds of both models.
  static func forEachCheck(
    seeds: ClosedRange<UInt64>, _ body: (ExplainedWorld, ReferenceCheck) throws -> Void
  ) throws {
    let models = try ExplainedWorld.models()
    for seed in seeds {
      let world = try ExplainedWorld(seed: seed, model: models[Int(seed % 2)])
      var checks = CheckGenerator(documents: [world.document], seed: seed)
      for _ in 0..<checkCount {
        let check = checks.next()
        // Which organization is meant is decided before its snapshot is asked.
        if world.reference.decide(check).reason == .unknownOrganization { continue }
        try body(world, check)
      }
    }
  }

  @Test("an explanation has the decision that a check gets, and its terms agree with it")
  func sameDecision() throws {
    try ExplainTests.forEachCheck(seeds: 1...200) { world, check in
      let explanation = world.explain(check)
      let expected = world.reference.decide(check)
      let place = "seed \(world.seed): \(check)"
      #expect(explanation.answer.reason == expected.reason, "\(place)")
      #expect(explanation.answer.permission == expected.permission, "\(place)")
      #expect(
        explanation.answer.operand.map { Array($0.utf8) } == expected.operand, "\(place)")
      let holds = explanation.alternatives.contains(where: \.holds)
      switch expected.reason {
      case .granted, .viewFloor, .tokenScope:
        #expect(holds || explanation.alternatives.isEmpty, "\(place)")
        if expected.reason != .tokenScope { #expect(!explanation.alternatives.isEmpty) }
      case .missingPermission, .resourceNotInScope:
        #expect(!holds && !explanation.alternatives.isEmpty, "\(place)")
        let first = explanation.alternatives[0].terms.first { !$0.holds }
        #expect(first?.permission == expected.permission, "\(place)")
      default: #expect(explanation.alternatives.isEmpty, "\(place)")
      }
    }
  }

  @Test("what an allow rests on is enough by itself, and nothing of it can be left out")
  func basisIsSmallest() throws {
    var looked = 0
    try ExplainTests.forEachCheck(seeds: 1...160) { world, check in
      let explanation = world.explain(check)
      let reasons: Set<Reason> = [.granted, .viewFloor, .planPIIOpen, .orgAdmin]
      guard reasons.contains(explanation.answer.reason), !explanation.access.isEmpty,
        let place = world.document.workspace(explanation.principal.workspace)
      else { return }
      let ranks: Set<RightSource.Kind> = [.owner, .admin]
      let basis = explanation.basis
      #expect(!basis.isEmpty, "seed \(world.seed): \(check)")
      if basis.contains(where: { ranks.contains($0.kind) }) { return }
      looked += 1
      let holder = world.holder(check, explanation.principal)
      var only = world.document
      only.keep(basis, user: holder.user, serviceToken: holder.serviceToken, in: place)
      #expect(
        ExplainedWorld.decide(check, only).effect == .allow, "seed \(world.seed): \(check) \(basis)"
      )
      let fixed: Set<RightSource.Kind> = [.plan, .tokenWorkspace]
      for index in basis.indices where !fixed.contains(basis[index].kind) {
        var fewer = basis
        fewer.remove(at: index)
        var less = world.document
        less.keep(fewer, user: holder.user, serviceToken: holder.serviceToken, in: place)
        #expect(
          ExplainedWorld.decide(check, less).effect != .allow,
          "seed \(world.seed): \(check) without \(basis[index])")
      }
    }
    #expect(looked > 500)
  }

  @Test("every source that a term names grants it by itself, with access")
  func sourcesGrant() throws {
    var looked = 0
    try ExplainTests.forEachCheck(seeds: 1...120) { world, check in
      let explanation = world.explain(check)
      // With one term and one requirement a source's grant shows as the whole decision.
      guard explanation.answer.reason == .granted, explanation.alternatives.count == 1,
        explanation.alternatives[0].terms.count == 1,
        explanation.alternatives[0].terms[0].requirements.count == 1,
        let place = world.document.workspace(explanation.principal.workspace)
      else { return }
      let holder = world.holder(check, explanation.principal)
      let named = explanation.alternatives[0].terms[0].requirements[0].sources
      for source in named {
        looked += 1
        var only = world.document
        only.keep(
          [source] + explanation.access.filter { $0.kind == .directAccess },
          user: holder.user, serviceToken: holder.serviceToken, in: place)
        // Without direct access a baseline or member policy needs some group to come in by.
        if let user = holder.user, source.kind != .group, source.kind != .role {
          only.addAccess(user: user, in: place)
        }
        #expect(
          ExplainedWorld.decide(check, only).effect == .allow,
          "seed \(world.seed): \(check) by \(source)")
      }
      // And nobody else does.
      var others = world.document
      others.keep(
        explanation.access.filter { !named.contains($0) }, user: holder.user,
        serviceToken: holder.serviceToken, in: place)
      #expect(
        ExplainedWorld.decide(check, others).effect != .allow, "seed \(world.seed): \(check)")
    }
    #expect(looked > 100)
  }

  @Test("the grants that are proposed allow what was denied, and none of them can be left out")
  func remediesHelp() throws {
    var looked = 0
    try ExplainTests.forEachCheck(seeds: 1...200) { world, check in
      let explanation = world.explain(check)
      guard explanation.answer.effect == .deny else {
        #expect(explanation.remedies.isEmpty)
        return
      }
      let place = "seed \(world.seed): \(check)"
      let isMissing = explanation.answer.permission != nil
      if explanation.remedies.isEmpty {
        let isHopeless = explanation.alternatives.allSatisfy { alternative in
          alternative.terms.contains { $0.requirements.isEmpty && !$0.holds }
        }
        #expect(!explanation.obstacle.isEmpty || isMissing && isHopeless, "\(place)")
      }
      guard let workspace = world.document.workspace(explanation.principal.workspace) else {
        return
      }
      let holder = world.holder(check, explanation.principal)
      for remedy in explanation.remedies {
        looked += 1
        #expect(!remedy.grants.isEmpty, "\(place)")
        var base = world.document
        if explanation.answer.reason == .noWorkspaceAccess, let user = holder.user {
          base.addAccess(user: user, in: workspace)
        }
        var more = base
        more.grant(
          remedy.grants, user: holder.user, serviceToken: holder.serviceToken, in: workspace)
        #expect(
          ExplainedWorld.decide(check, more).effect == .allow, "\(place) with \(remedy.grants)")
        // Roles give more than one thing, so that one of them may make another superfluous.
        if world.document.model.access == .roles { continue }
        for index in remedy.grants.indices {
          var grants = remedy.grants
          grants.remove(at: index)
          var less = base
          less.grant(grants, user: holder.user, serviceToken: holder.serviceToken, in: workspace)
          #expect(
            ExplainedWorld.decide(check, less).effect != .allow,
            "\(place) without \(remedy.grants[index])")
        }
      }
    }
    #expect(looked > 500)
  }
}
