import Testing
import VerdictControl
import VerdictGateway
import VerdictHTTP2
import VerdictModel
import VerdictRPC
import VerdictSystem
import VerdictTestKit

@testable import VerdictServer

@Suite("The shadow's parts")
struct ShadowTests {
  /// Adds a message of `count` bytes that all tell its number.
  private func add(_ number: Int, count: Int, to queue: ShadowQueue) {
    [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: count).withByteView {
      queue.add(method: 1, $0, identity: IdentitySources(word: UInt64(number)))
    }
  }

  @Test("what is added comes out whole and in order, many times around the ring")
  func order() {
    let queue = ShadowQueue()
    var random = SystemRandomNumberGenerator()
    var added = 0
    var taken = 0
    var counts: [Int] = []
    while added < 20_000 {
      for _ in 0..<Int.random(in: 1...40, using: &random) {
        let count = Int.random(in: 0...9_000, using: &random)
        let before = queue.overflowCount
        add(added, count: count, to: queue)
        #expect(queue.overflowCount == before)
        counts.append(count)
        added += 1
      }
      while queue.take({ method, message, identity in
        #expect(method == 1 && message.count == counts[taken])
        #expect(identity.word == UInt64(taken))
        for index in stride(from: 0, to: message.count, by: 97) {
          #expect(message[index] == UInt8(truncatingIfNeeded: taken))
        }
        taken += 1
      }) {}
    }
    #expect(taken == added)
  }

  @Test("what has no room is counted, and nothing else is lost")
  func overflow() {
    let queue = ShadowQueue()
    for number in 0..<100 { add(number, count: 100_000, to: queue) }
    let kept = ShadowQueue.byteCount / 100_016
    #expect(queue.overflowCount == UInt64(100 - kept))
    var taken = 0
    while queue.take({ _, message, _ in
      #expect(message[0] == UInt8(taken))
      taken += 1
    }) {}
    #expect(taken == kept)
    add(7, count: ShadowQueue.byteCount, to: queue)
    #expect(queue.overflowCount == UInt64(100 - kept + 1))
    // There is room again.
    add(8, count: 5, to: queue)
    var count = 0
    let isThere = queue.take { _, message, _ in count = message.count }
    #expect(isThere && count == 5)
  }

  @Test("two threads share a queue")
  func threads() throws {
    let queue = ShadowQueue()
    let total = 200_000
    let writer = try Thread(name: "writer") {
      for number in 0..<total {
        let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 16 + number % 300)
        bytes.withByteView { queue.add(method: 2, $0) }
      }
    }
    var seen = 0
    let end = SystemClock.monotonicNanoseconds() + 60_000_000_000
    while seen + Int(queue.overflowCount) < total, SystemClock.monotonicNanoseconds() < end {
      _ = queue.take { method, message, _ in
        #expect(method == 2)
        #expect(message.count >= 16 && message[0] == message[message.count - 1])
        seen += 1
      }
    }
    writer.join()
    while queue.take({ _, _, _ in seen += 1 }) {}
    #expect(seen + Int(queue.overflowCount) == total && seen > 0)
  }

  @Test("a tap is due as often as its share says, by any seed", arguments: [1, 2, 3] as [UInt64])
  func share(seed: UInt64) {
    for (perMillion, expected) in [(1_000_000, 100_000), (10_000, 1_000), (500_000, 50_000)] {
      var tap = ShadowTap(perMillion: UInt32(perMillion), seed: seed, ShadowQueue())
      var count = 0
      for _ in 0..<100_000 { count += tap.isDue() ? 1 : 0 }
      #expect(abs(count - expected) <= expected / 8)
      if perMillion == 1_000_000 { #expect(count == expected) }
    }
    var off = ShadowTap()
    var count = 0
    for _ in 0..<1_000 { count += off.isDue() ? 1 : 0 }
    #expect(count == 0)
  }

  @Test("tables hold so many rows and count the rest; effects are not crowded out by reasons")
  func tally() {
    var tally = ShadowTally()
    func check(_ number: Int) -> ShadowCheck {
      ShadowCheck(
        organization: Array("acme".utf8), principal: Array("user:p\(number)".utf8),
        action: Array("a\(number)".utf8))
    }
    for number in 0..<5_000 { tally.add(.missingPermission, .resourceNotInScope) { check(number) } }
    for number in 0..<5_000 { tally.add(.granted, .missingPermission) { check(number) } }
    for _ in 0..<9 { tally.add(.granted, .missingPermission) { check(5) } }
    for _ in 0..<100 { tally.add(.granted, .granted) { preconditionFailure("not asked for") } }
    let report = tally.report(rowCountMax: .max)
    #expect(report.checkCount == 10_109)
    #expect(report.reasonChangeCount + report.effectChangeCount == 10_009)
    #expect(report.changes.count == 2 * ShadowTally.changeCountMax)
    #expect(report.principals.count == ShadowTally.principalCountMax)
    #expect(report.checks.count == ShadowTally.effectCountMax + ShadowTally.reasonCountMax)
    #expect(report.checks[0].check.principal == "user:p5" && report.checks[0].count == 10)
    #expect(report.checks[..<ShadowTally.effectCountMax].allSatisfy { $0.live == .granted })
    #expect(report.unlistedCheckCount == UInt64(10_009 - 9 - report.checks.count))
  }

  @Test("a long text of a request is cut")
  func longText() {
    let text = [UInt8](repeating: 65, count: 60_000)
    #expect(text.withByteView { ShadowCheck.copy($0).count } == ShadowTally.textByteCountMax)
  }
}

