internal import ArgumentParser
internal import VerdictControl
internal import VerdictModel

struct ShadowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shadow", abstract: "See what a staged set would answer otherwise.",
    discussion: """
      `verdict publish --staged` puts a set into the staging area; a server that runs with \
      --shadow SHARE decides that share of its live requests by it too, off the answers' path. \
      `verdict deploy` makes it the set in force.
      """,
    subcommands: [Report.self])

  struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the live checks that the staged set decides otherwise.",
      discussion: """
        By action and reason, by principal, and check by check, the most frequent first.

        Exit status, as of diff(1): 0 no effect differs, 1 some do, 64 there is nothing to compare.
        """)

    @Option(
      help: ArgumentHelp(
        "The running server: HOST:PORT or unix:PATH, where it serves inspections.",
        valueName: "address"),
      transform: ServerAddress.init)
    var server: ServerAddress

    @OptionGroup var security: ServerSecurity

    @Option(help: ArgumentHelp("At most so many rows of each list.", valueName: "n"))
    var top = 100

    @Flag(help: "Print one line of JSON.")
    var json = false

    func validate() throws {
      try security.requireMeaning(hasServer: true)
      guard (1...1_000_000).contains(top) else {
        throw ValidationError("--top is a number from 1 to 1000000.")
      }
    }

    func run() throws {
      let report: ShadowReport
      do throws(CommandFailure) {
        report = try ServerInspection(server.address, security.security).shadowReport(rows: top)
      } catch {
        throw CommandFailure(lines: error.lines, status: .usage)
      }
      if json {
        try StandardStream.output.write(line: report.json.line)
      } else {
        for line in ShadowText(report: report).lines {
          try StandardStream.output.write(line: line)
        }
      }
      if report.stagedSet == 0 { ExitStatus.usage.exit() }
      if report.effectChangeCount > 0 { ExitStatus.failure.exit() }
    }
  }
}

/// A report as lines of plain text.
struct ShadowText {
  let report: ShadowReport

  var lines: [String] {
    var lines: [String] = []
    if !report.refusal.isEmpty {
      lines.append("the newest staged set is refused: \(report.refusal)")
    }
    guard report.stagedSet > 0 else {
      return (lines + ["nothing is staged"]).map(TerminalText.escaped)
    }
    lines.append(
      "set \(report.liveSet) in force, set \(report.stagedSet) staged; \(report.sharePercent) of "
        + "requests are compared since \(ControlDirectory.time(ofSeconds: report.sinceSeconds))")
    lines.append(
      "\(report.checkCount) checks of \(report.requestCount) requests: "
        + "\(report.effectChangeCount) decided otherwise, \(report.reasonChangeCount) with another "
        + "reason")
    let missed = report.overflowCount + report.oversizedCount
    if missed > 0 { lines.append("\(missed) more requests could not be compared") }
    let changes = report.changes.map {
      "\($0.count)  \($0.action): \(Self.change($0.live, $0.staged))"
    }
    add("by action", changes, report.unlistedChangeCount, &lines)
    add(
      "by principal", report.principals.map { "\($0.count)  \($0.name) of \($0.organization)" },
      report.unlistedPrincipalCount, &lines)
    add("checks", report.checks.map(Self.line), report.unlistedCheckCount, &lines)
    return lines.map(TerminalText.escaped)
  }

  private func add(
    _ head: String, _ rows: [String], _ unlistedCount: UInt64, _ lines: inout [String]
  ) {
    if rows.isEmpty { return }
    lines.append("\(head):")
    lines += rows.map { "  \($0)" }
    if unlistedCount > 0 { lines.append("  \(unlistedCount) more, of others") }
  }

  private static func change(_ live: Reason, _ staged: Reason) -> String {
    "\(live.effect.name) (\(live.name)) -> \(staged.effect.name) (\(staged.name))"
  }

  private static func line(_ one: ShadowReport.ChangedCheck) -> String {
    let check = one.check
    let words = [
      check.organization, check.principal.isEmpty ? "nobody" : check.principal, check.action,
      check.resource, check.target, check.workspace.map { "in \($0)" },
    ]
    let text = words.compactMap(\.self).filter { !$0.isEmpty }.joined(separator: " ")
    return "\(one.count)  \(text): \(change(one.live, one.staged))"
  }
}
