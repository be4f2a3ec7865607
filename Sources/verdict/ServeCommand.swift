internal import ArgumentParser
internal import Logging
internal import VerdictServer
internal import VerdictSystem

struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Answer questions over gRPC.",
    discussion: """
      Policies come from a control directory, or from documents that are compiled here; either is \
      watched, and new policies are taken on as a whole or not at all. Until there are any, the \
      server is up and its health check says NOT_SERVING.

      SIGTERM and SIGINT end it: it stops to listen, finishes what is under way, and exits with 0. \
      A second signal ends it at once. SIGHUP makes it look for new policies and certificates. The \
      log goes to standard error: text on a terminal, one \
      JSON object a line otherwise.
      """)

  @Option(help: ArgumentHelp("A control directory to follow.", valueName: "dir"))
  var control: String?

  @Option(
    help: ArgumentHelp(
      "Policy documents to compile and follow: a file or a directory. May be given several times.",
      valueName: "path"))
  var policy: [String] = []

  @OptionGroup var models: ModelOption

  @OptionGroup(title: "Gateways") var routes: RouteOptions
  @OptionGroup(title: "Gateways") var identity: IdentityOptions

  @Option(
    help: ArgumentHelp(
      "Where to listen. May be given several times; 127.0.0.1:7070 if neither this nor --unix is.",
      valueName: "host:port"),
    transform: ServeCommand.tcpAddress)
  var listen: [SocketAddress] = []

  @Option(
    help: ArgumentHelp(
      "A Unix socket to listen on, for this user alone. May be given several times.",
      valueName: "path"),
    transform: ServeCommand.unixAddress)
  var unix: [SocketAddress] = []

  @Option(
    help: ArgumentHelp(
      """
      Where the inspection service answers, which tells who may do what and why: HOST:PORT or \
      unix:PATH as given to --listen or --unix, or `none`. May be given several times; every \
      Unix socket, and nothing else, if not given.
      """, valueName: "address"))
  var inspectOn: [String] = []

  @OptionGroup(title: "Who may connect") var listeners: ListenerOptions

  @Option(
    help: ArgumentHelp("Event loops; one for each processor if not given.", valueName: "n"))
  var loops: Int = Thread.processorCount

  @Option(
    help: ArgumentHelp(
      "How long requests under way may take once the server is asked to end.",
      valueName: "seconds"))
  var drainTimeout: Int = 10

  @Option(
    help: ArgumentHelp(
      "The least level that is logged: trace, debug, info, notice, warning, error or critical.",
      valueName: "level"),
    transform: ServeCommand.level)
  var logLevel: Logger.Level = .info

  func validate() throws {
    guard (control == nil) == !policy.isEmpty else {
      throw ValidationError("Give either --control or --policy.")
    }
    if control?.isEmpty == true || policy.contains("") {
      throw ValidationError("A path is not empty.")
    }
    if models.models != nil && policy.isEmpty {
      throw ValidationError("--models goes with --policy; a control directory is compiled already.")
    }
    _ = try inspectionAddresses()
    guard (1...ServeCommand.loopCountMax).contains(loops) else {
      throw ValidationError("--loops is a number from 1 to \(ServeCommand.loopCountMax).")
    }
    guard (0...ServeCommand.drainSecondsMax).contains(drainTimeout) else {
      throw ValidationError(
        "--drain-timeout is a number of seconds from 0 to \(ServeCommand.drainSecondsMax).")
    }
  }

  static let loopCountMax = 1_024
  static let drainSecondsMax = 86_400

  private var addresses: [SocketAddress] {
    let addresses = listen + unix
    return addresses.isEmpty ? [.tcp(host: "127.0.0.1", port: 7070)] : addresses
  }

  /// Which of the addresses serve inspections.
  func inspectionAddresses() throws(ValidationError) -> [SocketAddress] {
    if inspectOn.isEmpty { return unix }
    if inspectOn.map({ Array($0.utf8) }) == [Array("none".utf8)] { return [] }
    var chosen: [SocketAddress] = []
    for text in inspectOn {
      let address = try ServerAddress(text).address
      guard addresses.contains(address) else {
        throw ValidationError(
          "--inspect-on `\(text)`: nothing listens there; give the address to --listen or --unix "
            + "too, or `none` alone.")
      }
      chosen.append(address)
    }
    return chosen
  }

  /// - Parameter passed: sockets that were opened for us. Where there are any, nothing else is
  ///   listened on unless it is asked for.
  func configuration(
    passed: [ListeningSocket] = []
  ) throws(ValidationError) -> ServerConfiguration {
    let inspected = try inspectionAddresses()
    var settings: [ListenerSettings] = []
    for address in passed.isEmpty ? addresses : listen + unix {
      settings.append(
        try listeners.settings(address, servesInspection: inspected.contains(address)))
    }
    for socket in passed {
      let isInspectedUnix = socket.address.isUnix && inspectOn.isEmpty
      settings.append(
        try listeners.settings(
          socket.address, passed: socket,
          servesInspection: isInspectedUnix || inspected.contains(socket.address)))
    }
    var configuration = ServerConfiguration(listeners: settings, loopCount: loops)
    configuration.drainTimeoutNanoseconds = UInt64(drainTimeout) * 1_000_000_000
    return configuration
  }

  func run() throws {
    let passed: [PassedSocket]
    do throws(SystemError) {
      passed = try PassedSocket.taken()
    } catch {
      throw ValidationError("The sockets that were passed by LISTEN_FDS: \(error).")
    }
    let policies: Sidecar.Policies =
      control.map { .control(directory: $0) }
      ?? .documents(paths: policy, models: models.models)
    try Sidecar.run(
      try configuration(passed: passed.map(\.socket)), policies,
      routes: try routes.compiled(models), identity: identity.configuration,
      logger: LogOutput.logger(level: logLevel))
  }

  private static func level(_ text: String) throws(ValidationError) -> Logger.Level {
    guard let level = Logger.Level(rawValue: text) else {
      let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("`\(text)`: expected one of \(levels).")
    }
    return level
  }

  private static func tcpAddress(_ text: String) throws(ValidationError) -> SocketAddress {
    let address = try ServerAddress(text).address
    guard case .tcp = address else {
      throw ValidationError("`\(text)`: name a Unix socket with --unix PATH.")
    }
    return address
  }

  private static func unixAddress(_ text: String) throws(ValidationError) -> SocketAddress {
    try ServerAddress("unix:" + text).address
  }
}
