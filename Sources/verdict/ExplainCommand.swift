internal import ArgumentParser
internal import VerdictModel

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Tell why somebody may or may not do something.",
    discussion: """
      Asks the same question as `check` and tells what the action takes, which of it the principal \
      has and where from, what an allow rests on, and the smallest grants that would turn a denial \
      into an allow.

      A server is asked through its inspection service, which is on for Unix sockets unless it was \
      turned off (`verdict serve --help`).

      Exit status as of `check`: 0 allow, 2 deny, 3 indeterminate, 64 wrong usage, 1 anything else.
      """)

  @OptionGroup(title: "Policies") var origin: CheckOrigin
  @OptionGroup(title: "The check") var flags: CheckFlags

  @Flag(help: "Print one line of JSON.")
  var json = false

  func validate() throws {
    try origin.requireOne()
    if flags.principal == nil {
      throw ValidationError("Missing --principal; a check says who asks.")
    }
    if flags.action == nil {
      throw ValidationError("Missing --action; a check says what is asked for.")
    }
  }

  func run() throws {
    let check = flags.check
    let explanation = try origin.inspectionSource().explain(check)
    if json {
      try StandardStream.output.write(line: explanation.json.line)
    } else {
      try StandardStream.output.write(
        lines: ExplanationText(check: check, explanation: explanation).lines)
    }
    let status = ExitStatus(explanation.answer.effect)
    if status != .success { status.exit() }
  }
}

extension CheckFlags {
  /// The check, with empty texts for a principal or an action that isn't given.
  var check: Check {
    Check(
      organization: organization, principal: principal ?? "", workspace: workspace,
      action: action ?? "", resource: resource, target: target)
  }
}

extension StandardStream {
  /// Writes lines with whatever could disturb a terminal escaped.
  func write(lines: [String]) throws(CommandFailure) {
    let text = lines.map { TerminalText.escaped($0) + "\n" }.joined()
    try write(Array(text.utf8))
  }
}
