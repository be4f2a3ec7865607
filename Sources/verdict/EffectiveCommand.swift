internal import ArgumentParser
internal import VerdictModel

struct EffectiveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "effective", abstract: "Tell what somebody may do in a workspace.",
    discussion: """
      The union of everything that applies: for each permission and type what it covers and which \
      policies it comes from. Lists of ids are cut after \(Limits.scopeIDCountMax) in JSON and \
      after a few in text; `list resources` gives all.

      Exit status: 0 where the principal has access to the workspace, 2 where not, 3 where the \
      question can't be answered, 64 wrong usage, 1 anything else.
      """)

  @OptionGroup(title: "Policies") var origin: CheckOrigin

  @Option(help: "The organization; may be left out where there is only one.")
  var organization: String?

  @Option(help: "Who: user:ID, service_token:ID or personal_token:ID; without a prefix a user.")
  var principal: String

  @Option(help: "Where; may be left out for tokens, which have a workspace of their own.")
  var workspace: String?

  @Flag(help: "Print one line of JSON.")
  var json = false

  func validate() throws { try origin.requireOne() }

  func run() throws {
    let policy = try origin.inspectionSource().effectivePolicy(
      of: principal, in: workspace, organization: organization)
    if json {
      try StandardStream.output.write(line: policy.json.line)
    } else {
      try StandardStream.output.write(
        lines: EffectiveText(principal: principal, policy: policy).lines)
    }
    if let refusal = policy.refusal { ExitStatus(refusal.effect).exit() }
  }
}
