internal import VerdictModel
internal import VerdictPolicy

/// How policy tests came out, for people and for programs that read JUnit's form.
struct TestReport {
  struct File {
    let test: PolicyTest
    /// One for each row, in order.
    var answers: [CheckAnswer] = []

    var failures: [(row: PolicyTest.Row, answer: CheckAnswer)] {
      zip(test.rows, answers).filter { !$0.expected.holds(for: $1) }.map { ($0, $1) }
    }
  }

  var files: [File] = []
  /// Every grant once; nil without `--coverage`.
  private(set) var grants: [GrantCoverage.Entry]?

  private var places: [GrantKey: [Int]] = [:]

  /// Where a grant is written.
  private struct GrantKey: Hashable {
    let path: String
    let line: UInt32
    let column: UInt32
  }

  var failedCount: Int { files.reduce(0) { $0 + $1.failures.count } }
  var checkCount: Int { files.reduce(0) { $0 + $1.answers.count } }

  /// Adds the grants of some documents; of a document that is there already, what was exercised.
  mutating func add(_ entries: [GrantCoverage.Entry]) {
    var grants = self.grants ?? []
    for entry in entries {
      let key = GrantKey(path: entry.path, line: entry.mark.line, column: entry.mark.column)
      // A PII permission over several types is one line of the document and several grants.
      if let place = places[key]?.first(where: { grants[$0].grant == entry.grant }) {
        if entry.isExercised { grants[place] = entry }
      } else {
        places[key, default: []].append(grants.count)
        grants.append(entry)
      }
    }
    self.grants = grants
  }

  // MARK: For people

  var lines: [String] {
    var lines: [String] = []
    for file in files {
      let failures = file.failures
      for (row, answer) in failures {
        lines += TestReport.difference(file.test.path, row, answer)
        lines.append("")
      }
      let rule = file.test.rule.isEmpty ? "" : " (\(file.test.rule))"
      lines.append(
        failures.isEmpty
          ? "\(file.test.path): \(TestReport.count(file.answers.count, "check")) passed\(rule)"
          : "\(file.test.path): \(failures.count) of "
            + "\(TestReport.count(file.answers.count, "check")) failed\(rule)")
    }
    if let grants {
      let unused = grants.filter { !$0.isExercised }
      lines.append("")
      lines.append(
        "coverage: \(grants.count - unused.count) of \(TestReport.count(grants.count, "grant")) "
          + "carried an allow that passed" + (unused.isEmpty ? "" : "; these did not:"))
      lines += unused.map {
        "  \($0.path):\($0.mark.line):\($0.mark.column): \($0.place): \($0.grant)"
      }
    }
    if files.count > 1 || failedCount > 0 {
      lines.append("")
      lines.append(
        "\(TestReport.count(checkCount, "check")) in \(TestReport.count(files.count, "file")), "
          + "\(failedCount) failed")
    }
    return lines.map(TerminalText.escaped)
  }

  private static func count(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
  }

  /// `file:line:`, the check, and both answers below each other.
  private static func difference(
    _ path: String, _ row: PolicyTest.Row, _ answer: CheckAnswer
  ) -> [String] {
    let expected = row.expected
    return [
      "\(path):\(row.mark.line): \(title(row.check))",
      "  expected: "
        + words(expected.effect, expected.reason, expected.permission, expected.operand),
      "  got:      " + words(answer.effect, answer.reason, answer.permission, answer.operand),
      "  message:  \(answer.message)",
    ]
  }

  private static func words(
    _ effect: Effect, _ reason: Reason?, _ permission: String?, _ operand: String?
  ) -> String {
    var words = effect.name
    if let reason { words += " \(reason.name)" }
    if let permission { words += ", permission \(permission)" }
    if let operand { words += ", operand \(operand)" }
    return words
  }

  /// A check in one line: `mia: connect event_stream_source/S1 with destination/D1 in prod`.
  static func title(_ check: Check) -> String {
    var title = "\(check.principal): \(check.action)"
    if let resource = check.resource { title += " \(resource)" }
    if let target = check.target { title += " with \(target)" }
    if let workspace = check.workspace { title += " in \(workspace)" }
    if let organization = check.organization { title += " of \(organization)" }
    return title
  }

  // MARK: JUnit

  /// One suite for each file, one case for each check.
  var junit: String {
    var lines = [
      #"<?xml version="1.0" encoding="UTF-8"?>"#,
      #"<testsuites tests="\#(checkCount)" failures="\#(failedCount)">"#,
    ]
    for file in files {
      let path = TestReport.attribute(file.test.path)
      lines.append(
        #"  <testsuite name="\#(path)" tests="\#(file.answers.count)" "#
          + #"failures="\#(file.failures.count)">"#)
      for (row, answer) in zip(file.test.rows, file.answers) {
        let name = TestReport.attribute(TestReport.title(row.check))
        let head =
          #"    <testcase classname="\#(path)" name="\#(name)" file="\#(path)" "#
          + #"line="\#(row.mark.line)""#
        if row.expected.holds(for: answer) {
          lines.append("\(head)/>")
          continue
        }
        let difference = TestReport.difference(file.test.path, row, answer)
        let message = TestReport.attribute(difference[1...2].joined(separator: ";"))
        let body = difference.map(TestReport.attribute).joined(separator: "\n")
        lines.append("\(head)>")
        lines.append(#"      <failure message="\#(message)">\#(body)</failure>"#)
        lines.append("    </testcase>")
      }
      lines.append("  </testsuite>")
    }
    return (lines + ["</testsuites>", ""]).joined(separator: "\n")
  }

  /// Text for XML. What XML can't hold at all is shown as on a terminal.
  private static func attribute(_ text: String) -> String {
    var result = ""
    for scalar in TerminalText.escaped(text).unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\u{fffe}", "\u{ffff}": result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
