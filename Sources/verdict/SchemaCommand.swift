internal import ArgumentParser
internal import VerdictModel
internal import VerdictPolicy

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the JSON Schema of policy documents.",
    discussion: """
      Editors complete and check documents by it; docs/policy.schema.json is the one of the models \
      that ship. It says what may stand where. That names resolve, and what the plans allow, \
      only `compile` can tell.
      """)

  @Option(help: ArgumentHelp("For documents of one model alone.", valueName: "name"))
  var model: String?

  @OptionGroup var models: ModelOption

  func run() throws {
    let models = try models.load()
    guard let model else {
      return try StandardStream.output.write(PolicySchema(models.models).json.paragraph)
    }
    guard let one = models[model] else {
      let known = models.models.map { "`\($0.id)`" }.joined(separator: ", ")
      throw CommandFailure(
        "no access model `\(TerminalText.escaped(model))`, known: \(known); "
          + "name a directory with others: --models DIR")
    }
    try StandardStream.output.write(PolicySchema([one]).json.paragraph)
  }
}
