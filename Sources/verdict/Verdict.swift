internal import ArgumentParser
internal import Glibc
internal import VerdictModel

/// The command line. One file per command; `ExitStatus` tells what each exit status means.
@main
struct Verdict: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verdict",
    abstract: "An authorization sidecar: decides who may do what, from policy documents.",
    version: ProductVersion.text,
    subcommands: [
      ServeCommand.self, CheckCommand.self, ExplainCommand.self, EffectiveCommand.self,
      ListCommand.self, PublishCommand.self, DeployCommand.self, HistoryCommand.self,
      RollbackCommand.self, PinCommand.self, UnpinCommand.self, CollectCommand.self,
      KeygenCommand.self, SignCommand.self, VerifyCommand.self, CompileCommand.self,
      InspectCommand.self, FormatCommand.self, TestCommand.self, DifferenceCommand.self,
      ShadowCommand.self, ModelsCommand.self, RoutesCommand.self, SchemaCommand.self,
      LogCommand.self, ConfigCommand.self, GenerateCommand.self, VersionCommand.self,
    ])

  static func main() {
    StandardStream.openMissing()
    // A reader that has gone away is an error of `write`, not the end of the process: a server must
    // outlive whoever read its log.
    _ = signal(SIGPIPE, SIG_IGN)
    var command: any ParsableCommand
    do {
      try ArgumentEncoding.check()
      command = try parseAsRoot()
    } catch {
      // Help and version exit with 0, everything else with `ExitStatus.usage`.
      exit(withError: error)
    }
    do {
      try command.run()
    } catch let failure as CommandFailure {
      for line in failure.lines { StandardStream.error.tell(line) }
      failure.status.exit()
    } catch {
      exit(withError: error)
    }
  }
}

/// Arguments are taken as they are or not at all.
enum ArgumentEncoding {
  /// Swift replaces what is not UTF-8 in arguments, and the replaced id is another id.
  static func check() throws(ValidationError) {
    // SAFETY: the arguments of the process: as many C strings as the count says.
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let argument = unsafe CommandLine.unsafeArgv[index] else { continue }
      let bytes = unsafe ByteView(base: argument, count: strlen(argument))
      guard Identifier.isText(bytes) else {
        throw ValidationError("argument \(index) is not UTF-8.")
      }
    }
  }
}
