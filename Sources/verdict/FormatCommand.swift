internal import ArgumentParser
internal import VerdictModel
internal import VerdictPolicy
internal import VerdictSystem

struct FormatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fmt", abstract: "Write policy documents in canonical form.",
    discussion: """
      Keys come in the contract's order, types and permissions in the model's, and what fits on a \
      line stands on one. Users, groups, workspaces and ids keep the document's order, comments \
      and single empty lines stay with what they stand beside, and what the document means stays.

      Without --write or --check the result goes to standard output. `-` is standard input, \
      read as YAML.

      Exit status: 0 done (--check: every document is in canonical form), 1 not.
      """)

  @Argument(help: ArgumentHelp("Policy documents; `-` is standard input.", valueName: "file"))
  var files: [String]

  @Flag(help: "Write nothing; name the documents that are not in canonical form.")
  var check = false

  @Flag(name: .shortAndLong, help: "Write each document back to its file.")
  var write = false

  @OptionGroup var models: ModelOption

  func validate() throws {
    if check && write { throw ValidationError("Give --check or --write, not both.") }
    if write && files.contains("-") {
      throw ValidationError("--write takes files; standard input has no place to write back to.")
    }
    if files.count > 1 && !check && !write {
      throw ValidationError("Several documents need --write or --check.")
    }
  }

  func run() throws {
    let models = try models.load()
    var failures: [String] = []
    for path in files {
      do throws(CommandFailure) {
        try format(path, models)
      } catch {
        failures += error.lines
      }
    }
    if !failures.isEmpty { throw CommandFailure(lines: failures) }
  }

  private func format(_ path: String, _ models: AccessModels) throws(CommandFailure) {
    let bytes: [UInt8]
    let canonical: [UInt8]
    do throws(PolicyError) {
      bytes = try path == "-" ? FormatCommand.standardInput() : DocumentFormat.read(file: path)
      let name = path == "-" ? "standard input" : path
      canonical = try DocumentFormat.canonical(bytes, path: name, models: models)
    } catch {
      throw CommandFailure(error)
    }
    if !check && !write { return try StandardStream.output.write(canonical) }
    if canonical == bytes { return }
    if check {
      throw CommandFailure(
        lines: ["\(path): error: not in canonical form, run: verdict fmt --write \(path)"])
    }
    do throws(SystemError) {
      try AtomicFile.replace(path, with: canonical)
    } catch {
      throw CommandFailure(error.description)
    }
    try StandardStream.output.write(line: "\(TerminalText.escaped(path)): written")
  }

  private static func standardInput() throws(PolicyError) -> [UInt8] {
    let input = FileDescriptor(owning: 0)
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 256 << 10)
    do throws(SystemError) {
      while true {
        var span = chunk.mutableSpan
        // SAFETY: the span is valid for the call, and the kernel writes inside it.
        let count = try unsafe span.withUnsafeMutableBytes { buffer throws(SystemError) in
          try unsafe input.read(into: buffer)
        }
        if count == 0 { return bytes }
        bytes += chunk[..<count]
      }
    } catch {
      throw PolicyError(
        diagnostics: [
          Diagnostic(
            severity: .error, path: "standard input", mark: Mark(line: 0, column: 0),
            message: error.description)
        ])
    }
  }
}