@Suite("What the shadow tells")
struct ShadowReportTests {
  /// Denies everything that is asked below, or allows it.
  private static func document(_ grant: String) -> String {
    """
    apiVersion: verdict/v1
    model: rudderstack
    organization: {id: acme, plan: enterprise, owner: olga}
    workspaces: {prod: {resources: {destination: [D1]}}}
    tokens:
      service:
        - {id: ci, workspace: prod, policy: {resources: {destination: {\(grant)}}}}

    """
  }

  private static func served(_ document: String) throws -> ServedSet {
    let snapshot = OrganizationSnapshot(
      bytes: try SnapshotProbe.snapshot(of: document), compilerVersion: "1")
    return Activation(publication: Publication(slotCount: 0)).served(
      try LoadedSet(compiled: [snapshot], after: nil, createdSeconds: 1_700_000_000))
  }

  @Test("nothing of a comparison gets into the next one's report")
  func next() throws {
    let live = try Self.served(Self.document("edit: all"))
    let other = try Self.served(Self.document("connect: all"))
    let shadow = try Shadow(
      perMillion: 1_000_000, identity: IdentityConfiguration(), board: PolicyBoard())
    let tap = shadow.tap()
    let call = AuthorizeCall(
      organization: "acme",
      checks: Array(
        repeating: Check(
          principal: "service_token:ci", action: "edit", resource: "destination/D1"), count: 500),
      wantsMessages: false)
    let message = try #require(call.encoded())
    shadow.follow(live: live)
    try shadow.start()
    var differences: UInt64 = 0
    for _ in 0..<15 {
      shadow.follow(staged: other)
      for _ in 0..<60 {
        message.withByteView { tap.add(method: Method.authorize.rawValue, $0, .answered(.ok)) }
      }
      let end = SystemClock.monotonicNanoseconds() + 5_000_000_000
      while shadow.report(rowCountMax: 0).effectChangeCount == 0,
        SystemClock.monotonicNanoseconds() < end
      { SystemClock.sleep(nanoseconds: 50_000) }
      differences += shadow.report(rowCountMax: 0).effectChangeCount
      // Decides everything as the live one does.
      shadow.follow(staged: live)
      message.withByteView { tap.add(method: Method.authorize.rawValue, $0, .answered(.ok)) }
      while shadow.report(rowCountMax: 0).checkCount == 0, SystemClock.monotonicNanoseconds() < end
      { SystemClock.sleep(nanoseconds: 50_000) }
      #expect(shadow.report(rowCountMax: 0).effectChangeCount == 0)
    }
    #expect(differences > 0)
    shadow.stop()
  }
}
