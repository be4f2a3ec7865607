internal import ArgumentParser
internal import VerdictClient
internal import VerdictModel
internal import VerdictSystem

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Ask whether somebody may do something.",
    discussion: """
      Policies come from exactly one of --policy, --snapshot, --control and --server. The answer is \
      one line of JSON with `effect`, `reason`, `message` and, where something is missing, \
      `permission` and `operand`.

      With --batch, each line of the file is a check as a JSON object with `principal`, `action` \
      and, where needed, `organization`, `workspace`, `resource` and `target`; the flags of the \
      same names stand in for members that a line doesn't have. There is one answer for each line, \
      in order. A line that can't be read is answered `bad_request`.

      Exit status of a single check: 0 allow, 2 deny, 3 indeterminate, 64 wrong usage, 1 anything \
      else. A batch exits with 0 when every line was answered.
      """)

  @OptionGroup(title: "Policies") var origin: CheckOrigin
  @OptionGroup(title: "The check") var flags: CheckFlags

  @Option(
    help: ArgumentHelp("Read checks from a file, one a line; `-` is standard input."))
  var batch: String?

  func validate() throws {
    try origin.requireOne()
    guard batch == nil else { return }
    if flags.principal == nil {
      throw ValidationError("Missing --principal; a check says who asks (or give --batch).")
    }
    if flags.action == nil {
      throw ValidationError("Missing --action; a check says what is asked for (or give --batch).")
    }
  }

  func run() throws {
    guard let batch else { return try runSingle() }
    let input = try CheckCommand.open(batch)
    var run = CheckBatch(source: try origin.source(), defaults: flags.line)
    try run.run(input) { bytes throws(CommandFailure) in
      try StandardStream.output.write(bytes)
    }
  }

  private func runSingle() throws {
    let check: Check
    do throws(CheckLineError) {
      check = try flags.line.check()
    } catch {
      preconditionFailure("validation asks for what a check needs")
    }
    let answers = try origin.source().answer([check])
    precondition(answers.count == 1, "a source answers every check")
    try StandardStream.output.write(line: answers[0].json.line)
    let status = ExitStatus(answers[0].effect)
    if status != .success { status.exit() }
  }

  private static func open(_ path: String) throws(CommandFailure) -> FileDescriptor {
    if path == "-" { return FileDescriptor(owning: 0) }
    do throws(SystemError) {
      return try FileDescriptor.reading(path)
    } catch {
      throw CommandFailure(error.description)
    }
  }
}

/// Where the policies come from.
struct CheckOrigin: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Policy documents: a file or a directory. May be given several times.", valueName: "path"))
  var policy: [String] = []

  @Option(help: ArgumentHelp("A snapshot file.", valueName: "file"))
  var snapshot: String?

  @Option(help: ArgumentHelp("The current set of a control directory.", valueName: "dir"))
  var control: String?

  @Option(
    help: ArgumentHelp("A running server: HOST:PORT or unix:PATH.", valueName: "address"),
    transform: ServerAddress.init)
  var server: ServerAddress?

  @OptionGroup var security: ServerSecurity

  @OptionGroup var models: ModelOption

  /// How many of the four were given.
  var count: Int {
    (policy.isEmpty ? 0 : 1) + (snapshot == nil ? 0 : 1) + (control == nil ? 0 : 1)
      + (server == nil ? 0 : 1)
  }

  func requireOne() throws {
    guard count == 1 else {
      throw ValidationError(
        "Give exactly one of --policy, --snapshot, --control and --server; \(count) were given.")
    }
    try requireMeaning()
  }

  /// That what was given makes sense, one of the four or none.
  func requireMeaning() throws {
    if snapshot?.isEmpty == true || control?.isEmpty == true || policy.contains("") {
      throw ValidationError("A path is not empty.")
    }
    try security.requireMeaning(hasServer: server != nil)
    if models.models != nil && policy.isEmpty && count > 0 {
      throw ValidationError("--models goes with --policy; everything else is compiled already.")
    }
  }

  func source() throws(CommandFailure) -> CheckSource {
    if let server { return try .server(server.address, security.security) }
    return .local(try snapshots())
  }

  /// - Precondition: the policies don't come from a server.
  func snapshots() throws(CommandFailure) -> LocalSnapshots {
    if let snapshot { return try .snapshot(path: snapshot) }
    if let control { return try .control(path: control) }
    return try .documents(paths: policy, models: models.models)
  }
}

/// TLS towards a server.
struct ServerSecurity: ParsableArguments {
  @Flag(help: "With --server: speak TLS, and believe the system's certificate authorities.")
  var tls = false

  @Option(
    help: ArgumentHelp(
      "With --server: speak TLS, and believe these certificate authorities.", valueName: "file"))
  var ca: String?

  @Option(
    help: ArgumentHelp(
      "With --server: speak TLS, and show this certificate.", valueName: "file"))
  var cert: String?

  @Option(help: ArgumentHelp("The key of --cert.", valueName: "file"))
  var key: String?

  @Option(
    help: ArgumentHelp(
      "The name in the server's certificate, if it is not the host of --server.",
      valueName: "name"))
  var serverName: String?

  func requireMeaning(hasServer: Bool) throws {
    if !hasServer && security != nil {
      throw ValidationError("--tls, --ca, --cert, --key and --server-name go with --server.")
    }
    if (cert == nil) != (key == nil) {
      throw ValidationError("--cert and --key go together.")
    }
  }

  /// nil: plaintext.
  var security: ClientSecurity? {
    guard tls || ca != nil || cert != nil || key != nil || serverName != nil else { return nil }
    return ClientSecurity(
      authoritiesPath: ca, certificatePath: cert, keyPath: key, serverName: serverName)
  }
}

/// An address as an argument.
struct ServerAddress {
  let address: SocketAddress

  init(_ text: String) throws(ValidationError) {
    do throws(SocketAddress.ParseError) {
      address = try SocketAddress(parsing: text)
    } catch {
      throw ValidationError(error.description)
    }
  }
}

/// One check as flags.
struct CheckFlags: ParsableArguments {
  @Option(help: "The organization; may be left out where there is only one.")
  var organization: String?

  @Option(help: "Who: user:ID, service_token:ID or personal_token:ID; without a prefix a user.")
  var principal: String?

  @Option(help: "Where; not for organization actions.")
  var workspace: String?

  @Option(help: "What, for example edit, connect or members.invite.")
  var action: String?

  @Option(help: "On what: TYPE/ID, or TYPE alone for create.")
  var resource: String?

  @Option(help: "The other end, TYPE/ID; for actions on members user:ID.")
  var target: String?

  var line: CheckLine {
    CheckLine(
      organization: organization, principal: principal, workspace: workspace, action: action,
      resource: resource, target: target)
  }
}
