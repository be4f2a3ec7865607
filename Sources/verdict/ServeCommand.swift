internal import ArgumentParser
internal import Logging
internal import VerdictHTTP2
internal import VerdictServer
internal import VerdictSettings
internal import VerdictSystem

struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Answer questions over gRPC.",
    discussion: """
      Policies come from a control directory, or from documents that are compiled here; either is \
      watched, and new policies are taken on as a whole or not at all. Until there are any, the \
      server is up and its health check says NOT_SERVING.

      Every option may also stand in the environment (`--drain-timeout` as VERDICT_DRAIN_TIMEOUT) \
      or in a file (--config, `drain_timeout: 10`); a flag goes before the environment, that \
      before the file. docs/configuration.md lists them all, with those of named listeners.

      SIGTERM and SIGINT end it: it stops to listen, finishes what is under way, and exits with 0. \
      A second signal ends it at once. SIGHUP makes it look for new policies and certificates. The \
      log goes to standard error: text on a terminal, one JSON object a line otherwise.
      """)

  @OptionGroup var arguments: SettingsArguments

  func run() throws {
    let settings = try arguments.resolvedOrFail().settings
    let passed: [PassedSocket]
    do throws(SystemError) {
      passed = try PassedSocket.taken()
    } catch {
      throw ValidationError("The sockets that were passed by LISTEN_FDS: \(error).")
    }
    let configuration: ServerConfiguration
    do throws(SettingsError) {
      configuration = try settings.serverConfiguration(passed: passed.map(\.socket))
    } catch {
      throw CommandFailure(lines: error.lines.map { "error: \($0)" }, status: .usage)
    }
    try Sidecar.run(
      configuration, try settings.policies(), gateways: try settings.gateways(),
      admin: settings.adminAddress(besidePassed: !passed.isEmpty),
      log: try settings.decisionLog(),
      logger: LogOutput.logger(level: settings.logLevel.level))
  }
}

extension SettingsArguments {
  /// - Throws: what is wrong, as wrong usage.
  func resolvedOrFail() throws(CommandFailure) -> ResolvedSettings {
    do throws(SettingsError) {
      return try resolved()
    } catch {
      throw CommandFailure(lines: error.lines.map { "error: \($0)" }, status: .usage)
    }
  }
}

/// What the settings mean to the rooms that do the work.
extension Settings {
  /// - Parameter passed: sockets that were opened for us. Where there are any, nothing else is
  ///   listened on unless it is asked for.
  func serverConfiguration(
    passed: [ListeningSocket] = []
  ) throws(SettingsError) -> ServerConfiguration {
    var all: [ListenerSettings] = []
    for listener in listeners(besidePassed: !passed.isEmpty) {
      var settings = try listener.access.listener(listener.address)
      settings.servesInspection = listener.inspection
      settings.identity = listener.sources
      all.append(settings)
    }
    for socket in passed {
      var settings = try access.listener(socket.address)
      settings.passed = socket
      settings.servesInspection = inspects(socket.address)
      all.append(settings)
    }
    var configuration = ServerConfiguration(listeners: all, loopCount: loops)
    configuration.connectionCountMax = connectionCountMax
    configuration.session.idleNanosecondsMax = connectionIdleMax?.nanoseconds ?? 0
    configuration.session.ageNanosecondsMax = connectionAgeMax?.nanoseconds ?? 0
    configuration.drainTimeoutNanoseconds = UInt64(drainTimeoutSeconds) * 1_000_000_000
    return configuration
  }

  /// Reads keys and samples, so that what is wrong with them is told at once.
  /// - Precondition: the settings have no faults.
  func policies() throws(CommandFailure) -> Sidecar.Policies {
    guard let control else { return .documents(paths: policy, models: models) }
    return .control(
      directory: control, try following.control(), following.freshness,
      shadowPerMillion: following.shadow?.perMillion)
  }
}

extension ListenerAccess {
  fileprivate func listener(_ address: SocketAddress) throws(SettingsError) -> ListenerSettings {
    var settings = ListenerSettings(address)
    settings.allowsPlaintext = allowPlaintext ?? settings.allowsPlaintext
    settings.servesReflection = reflection
    settings.socketMode = unixMode?.mode ?? settings.socketMode
    settings.socketOwner = unixOwner?.owner
    if case .tcp = address, let tlsCertificate, let tlsKey {
      var files = TLSFiles(
        certificatePath: tlsCertificate, keyPath: tlsKey,
        clientAuthoritiesPath: tlsClientAuthorities)
      files.requiresClientCertificate = tlsClientOptional != true
      settings.tls = files
    }
    if allowCaller.isEmpty { return settings }
    var rules = CallerRules()
    do throws(CallerRules.ParseError) {
      for text in allowCaller { try rules.add(parsing: text) }
    } catch {
      throw SettingsError(lines: ["--allow-caller \(error.description)"])
    }
    settings.callers = rules
    return settings
  }
}

extension LogLevel {
  var level: Logger.Level {
    switch self {
    case .trace: .trace
    case .debug: .debug
    case .info: .info
    case .notice: .notice
    case .warning: .warning
    case .error: .error
    case .critical: .critical
    }
  }
}
