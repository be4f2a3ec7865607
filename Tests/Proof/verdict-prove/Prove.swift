import ArgumentParser

/// Holds the engine to the reference interpreter, far beyond what fits into a unit test.
@main
struct Prove: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verdict-prove",
    abstract: "Compare engine and reference interpreter: effect, reason, permission, operand.",
    subcommands: [ProveRandom.self, ProveExhaustive.self, ExportWorlds.self])
}
