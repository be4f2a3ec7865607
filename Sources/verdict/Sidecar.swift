internal import Logging
internal import VerdictAdmin
internal import VerdictControl
internal import VerdictCrypto
internal import VerdictGateway
internal import VerdictHTTP2
internal import VerdictLog
internal import VerdictModel
internal import VerdictServer
internal import VerdictSystem

/// `verdict serve`, put together: a source of sets, their activation, and the server that answers
/// from the active one.
enum Sidecar {
  enum Policies {
    /// - `shadowPerMillion`: requests in a million that are decided by the staged set too.
    case control(directory: String, ControlSettings, FreshnessLimits, shadowPerMillion: UInt32?)
    case documents(paths: [String], models: String?)
  }

  /// Serves until it is asked to stop, and returns when it has stopped.
  static func run(
    _ configuration: ServerConfiguration, _ policies: Policies, gateways: Gateways,
    admin: SocketAddress?, log settings: DecisionLogSettings?, logger: Logger
  ) throws(CommandFailure) {
    do {
      // First of all, so that every thread inherits the block and no signal ends the process.
      let signals = try SignalDescriptor([
        SignalDescriptor.terminate, SignalDescriptor.interrupt, SignalDescriptor.hangUp,
      ])
      let supervisor = try Supervisor(logger)
      logger.info(
        "starting",
        metadata: [
          "version": "\(ProductVersion.text)", "loops": .number(configuration.loopCount),
        ])
      let publication = Publication(
        slotCount: configuration.slotCount + (gateways.forwardAuth.isEmpty ? 0 : 1))
      reportStalls(of: publication, configuration, logger)
      let board = PolicyBoard()
      let activation = Activation(publication: publication, board: board, routes: gateways.routes)
      let staging = try StagingArea(policies, activation, gateways.identity, logger)
      let source = try source(of: policies, activation, board, staging, supervisor, logger)
      // Before anybody can connect, so that the first answer comes from the policies.
      source.look()

      var gateways = gateways
      let tokenKeys = try readTokenKeys(&gateways, logger)
      defer { tokenKeys?.stop() }
      let state = ServiceState(
        version: ProductVersion.text, streamCountMax: configuration.session.streamCountMax,
        policies: board, identity: gateways.identity, shadow: staging?.shadow,
        logSampling: settings?.sampling)
      var configuration = configuration
      configuration.report = { tell($0, logger) }
      let log = try settings.map { settings throws(LogFailure) in
        try openLog(
          settings, loopCount: configuration.loopCount + (gateways.forwardAuth.isEmpty ? 0 : 1),
          logger)
      }
      configuration.log = log
      let server = try Server(configuration, publication: publication) {
        Services(state, isOnWorker: $0.isWorker)
      }
      let forward = try listenForGateways(gateways, publication, configuration, state, logger)
      let endpoint = try admin.map {
        try AdminEndpoint($0, pages(server, forward, state, activation, board, log))
      }
      if let endpoint { logger.info("admin endpoint", metadata: ["at": "\(endpoint.address)"]) }
      for (listener, address) in zip(configuration.listeners, server.addresses) {
        logger.info("listening", metadata: facts(about: listener, address))
      }
      defer { endpoint?.stop() }
      supervisor.listens()
      try source.start()
      try staging?.start()
      wait(for: signals, server, source, staging, tokenKeys, supervisor, logger)
      // Health first, so that whoever asks goes elsewhere before the first GOAWAY.
      state.startDraining()
      supervisor.stops()
      forward?.stop()
      try drain(server, signals, supervisor, logger)
      log?.close(server.logTotals(forwardAuth: forward))
      source.stop()
      staging?.stop()
      activation.deactivate()
      logger.info("stopped")
    } catch {
      logger.critical("can't serve", metadata: ["error": "\(error)"])
      ExitStatus.failure.exit()
    }
  }

  private static func reportStalls(
    of publication: Publication, _ configuration: ServerConfiguration, _ logger: Logger
  ) {
    publication.setStallReport { stall in
      // The loops have the first slots, then come the workers.
      let isLoop = stall.slot < configuration.loopCount
      let number = isLoop ? stall.slot : stall.slot - configuration.loopCount
      logger.warning(
        isLoop
          ? "an event loop holds on to the old policies"
          : "a worker holds on to the old policies",
        metadata: [isLoop ? "loop" : "worker": .number(number), "waited": "\(stall.waited)"])
    }
  }

  // MARK: Policies

  private static func source(
    of policies: Policies, _ activation: Activation, _ board: PolicyBoard,
    _ staging: StagingArea?, _ supervisor: Supervisor, _ logger: Logger
  ) throws(SystemError) -> SetSource {
    let hooks = hooks(activation, board, staging, supervisor, logger)
    switch policies {
    case .control(let directory, let settings, let freshness, _):
      if settings.trust == nil {
        logger.warning(
          "policies are taken unsigned: whoever can write the control directory decides",
          metadata: ["control": "\(directory)", "advice": "sign sets, and serve with --trust"])
      }
      return try SetSource(
        control: ControlDirectory(path: directory), settings, freshness, board: board, hooks)
    case .documents(let paths, let models):
      return try SetSource(
        documents: paths, board: board,
        compile: { () throws(ControlError) in try compile(paths, models, logger) }, hooks)
    }
  }

