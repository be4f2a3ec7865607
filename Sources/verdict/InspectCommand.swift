internal import ArgumentParser
internal import VerdictModel

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show what is in a snapshot file, after validating it.",
    discussion: """
      `digest` is the SHA-256 of the file, by which control directories and answers name it; \
      `content digest` is the one inside the file. Secrets are counted, never shown.
      """)

  @Argument(help: ArgumentHelp("The snapshot file.", valueName: "file"))
  var file: String

  @Flag(help: "Print one line of JSON.")
  var json = false

  func run() throws {
    let summary = SnapshotSummary(try SnapshotFile(path: file))
    try StandardStream.output.write(line: json ? summary.json.line : summary.text)
  }
}
