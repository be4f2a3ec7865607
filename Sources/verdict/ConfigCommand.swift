internal import ArgumentParser
internal import VerdictSettings

struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Check and show the settings of `serve`.",
    subcommands: [Check.self, Print.self, Reference.self])

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say whether `serve` would start with these flags, environment and file.",
      discussion: "Exits with 64 where it would not, and names everything that is wrong.")

    @OptionGroup var arguments: SettingsArguments

    func run() throws {
      _ = try arguments.resolvedOrFail()
      try StandardStream.output.write(Array("the settings are right\n".utf8))
    }
  }

  struct Print: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print every setting with where it came from.",
      discussion: "What is printed is a file of settings that gives the same. It holds no secret.")

    @OptionGroup var arguments: SettingsArguments

    func run() throws {
      try StandardStream.output.write(Array(try arguments.resolvedOrFail().text.utf8))
    }
  }

  struct Reference: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the reference page of all settings, docs/configuration.md.")

    func run() throws {
      try StandardStream.output.write(Array(SettingsPage.text.utf8))
    }
  }
}
