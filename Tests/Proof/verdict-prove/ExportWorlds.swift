import ArgumentParser
import VerdictModel
import VerdictPolicy
import VerdictTestKit

/// Random worlds with checks and the engine's effects, one JSON object a line, for an oracle
/// outside.
struct ExportWorlds: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write random worlds, checks and the engine's effects as JSON."
  )

  @Option(help: "The first world's seed.")
  var seed: UInt64 = 1

  @Option(help: "How many worlds.")
  var worlds = 10

  @Option(help: "How many well-shaped checks of each world.")
  var perWorld = 200

  func run() throws {
    let models = try AccessModels.shipped().models
    for number in 0..<UInt64(worlds) {
      print(try WorldExport.line(seed: seed + number, models: models, checkCount: perWorld))
    }
  }
}