  private static func hooks(
    _ activation: Activation, _ board: PolicyBoard, _ staging: StagingArea?,
    _ supervisor: Supervisor, _ logger: Logger
  ) -> SetSource.Hooks {
    SetSource.Hooks(
      activate: { set, isClosed in
        activation.activate(set, isClosed: isClosed)
        staging?.shadow.follow(live: activation.served(set))
        logger.info("policies active", metadata: facts(about: set, board))
        if activation.passesOver(routesOf: set) {
          logger.notice(
            "the set's routes are not used: --routes was given",
            metadata: ["set": .stringConvertible(set.setNumber)])
        }
        if isClosed { tellClosed(set, logger) }
        let count = set.organizations.count
        supervisor.isActive(
          "serving set \(set.setNumber), \(count) organization\(count == 1 ? "" : "s")")
      },
      rejected: { error in
        let active = activation.current
        logger.error(
          "policies refused",
          metadata: [
            "error": "\(error)", "cause": "\(error.code.rawValue)",
            "still_active": active.map { "set \($0.setNumber)" } ?? "none, answering UNAVAILABLE",
          ])
      },
      close: {
        activation.close()
        if let set = activation.current { tellClosed(set, logger) }
      })
  }

  private static func tellClosed(_ set: LoadedSet, _ logger: Logger) {
    logger.error(
      "policies too old to be decided by: every check is answered INDETERMINATE",
      metadata: [
        "set": .stringConvertible(set.setNumber),
        "created": "\(ControlDirectory.time(ofSeconds: set.createdSeconds))",
        "advice": "renew them with `verdict publish --refresh`",
      ])
  }

  /// Ids that one line of the log names; there may be thousands.
  private static let namedOrganizationCountMax = 16

  private static func facts(about set: LoadedSet, _ board: PolicyBoard) -> Logger.Metadata {
    let names = set.organizations.prefix(namedOrganizationCountMax).map {
      Logger.MetadataValue.string(String(decoding: $0.organization, as: UTF8.self))
    }
    var facts: Logger.Metadata = [
      "set": .stringConvertible(set.setNumber),
      "organization_count": .number(set.organizations.count),
      "organizations": .array(names),
      "snapshot_bytes": .number(set.organizations.reduce(0) { $0 + $1.byteCount }),
      "publication_us": .number(Int(board.status.publicationNanoseconds / 1_000)),
    ]
    if let digest = set.digest { facts["digest"] = "\(digest)" }
    if let routes = set.attachment(.routes) { facts["routes"] = "\(routes.digest)" }
    if let key = set.keyID { facts["key"] = "\(key)" }
    if let reason = set.overrideReason { facts["guard_override"] = "\(reason)" }
    if !set.author.isEmpty { facts["who"] = "\(set.author)" }
    if !set.message.isEmpty { facts["why"] = "\(set.message)" }
    return facts
  }

  private static func compile(
    _ paths: [String], _ models: String?, _ logger: Logger
  ) throws(ControlError) -> [OrganizationSnapshot] {
    do throws(CommandFailure) {
      let compiled = try CompiledDocuments(paths: paths, models: models)
      for warning in compiled.warnings { logger.warning("\(warning)") }
      return compiled.organizations.map {
        OrganizationSnapshot(bytes: $0.snapshot, compilerVersion: ProductVersion.text)
      }
    } catch {
      // One line of the log; `verdict compile` tells the rest.
      let first = error.lines.first ?? "no reason given"
      let more = error.lines.count - 1
      throw ControlError(
        .documents, "",
        more == 0 ? first : "\(first) (and \(more) more; `verdict compile` lists them)")
    }
  }

  // MARK: The end

  /// Waits for the signal to end. SIGHUP asks for a look at the policies meanwhile.
  private static func wait(
    for signals: SignalDescriptor, _ server: Server, _ source: SetSource,
    _ staging: StagingArea?, _ tokenKeys: TokenKeyFile?, _ supervisor: Supervisor,
    _ logger: Logger
  ) {
    var pulse = Pulse(everyNanoseconds: supervisor.pulseNanoseconds)
    while true {
      _ = Readiness.wait(
        readable: [signals.rawDescriptor], timeoutMilliseconds: pulse.timeoutMilliseconds)
      if pulse.isDue(), server.takePulse() { supervisor.pulses() }
      guard let signal = signals.next() else { continue }
      if signal == SignalDescriptor.hangUp {
        logger.info("looking for new policies and certificates", metadata: ["signal": "SIGHUP"])
        server.reloadCertificates()
        tokenKeys?.reload()
        supervisor.reloads()
        source.lookSoon { supervisor.hasReloaded() }
        staging?.lookSoon()
        continue
      }
      logger.info("draining", metadata: ["signal": "\(name(of: signal))"])
      return
    }
  }

  /// Waits for the server to drain; one more signal to end cuts that short.
  private static func drain(
    _ server: Server, _ signals: SignalDescriptor, _ supervisor: Supervisor, _ logger: Logger
  ) throws(SystemError) {
    let stopped = try EventSignal()
    server.drain()
    let waiting = try Thread(name: "verdict-drain") {
      server.waitUntilStopped()
      stopped.ring()
    }
    var pulse = Pulse(everyNanoseconds: supervisor.pulseNanoseconds)
    while true {
      let ready = Readiness.wait(
        readable: [stopped.rawDescriptor, signals.rawDescriptor],
        timeoutMilliseconds: pulse.timeoutMilliseconds)
      if ready == 0 { break }
      if pulse.isDue(), server.takePulse() { supervisor.pulses() }
      if ready == 1, let signal = signals.next(), signal != SignalDescriptor.hangUp {
        logger.notice("stopping at once", metadata: ["signal": "\(name(of: signal))"])
        server.stopNow()
      }
    }
    waiting.join()
  }

  private static func name(of signal: Int32) -> String {
    signal == SignalDescriptor.terminate ? "SIGTERM" : "SIGINT"
  }
}

extension Logger.MetadataValue {
  fileprivate static func number(_ number: Int) -> Logger.MetadataValue {
    .stringConvertible(number)
  }
}
