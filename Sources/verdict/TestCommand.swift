internal import ArgumentParser
internal import VerdictModel
internal import VerdictPolicy
internal import VerdictSystem

struct TestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Run policy tests: checks with the answers expected of them.",
    discussion: """
      A test file says which policies it is about and holds a table of checks:

        rule: members edit what the baseline lists
        policies: [acme.yaml]
        defaults: {workspace: prod, principal: mia}
        checks:
          - {action: edit, resource: destination/D1, expect: allow}
          - {action: edit, resource: destination/D3, expect: deny, reason: resource_not_in_scope}

      `reason`, `permission` and `operand` are compared where they are written. Paths are seen from \
      where the file lies. --policy, --snapshot, --control or --server ask there instead, so the \
      same tests can be put to a running server. Directories stand for every *.test.yaml below.

      Exit status: 0 every check came out as expected, 1 some did not, 64 the tests could not run.
      """)

  @Argument(help: ArgumentHelp("Test files, or directories with *.test.yaml.", valueName: "file"))
  var files: [String]

  @OptionGroup(title: "Other policies than the files name") var origin: CheckOrigin

  @Option(help: ArgumentHelp("Write a report in JUnit's form as well.", valueName: "file"))
  var junit: String?

  @Flag(help: "List the grants that no passed allow rested on. Takes documents.")
  var coverage = false

  func validate() throws {
    if origin.count > 1 { try origin.requireOne() }
    try origin.requireMeaning()
    if coverage && origin.count > 0 && origin.policy.isEmpty {
      throw ValidationError("--coverage takes documents; a snapshot doesn't know who gave what.")
    }
    if junit?.isEmpty == true { throw ValidationError("--junit needs the name of a file.") }
  }

  func run() throws {
    let report: TestReport
    do throws(CommandFailure) {
      var run = TestRun(origin: origin, wantsCoverage: coverage)
      report = try run.report(files)
    } catch {
      throw CommandFailure(lines: error.lines, status: .usage)
    }
    for line in report.lines { try StandardStream.output.write(line: line) }
    if let junit {
      do throws(SystemError) {
        try AtomicFile.replace(junit, with: Array(report.junit.utf8))
      } catch {
        throw CommandFailure(lines: ["error: \(error.description)"], status: .usage)
      }
    }
    if report.failedCount > 0 { ExitStatus.failure.exit() }
  }
}

/// Runs test files, each against its policies.
struct TestRun {
  let origin: CheckOrigin
  let wantsCoverage: Bool
  /// What is asked, by the paths of its documents, so that files share what they have in common.
  private var sources: [[String]: Source] = [:]

  private struct Source {
    let answer: CheckSource
    var coverage: GrantCoverage?
  }

  init(origin: CheckOrigin, wantsCoverage: Bool) {
    self.origin = origin
    self.wantsCoverage = wantsCoverage
  }

  /// - Throws: files and policies that can't be read. Nothing is run then.
  mutating func report(_ paths: [String]) throws(CommandFailure) -> TestReport {
    let tests = try TestRun.load(paths)
    var keys: [[String]] = []
    for test in tests { keys.append(try prepare(test)) }
    var report = TestReport()
    for (test, key) in zip(tests, keys) { report.files.append(try run(test, key)) }
    if wantsCoverage {
      // In the order in which files name them; a document may be among several.
      var seen: Set<[String]> = []
      for key in keys where seen.insert(key).inserted {
        report.add(sources[key]?.coverage?.entries ?? [])
      }
    }
    return report
  }

  private static func load(_ paths: [String]) throws(CommandFailure) -> [PolicyTest] {
    var tests: [PolicyTest] = []
    var failures: [String] = []
    do throws(PolicyError) {
      for path in try PolicySet.testFiles(below: paths) {
        do throws(PolicyError) {
          tests.append(try PolicyTest.load(path: path))
        } catch {
          failures += CommandFailure(error).lines
        }
      }
    } catch {
      failures += CommandFailure(error).lines
    }
    if failures.isEmpty { return tests }
    throw CommandFailure(lines: failures)
  }

  /// Readies what a file asks. Returns its key in `sources`.
  private mutating func prepare(_ test: PolicyTest) throws(CommandFailure) -> [String] {
    var key: [String] = []
    if origin.count == 0 {
      switch test.policies {
      case .paths(let paths): key = paths
      case .text: key = ["", test.path]
      case .none:
        throw CommandFailure(
          "\(test.path): no policies; name them with `policies: [PATH]` or --policy PATH")
      }
    }
    guard sources[key] == nil else { return key }
    if origin.count > 0 && origin.policy.isEmpty {
      sources[key] = Source(answer: try origin.source())
      return key
    }
    let set: PolicySet
    do throws(PolicyError) {
      set = try self.set(test)
    } catch {
      throw CommandFailure(error)
    }
    let compiled = try CompiledDocuments(set)
    for warning in compiled.warnings { StandardStream.error.tell(warning) }
    sources[key] = Source(
      answer: try .documents(compiled),
      coverage: wantsCoverage ? GrantCoverage(documents: set.documents) : nil)
    return key
  }

  private func set(_ test: PolicyTest) throws(PolicyError) -> PolicySet {
    let models = try AccessModels(option: origin.models.models)
    if !origin.policy.isEmpty { return try PolicySet.load(paths: origin.policy, models: models) }
    switch test.policies {
    case .paths(let paths): return try PolicySet.load(paths: paths, models: models)
    case .text(let text, let mark):
      let path = "\(test.path) (the document on line \(mark.line))"
      let parsed = try PolicyDocument.parse(bytes: Array(text.utf8), path: path, models: models)
      return PolicySet(documents: [parsed.document], warnings: parsed.warnings)
    case .none: return PolicySet(documents: [])
    }
  }

  private mutating func run(
    _ test: PolicyTest, _ key: [String]
  ) throws(CommandFailure) -> TestReport.File {
    guard var source = sources[key] else { preconditionFailure("every file was prepared") }
    var file = TestReport.File(test: test)
    var rest = test.rows[...]
    while !rest.isEmpty {
      // No more at once than a server takes.
      let part = rest.prefix(Limits.plainCheckCountMax)
      file.answers += try source.answer.answer(part.map(\.check))
      rest = rest.dropFirst(part.count)
    }
    for (row, answer) in zip(test.rows, file.answers)
    where answer.reason == .granted && row.expected.holds(for: answer) {
      source.coverage?.record(row.check)
    }
    sources[key] = source
    return file
  }
}
