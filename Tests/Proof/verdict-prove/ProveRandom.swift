import ArgumentParser
import VerdictModel
import VerdictPolicy
import VerdictTestKit

/// Random worlds: world number N of seed S is world 0 of seed S + N.
struct ProveRandom: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "random", abstract: "Random worlds of every model and plan.")

  @Option(help: "The first world's seed.")
  var seed: UInt64 = 1

  @Option(help: "How many checks in all.")
  var checks = 2_000_000

  @Option(help: "How many checks are asked of each world.")
  var perWorld = 2_000

  @Option(help: "A directory of access models instead of those that ship.")
  var models: String?

  @Option(help: "How many threads.")
  var threads = 1

  @Option(help: "How many disagreements are told with the smallest documents that show them.")
  var tell = 3

  mutating func validate() throws {
    guard checks > 0, perWorld > 0, threads > 0 else {
      throw ValidationError("checks, checks per world and threads are positive numbers")
    }
  }

  func run() throws {
    let worldCount = UInt64((checks + perWorld - 1) / perWorld)
    let (seed, perWorld, threads, directory) = (seed, perWorld, threads, models)
    print("random worlds: seeds \(seed) to \(seed + worldCount - 1), \(perWorld) checks each")
    try Proof.run(threads: threads, telling: tell, models: directory) { thread, agreement in
      // Each thread has models of its own, so that they don't share reference counts.
      let models = try Proof.models(directory).models
      for world in stride(from: UInt64(thread), to: worldCount, by: threads) {
        try agreement.compare(seed: seed + world, models: models, checkCount: perWorld)
      }
    }
  }
}
