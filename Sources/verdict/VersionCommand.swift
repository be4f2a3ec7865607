internal import ArgumentParser
internal import VerdictModel

struct VersionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Print the version.")

  func run() throws {
    try StandardStream.output.write(line: "verdict \(ProductVersion.text)")
  }
}
