internal import ArgumentParser
internal import VerdictLog
internal import VerdictModel
internal import VerdictServer
internal import VerdictSystem

struct LogCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log", abstract: "Read decision logs back.", subcommands: [LogStatsCommand.self])
}

struct LogStatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats", abstract: "Count what a decision log says, and prove that it says all.",
    discussion: """
      Of one file those that came before it are read too: PATH.1, PATH.2 and so on; of several \
      exactly those, in the order of their lines' numbers.

      Exits with 1 where a line is missing, changed or no line of a log, or where the lines of a \
      process don't add up to what it says at its end; each is told with its place. Gaps that the \
      log states are no faults; they are counted. A last line that was cut off is told, and none.
      """)

  @Argument(help: ArgumentHelp("Files of a log.", valueName: "file"))
  var files: [String]

  @Flag(help: "Print one line of JSON.")
  var json = false

  @Option(
    help: ArgumentHelp(
      """
      A page of the metrics of the process that writes the log, as its admin endpoint gives it; \
      `-` is standard input. Its numbers of requests and checks have to be those of the log.
      """, valueName: "file"))
  var metrics: String?

  func run() throws {
    let audit: LogAudit
    var differences: [String] = []
    do throws(SystemError) {
      audit = try LogReader.audit(try LogReader.files(files), .verdict)
      if let metrics {
        let page = try File.read(metrics == "-" ? "/dev/stdin" : metrics, byteCountMax: 64 << 20)
        differences = LogTotals(metrics: String(decoding: page, as: UTF8.self))
          .differences(from: audit.lastRun)
      }
    } catch {
      throw CommandFailure("\(error)")
    }
    let report = LogReport(audit: audit, differences: differences)
    try StandardStream.output.write(line: json ? report.json.line : report.text)
    for fault in audit.faults {
      StandardStream.error.tell("\(fault.path):\(fault.lineNumber): \(fault.text)")
    }
    for difference in differences { StandardStream.error.tell("metrics: \(difference)") }
    if !audit.faults.isEmpty || !differences.isEmpty { ExitStatus.failure.exit() }
  }
}
