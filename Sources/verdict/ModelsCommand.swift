internal import ArgumentParser
internal import VerdictModel
internal import VerdictPolicy

struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "List, show and check access models.",
    discussion: """
      An access model is a file that says what a product's permissions are and what each of its \
      actions requires; policy documents name one. docs/models.md describes the files.
      """,
    subcommands: [List.self, Show.self, Check.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the models that documents may name.")

    @OptionGroup var models: ModelOption

    @Flag(help: "Print one line of JSON.")
    var json = false

    func run() throws {
      let models = try models.load().models
      if json {
        let list = models.map { JSONValue.object([.init("id", $0.id)] + $0.counts) }
        return try StandardStream.output.write(line: JSONValue.list(list).line)
      }
      for model in models { try StandardStream.output.write(line: model.summary) }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show a model: its permissions, and what each action requires.",
      discussion: """
        With --json it is printed as a model file, shorthands written out: a model of its own can \
        begin with it.
        """)

    @Argument(help: ArgumentHelp("The model's name, as `models list` gives it.", valueName: "name"))
    var name: String

    @OptionGroup var models: ModelOption

    @Flag(help: "Print one line of JSON, which is a model file.")
    var json = false

    func run() throws {
      let models = try models.load()
      guard let model = models[name] else {
        let known = models.models.map { "`\($0.id)`" }.joined(separator: ", ")
        throw CommandFailure(
          "no access model `\(TerminalText.escaped(name))`, known: \(known); "
            + "name a directory with others: --models DIR")
      }
      if json { return try StandardStream.output.write(line: model.json.line) }
      for line in ModelText(model).lines {
        try StandardStream.output.write(line: TerminalText.escaped(line))
      }
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check model files: exit status 0 if all are right, 1 if not.",
      discussion: "Every error is one line of standard error: FILE:LINE:COLUMN: error: ...")

    @Argument(help: ArgumentHelp("Model files, YAML or JSON.", valueName: "file"))
    var files: [String]

    func run() throws {
      var failures: [String] = []
      for path in files {
        let model: AccessModel
        do throws(PolicyError) {
          model = try AccessModels.model(file: path)
        } catch {
          failures += CommandFailure(error).lines
          continue
        }
        try StandardStream.output.write(
          line: "\(TerminalText.escaped(path)): right, \(model.summary)")
      }
      if !failures.isEmpty { throw CommandFailure(lines: failures) }
    }
  }
}

extension ModelOption {
  /// The models that documents may name.
  func load() throws(CommandFailure) -> AccessModels {
    do throws(PolicyError) {
      return try AccessModels(option: models)
    } catch {
      throw CommandFailure(error)
    }
  }
}

extension AccessModel {
  /// How many there are of everything, for `models list`.
  fileprivate var counts: [JSONValue.Member] {
    func number(_ name: String, _ count: Int) -> JSONValue.Member {
      .init(name, .number(Int64(count)))
    }
    return [
      .init("display", display), .init("access", access.rawValue),
      number("types", resourceTypes.count), number("permissions", permissions.count),
      number("actions", actions.count), number("roles", roles.count),
      .init("plans", .list(plans.map { .text($0.name) })),
    ]
  }

  fileprivate var summary: String {
    let plans = plans.map(\.name).joined(separator: ", ")
    let roles = access == .roles ? "\(roles.count) roles, " : ""
    return "\(id): \(resourceTypes.count) types, \(permissions.count) permissions, "
      + "\(actions.count) actions, \(roles)plans \(plans)"
  }
}
