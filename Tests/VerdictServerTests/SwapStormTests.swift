import Synchronization
import Testing
import VerdictClient
import VerdictControl
import VerdictHTTP2
import VerdictModel
import VerdictRPC
import VerdictSystem
import VerdictTestKit

@testable import VerdictServer

/// The product's own services on real loops while sets come and go as fast as they can. Under the
/// thread sanitizer this is the proof that nobody reads what was given back.
@Suite("a storm of swaps", .serialized)
struct SwapStormTests {
  private static let callerCount = 3
  private static let seconds: UInt64 = 1

  /// In odd generations mia may edit D1, in even ones nobody but admins may.
  private static func sets() throws -> [[OrganizationSnapshot]] {
    try ["all", "[]"].map { scope in
      [
        OrganizationSnapshot(
          bytes: try SnapshotProbe.snapshot(
            of: """
              apiVersion: verdict/v1
              model: rudderstack
              organization: {id: acme, plan: enterprise, owner: olga, members: [mia]}
              workspaces:
                prod:
                  members: [mia]
                  resources: {destination: [D1]}
                  policies: {members: {mia: {resources: {destination: {edit: \(scope)}}}}}
              """), compilerVersion: ProductVersion.text)
      ]
    }
  }

  @Test("every answer is that of the set whose generation it names")
  func answersOfOneSet() throws {
    let path = "/tmp/verdict-storm-\(SystemRandom.word()).sock"
    let configuration = ServerConfiguration(
      listeners: [ListenerSettings(.unix(path: path))], loopCount: 2)
    let activation = Activation(publication: Publication(slotCount: configuration.slotCount))
    let sets = try Self.sets()
    var set = try LoadedSet(compiled: sets[0], after: nil, createdSeconds: 1)
    activation.activate(set)
    let state = ServiceState(
      version: ProductVersion.text, streamCountMax: configuration.session.streamCountMax)
    let server = try Server(configuration, publication: activation.publication) { _ in
      Services(state)
    }
    defer {
      server.stopNow()
      server.waitUntilStopped()
    }
    let stopped = Atomic<Bool>(false)
    let findings = Mutex<[String]>([])
    let answerCounts = Mutex<[UInt64]>([])
    let address = server.addresses[0].description
    let callers = try (0..<Self.callerCount).map { index in
      try Thread(name: "storm-\(index)") {
        let outcome = Self.call(address, until: stopped)
        findings.withLock { $0 += outcome.findings }
        answerCounts.withLock { $0.append(outcome.generationCount) }
      }
    }
    let end = SystemClock.monotonicNanoseconds() + Self.seconds * 1_000_000_000
    var swapCount: UInt64 = 1
    while SystemClock.monotonicNanoseconds() < end {
      let next = sets[Int(swapCount & 1)]
      set = try LoadedSet(compiled: next, after: set, createdSeconds: 1)
      activation.activate(set)
      swapCount += 1
    }
    stopped.store(true, ordering: .sequentiallyConsistent)
    for caller in callers { caller.join() }
    #expect(findings.withLock { $0 } == [])
    #expect(swapCount > 20, "\(swapCount) swaps")
    #expect(answerCounts.withLock { $0.allSatisfy { $0 > 5 } }, "\(answerCounts.withLock { $0 })")
  }

  /// Asks again and again. What was wrong, and how many generations answered.
  private static func call(
    _ address: String, until stopped: borrowing Atomic<Bool>
  ) -> (findings: [String], generationCount: UInt64) {
    var last: UInt64 = 0
    var generationCount: UInt64 = 0
    do {
      let client = try Connection(address)
      let check = Check(
        principal: "mia", workspace: "prod", action: "edit", resource: "destination/D1")
      let call = AuthorizeCall(organization: "acme", checks: [check], wantsMessages: false)
      guard let message = call.encoded() else { return (["the call is too large"], 0) }
      while !stopped.load(ordering: .relaxed) {
        let bytes = try client.call(
          path: Method.authorize.path, message: message, timeoutNanoseconds: 10_000_000_000)
        let reply = try AuthorizeReply(decoding: bytes, checkCount: 1)
        let generation = reply.origin.generation
        let expected: Effect = generation & 1 == 1 ? .allow : .deny
        if reply.answers[0].effect != expected {
          return (["generation \(generation): \(reply.answers[0])"], generationCount)
        }
        if generation < last { return (["\(generation) after \(last)"], generationCount) }
        if generation > last { generationCount += 1 }
        last = generation
      }
    } catch {
      return (["\(error)"], generationCount)
    }
    return ([], generationCount)
  }
}
