internal import ArgumentParser

struct CompileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compile", abstract: "Compile policy documents into snapshot files.",
    discussion: """
      A snapshot holds one organization. If --output names a directory (one that exists, or any \
      name that ends with `/`), each organization gets a file ORGANIZATION.snapshot in it; bytes of \
      its id other than letters, digits, `.`, `_`, `-` and `@` are written as %XX. Otherwise \
      --output is the file, and the documents must be of one organization.

      The same documents give the same bytes, whenever and wherever they are compiled. Nothing is \
      written if any document has an error.
      """)

  @OptionGroup var policies: PolicyArguments

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The snapshot file, or a directory for several.", valueName: "file"))
  var output: String

  func validate() throws {
    if output.isEmpty { throw ValidationError("--output needs the name of a file.") }
  }

  func run() throws {
    let compiled = try policies.compiled()
    let files = try SnapshotFiles(output: output, organizations: compiled.organizations)
    try files.write()
  }
}
