import ArgumentParser
import VerdictModel
import VerdictPolicy
import VerdictTestKit

/// Small worlds that hold every way of granting what an action reads.
struct ProveExhaustive: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exhaustive",
    abstract: "Every action, every form of scope in two policies, every principal and resource.")

  @Flag(help: "Every pair of policies, baseline, type of target and action: some fifty million.")
  var full = false

  @Option(help: "A directory of access models instead of those that ship.")
  var models: String?

  @Option(help: "How many threads.")
  var threads = 1

  @Option(help: "How many disagreements are told with the smallest documents that show them.")
  var tell = 3

  mutating func validate() throws {
    guard threads > 0 else { throw ValidationError("threads are a positive number") }
  }

  func run() throws {
    let (depth, threads) = (full ? ExhaustiveWorld.Depth.full : .brief, threads)
    let directory = models
    print("exhaustive worlds: \(full ? "full" : "brief")")
    try Proof.run(threads: threads, telling: tell, models: directory) { thread, agreement in
      var number = 0
      for model in try Proof.models(directory).models {
        for unknown in [PolicyDocument.UnknownResources.future, .deny] {
          try ExhaustiveWorld.forEach(model: model, depth: depth, unknown: unknown) { world in
            defer { number += 1 }
            if number % threads == thread { try agreement.compare(world) }
          }
        }
      }
    }
  }
}
