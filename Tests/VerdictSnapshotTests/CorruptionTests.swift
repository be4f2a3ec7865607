import Testing
import VerdictCompiler
import VerdictEngine
import VerdictModel
import VerdictPolicy
import VerdictTestKit

@testable import VerdictSnapshot

@Suite("Damaged snapshots")
struct CorruptionTests {
  /// A small organization with something in every section.
  static func snapshot() throws -> [UInt8] {
    let models = try AccessModels.shipped()
    let text = """
      apiVersion: verdict/v1
      model: rudderstack
      organization:
        {id: acme, plan: enterprise, owner: olga, admins: [adam], members: [mia, max], \
      unknown_resources: future}
      groups: {engineers: {members: [mia], workspaces: [prod, dev]}}
      workspaces:
        prod:
          members: [mia, max]
          resources:
            event_stream_source: [S1, {id: S2, name: "iOS"}]
            destination: [D1, {id: a-destination-with-an-id-of-more-than-fifty-six-bytes-in-all}]
            transformation: [{id: T1, connected_to: [D1]}]
            tracking_plan: [TP1]
            data_catalog: [{id: order, tracking_plans: [TP1]}]
          connections: [{id: C1, source: event_stream_source/S1, destination: destination/D1}]
          policies:
            baseline: {resources: {event_stream_source: {edit: [S1], connect: all}}}
            groups: {engineers: {resources: {data_catalog: {edit: all}}, switches: [bot_management]}}
            members: {max: {pii: {destination_live_events: {ids: [D1], include_future: true}}}}
        dev: {members: [max], resources: {destination: [D9]}}
      tokens:
        service:
          - {id: ci, workspace: prod, secret_sha256: "\(String(repeating: "ab", count: 32))",
             policy: {resources: {destination: {edit: all}}}}
          - {id: scim, kind: organization}
        personal:
          - {id: laptop, user: mia, workspace: prod, scope: read_only}
      """
    let parsed = try PolicyDocument.parse(
      bytes: Array(text.utf8), path: "acme.yaml", models: models)
    return try SnapshotCompiler.compile(parsed.document)
  }

  static let checks: [(principal: String, workspace: String, action: String, resource: String)] = [
    ("mia", "prod", "edit", "event_stream_source/S1"), ("max", "prod", "edit", "destination/D1"),
    ("mia", "dev", "edit", "data_catalog/order"), ("mia", "prod", "edit", "data_catalog/order"),
    ("max", "prod", "destination_live_events", "destination/new"), ("adam", "prod", "view", ""),
    ("service_token:ci", "", "edit", "destination/D1"), ("olga", "prod", "members.invite", ""),
    ("service_token:scim", "", "audit_logs.read", ""), ("mia", "prod", "bot_management", ""),
    ("personal_token:laptop", "", "delete", "event_stream_source/S2"),
    ("mia", "prod", "create", "destination"), ("nobody", "nowhere", "no.action", "no_type/x"),
    (
      "mia", "prod", "edit",
      "destination/a-destination-with-an-id-of-more-than-fifty-six-bytes-in-all"
    ),
  ]

  /// Asks everything of a view: whatever the bytes say, each question has an answer.
  static func ask(_ view: SnapshotView) -> Int {
    var answered = 0
    let writer = AnswerWriter(view: view)
    for check in checks {
      for target in ["", "destination/D1", "event_stream_source/S1", "user:mia"] {
        [check.principal, check.workspace, check.action, check.resource, target]
          .map { Array($0.utf8) }.withViews { views in
            let question = Question(
              principal: views[0], workspace: views[1], action: views[2], resource: views[3],
              target: views[4])
            let decision = Engine.decide(question, in: view)
            if !writer.answer(decision, question).message.isEmpty { answered += 1 }
          }
      }
    }
    return answered
  }

  /// The same of the sections about sources, with one of the checks.
  static func inspect(_ view: SnapshotView, check number: Int) {
    let check = checks[number % checks.count]
    let type = check.resource.prefix { $0 != "/" }
    [check.principal, check.workspace, check.action, check.resource, String(type), ""]
      .map { Array($0.utf8) }.withViews { views in
        var question = Question(
          principal: views[0], workspace: views[1], action: views[2], resource: views[3],
          target: views[5])
        _ = Engine.explain(question, in: view)
        _ = Engine.effectivePolicy(of: question.principal, in: question.workspace, view)
        _ = try? Engine.listPrincipals(question, PageRequest(), in: view)
        question.resource = views[4]
        _ = try? Engine.listResources(question, PageRequest(), in: view)
      }
  }

  static func isRefused(_ bytes: [UInt8]) -> Bool {
    bytes.withByteView { (try? SnapshotView(validating: $0)) == nil }
  }

  @Test("every byte of a snapshot is guarded: flipped, it is refused")
  func everyByteFlipped() throws {
    var bytes = try CorruptionTests.snapshot()
    for index in bytes.indices {
      bytes[index] ^= 0x41
      #expect(CorruptionTests.isRefused(bytes))
      bytes[index] ^= 0x41
    }
  }

  @Test(
    "a flipped byte under a digest made right again crashes nothing", arguments: [1, 0x80, 0xff])
  func everyByteFlippedUnderARightDigest(flip: Int) throws {
    let original = try CorruptionTests.snapshot()
    var refused = 0
    var answered = 0
    for index in SnapshotFormat.digestedOffset..<original.count {
      var bytes = original
      bytes[index] ^= UInt8(flip)
      SnapshotWriter.seal(&bytes)
      bytes.withByteView { view in
        if let snapshot = try? SnapshotView(validating: view) {
          answered += CorruptionTests.ask(snapshot)
          CorruptionTests.inspect(snapshot, check: index)
        } else {
          refused += 1
        }
      }
    }
    #expect(refused > 1_000)
    #expect(answered > 1_000)
  }

  @Test("a snapshot cut at any length is refused, digest right or not")
  func everyLength() throws {
    let original = try CorruptionTests.snapshot()
    for length in 0..<original.count {
      var bytes = Array(original[..<length])
      #expect(CorruptionTests.isRefused(bytes))
      guard length >= SnapshotFormat.headerByteCount else { continue }
      bytes.store(UInt64(length), at: 48)
      SnapshotWriter.seal(&bytes)
      #expect(CorruptionTests.isRefused(bytes))
    }
  }

  @Test("random words in random places under a right digest crash nothing")
  func randomWords() throws {
    let original = try CorruptionTests.snapshot()
    var random = SeededRandom(seed: 11)
    for round in 0..<4_000 {
      var bytes = original
      for _ in 0...random.below(3) {
        let place = 40 + random.below(original.count - 48)
        bytes.store(
          random.pick([0, 1, 2, 0xffff_ffff, 0x8000_0000, UInt32(random.below(1 << 20))]),
          at: place)
      }
      SnapshotWriter.seal(&bytes)
      bytes.withByteView { view in
        guard let snapshot = try? SnapshotView(validating: view) else { return }
        _ = CorruptionTests.ask(snapshot)
        CorruptionTests.inspect(snapshot, check: round)
      }
    }
  }
}

extension Array where Element == [UInt8] {
  /// Calls `body` with a view of each; the views may not escape.
  func withViews(_ body: ([ByteView]) -> Void) {
    let block = flatMap { $0 }
    block.withByteView { block in
      var offset = 0
      body(
        map { part in
          defer { offset += part.count }
          return block[offset..<offset + part.count]
        })
    }
  }
}
