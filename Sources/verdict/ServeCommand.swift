internal import ArgumentParser
internal import Logging
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
      A second signal ends it at once. The log goes to standard error: text on a terminal, one \
      JSON object a line otherwise.
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
    try Sidecar.run(
      settings.serverConfiguration(passed: passed.map(\.socket)), settings.policies,
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
  func serverConfiguration(passed: [ListeningSocket] = []) -> ServerConfiguration {
    var listeners = listeners(besidePassed: !passed.isEmpty).map {
      ListenerConfiguration($0.address, servesInspection: $0.inspection)
    }
    listeners += passed.map {
      ListenerConfiguration(passed: $0, servesInspection: inspects($0.address))
    }
    var configuration = ServerConfiguration(listeners: listeners, loopCount: loops)
    configuration.drainTimeoutNanoseconds = UInt64(drainTimeoutSeconds) * 1_000_000_000
    return configuration
  }

  /// - Precondition: the settings have no faults.
  var policies: Sidecar.Policies {
    control.map { .control(directory: $0) } ?? .documents(paths: policy, models: models)
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
