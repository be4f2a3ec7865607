import ArgumentParser
import VerdictCompiler
import VerdictEngine
import VerdictModel
import VerdictPolicy
import VerdictSnapshot
import VerdictSystem
import VerdictTestKit

/// In-process measurements: one line each, `name value unit`.
///
/// Every measurement adds up what it decided and prints the sum, so that the work can't be
/// optimised away and a change of the work shows.
@main
struct Bench: ParsableCommand {
  @Option(help: "Documents: a file or a directory.")
  var policy: String?

  @Option(help: "A generated organization instead: small, large, hundred-thousand, million.")
  var profile: String?

  @Option(help: "How many checks are decided in all.")
  var count = 2_000_000

  @Option(help: "How many different checks there are.")
  var different = 20_000

  @Option(help: "What to measure: `all`, or the name of one measurement (for counting).")
  var only = "all"

  func run() throws {
    guard let model = try AccessModels.shipped()["rudderstack"] else {
      throw ValidationError("the model `rudderstack` is missing")
    }
    if only == "routes" || only == "bodies" {
      try GatewayBench(count: count, report: report).run(only)
      return
    }
    let documents: [PolicyDocument]
    if let profile {
      guard let shape = OrganizationProfile.named(profile) else {
        throw ValidationError("unknown profile `\(profile)`")
      }
      documents = [measure("generate") { shape.document(model: model) }]
    } else {
      let path = policy ?? "examples/acme"
      documents = try PolicySet.load(paths: [path], models: AccessModels.shipped()).documents
    }
    for document in documents {
      let name = document.symbols.text(document.organization.id.symbol)
      try run(document, profile ?? name)
    }
    if only == "all", profile == nil {
      for one in ["routes", "bodies"] { try GatewayBench(count: count, report: report).run(one) }
    }
  }

  private func run(_ document: PolicyDocument, _ name: String) throws {
    let snapshot = try measure("compile.\(name)") { try SnapshotCompiler.compile(document) }
    let members = document.organization.members.count
    let resources = document.workspaces.reduce(0) { $0 + $1.resources.count }
    report("size.\(name)", Double(snapshot.count), "bytes")
    // Where a server has it: in memory of its own.
    let memory = try SealedMemory(copying: snapshot, name: name)
    try withExtendedLifetime(memory) {
      // SAFETY: the memory lives as long as this closure runs.
      let bytes = unsafe ByteView(memory.bytes)
      let view = try measure("validate.\(name)") { try SnapshotView(validating: bytes) }
      // Without the sections about where rights come from, which no decision reads.
      let entryCount = Double(members + resources)
      report("size.\(name).entry", Double(view.decisionByteCount) / entryCount, "bytes")
      let rest = Double(snapshot.count - view.decisionByteCount)
      report("size.\(name).sources.entry", rest / entryCount, "bytes")
      var questions = Questions(document, seed: 7)
      decide(questions.make(different), view, name)
      let edits = questions.make(different, actions: ["edit"]).plain(in: view)
      let editRounds = checkCount(different) / different
      if only == "all" || only == "edit" {
        time("decide.\(name).edit", checkCount(different)) {
          edits.decideResolved(view, editRounds)
        }
      }
      // What is in that beside the decision, for counting.
      if only == "lookups" {
        time("lookups", checkCount(different)) { edits.lookUp(view, editRounds) }
      }
      if only == "walk" {
        time("walk", checkCount(different)) { edits.passOver(view, editRounds) }
      }
      if only == "all" || only == "hot" {
        // Ids that are asked for again and again, so few that all they need is in cache.
        for few in Bench.hotCounts {
          let hot = questions.make(few)
          time("decide.\(name).hot.\(few)", checkCount(few)) {
            hot.decideResolved(view, checkCount(few) / few)
          }
        }
      }
      if only == "all" || only == "principal" {
        let batches = questions.make(different, run: 1_000).batches(onePrincipal: true)
        time("decide.\(name).principal", checkCount(different)) {
          BenchBatch.decide(batches, view, checkCount(different) / different)
        }
      }
    }
  }

  private func decide(_ set: QuestionSet, _ view: SnapshotView, _ name: String) {
    let rounds = checkCount(set.count) / set.count
    if only == "all" || only == "text" {
      time("decide.\(name).text", rounds * set.count) { set.decideTexts(view, rounds) }
    }
    if only == "all" || only == "ids" {
      time("decide.\(name).ids", rounds * set.count) { set.decideIDs(view, rounds) }
    }
    if only == "all" || only == "resolved" {
      time("decide.\(name).resolved", rounds * set.count) { set.decideResolved(view, rounds) }
    }
    if only == "all" || only == "columns" {
      let batches = set.batches(onePrincipal: false)
      time("decide.\(name).columns", rounds * set.count) {
        BenchBatch.decide(batches, view, rounds)
      }
    }
  }

  private static let hotCounts = [20, 50, 100]

  /// Checks in all, in whole rounds.
  private func checkCount(_ different: Int) -> Int { max(1, count / different) * different }

  private func time(_ name: String, _ checks: Int, _ body: () -> UInt64) {
    var best = Double.infinity
    var sum: UInt64 = 0
    for _ in 0..<(only == "all" ? 5 : 1) {
      let clock = ContinuousClock()
      let elapsed = clock.measure { sum = body() }
      best = min(best, elapsed / .nanoseconds(1))
    }
    report(name, best / Double(checks), "ns/check (sum \(sum))")
  }

  private func measure<R>(_ name: String, _ body: () throws -> R) rethrows -> R {
    var result: R?
    let elapsed = try ContinuousClock().measure { result = try body() }
    report(name, elapsed / .milliseconds(1), "ms")
    guard let result else { preconditionFailure("the body ran") }
    return result
  }

  private func report(_ name: String, _ value: Double, _ unit: String) {
    let rounded = (value * 100).rounded() / 100
    print(name, rounded, unit)
  }
}
