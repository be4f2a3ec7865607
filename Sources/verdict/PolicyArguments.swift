internal import ArgumentParser

/// What `compile` and `publish` read.
struct PolicyArguments: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Policy documents: files, or directories with *.yaml, *.yml and *.json files below them.",
      valueName: "policy"))
  var policies: [String]

  @OptionGroup var models: ModelOption

  func compiled() throws(CommandFailure) -> CompiledDocuments {
    try CompiledDocuments.tellingWarnings(paths: policies, models: models.models)
  }
}

struct ModelOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A directory of access models to use instead of those that ship.", valueName: "dir"))
  var models: String?
}
