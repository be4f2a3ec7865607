internal import Synchronization
public import VerdictControl
internal import VerdictHTTP2
public import VerdictSystem
internal import VerdictTLS

/// The listening server: an acceptor and its loops, from `init` until it has drained.
public final class Server: Sendable {
  /// Where it listens, in the order of the configuration, with the ports that the kernel chose.
  public let addresses: [SocketAddress]
  let mailboxes: [LoopMailbox]
  private let acceptorBell: EventSignal
  /// What the acceptor counts.
  let acceptorTally = SharedTally()
  private let threads: Mutex<[Thread]>
  let workers: WorkerPool
  private let workerThreads: Mutex<[Thread]>
  /// nil where no listener needs looking after.
  private let watch: ListenerWatch?
  private let watchThread: Mutex<Thread?>
  private let stop = Mutex(LoopMailbox.Stop.no)
  /// By loop: its turns when its pulse was taken last.
  private let pulses: Mutex<[UInt64?]>
  private let meter: Mutex<BusyMeter>

  /// Listens and starts its threads.
  ///
  /// - Parameters:
  ///   - publication: has a slot for every loop, from 0, whose wake hooks the server sets, and
  ///     behind them one for every worker: `slotCount` of the configuration.
  ///   - services: makes the services of a loop or a worker; called on its own thread.
  /// - Throws: what `bind` and its like say, with the address; what is wrong with a certificate;
  ///   that plaintext would be spoken where other machines can listen.
  public convenience init(
    _ configuration: ServerConfiguration, publication: Publication,
    services: @escaping @Sendable (ServiceUser) -> Services
  ) throws(ServerError) {
    try self.init(configuration, publication: publication, set: services)
  }

  /// The same for any services; tests bring their own.
  convenience init<Service: ServiceSet & ~Copyable>(
    _ configuration: ServerConfiguration, publication: Publication,
    set services: @escaping @Sendable (ServiceUser) -> Service
  ) throws(ServerError) {
    let security = try ListenerSecurity(configuration)
    let sockets = try Server.listen(configuration)
    var configuration = configuration
    for (index, socket) in sockets.enumerated()
    where configuration.listeners[index].servesReflection == nil {
      configuration.listeners[index].servesReflection = socket.isWithinMachine
    }
    do throws(SystemError) {
      try self.init(configuration, publication, security, sockets, services)
    } catch {
      throw ServerError(error)
    }
  }

  /// Listens everywhere, and lets nobody in yet.
  private static func listen(
    _ configuration: ServerConfiguration
  ) throws(ServerError) -> [ListeningSocket] {
    var sockets: [ListeningSocket] = []
    for listener in configuration.listeners {
      let socket: ListeningSocket
      do throws(SystemError) {
        if let passed = listener.passed {
          socket = passed
        } else {
          socket = try ListeningSocket(
            listener.address, mode: listener.socketMode, owner: listener.socketOwner)
        }
      } catch {
        throw ServerError(error)
      }
      if listener.tls == nil && !listener.allowsPlaintext && !socket.isWithinMachine {
        throw .plaintext(listener.address)
      }
      sockets.append(socket)
    }
    return sockets
  }

  private init<Service: ServiceSet & ~Copyable>(
    _ configuration: ServerConfiguration, _ publication: Publication,
    _ security: ListenerSecurity, _ listeners: [ListeningSocket],
    _ services: @escaping @Sendable (ServiceUser) -> Service
  ) throws(SystemError) {
    precondition(
      publication.slotCount >= configuration.slotCount, "a slot for every loop and worker")
    addresses = listeners.map(\.address)
    var mailboxes: [LoopMailbox] = []
    for _ in 0..<configuration.loopCount { mailboxes.append(try LoopMailbox()) }
    self.mailboxes = mailboxes
    acceptorBell = try EventSignal()
    threads = Mutex([])
    workerThreads = Mutex([])
    let incidents = Incidents()
    watch =
      security.isWatched
      ? try ListenerWatch(
        configuration.listeners, addresses: addresses.map(\.description), mailboxes, incidents,
        configuration.report) : nil
    watchThread = Mutex(nil)
    pulses = Mutex(Array(repeating: nil, count: configuration.loopCount))
    meter = Mutex(BusyMeter(loopCount: configuration.loopCount))
    workers = try WorkerPool(
      workerCount: configuration.workerCount,
      messageByteCountMax: configuration.session.messageByteCountMax)
    do throws(SystemError) {
      try startWorkers(configuration, publication, services)
      for index in 0..<configuration.loopCount {
        try startLoop(
          index, configuration, publication, security.contexts(ofLoop: index), incidents, services)
      }
      try startWatch(security)
      try startAcceptor(listeners, configuration)
    } catch {
      for mailbox in mailboxes { mailbox.ask(.now) }
      waitUntilStopped()
      throw error
    }
  }

  private func startLoop<Service: ServiceSet & ~Copyable>(
    _ index: Int, _ configuration: ServerConfiguration, _ publication: Publication,
    _ contexts: [TLSContext?], _ incidents: Incidents,
    _ services: @escaping @Sendable (ServiceUser) -> Service
  ) throws(SystemError) {
    let mailbox = mailboxes[index]
    let reader = publication.reader(slot: index)
    publication.setWake(slot: index) { mailbox.bell.ring() }
    let poller = try Poller()
    try poller.add(
      mailbox.bell.rawDescriptor, .readable, word: EventLoop<Service>.bellWord)
    let handover = Handover(poller)
    let workers = workers
    let thread = try Thread(name: "verdict-loop-\(index)") {
      var loop = EventLoop(
        configuration, mailbox, reader, workers, handover.take(), contexts, incidents,
        configuration.logSource(loop: index), services(.loop(index)))
      loop.run()
    }
    threads.withLock { $0.append(thread) }
  }

  private func startWorkers<Service: ServiceSet & ~Copyable>(
    _ configuration: ServerConfiguration, _ publication: Publication,
    _ services: @escaping @Sendable (ServiceUser) -> Service
  ) throws(SystemError) {
    let workers = workers
    for index in 0..<configuration.workerCount {
      let reader = publication.reader(slot: configuration.loopCount + index)
      let thread = try Thread(name: "verdict-work-\(index)") {
        Thread.lowerPriority(.behindLoops)
        workers.run(worker: index, reader, services(.worker(index)))
      }
      workerThreads.withLock { $0.append(thread) }
    }
  }

  private func startWatch(_ security: ListenerSecurity) throws(SystemError) {
    guard let watch else { return }
    let thread = try Thread(name: "verdict-watch") { watch.run(security) }
    watchThread.withLock { $0 = thread }
  }

  private func startAcceptor(
    _ listeners: [ListeningSocket], _ configuration: ServerConfiguration
  ) throws(SystemError) {
    let handover = Handover(
      try Acceptor(
        listeners, mailboxes, connectionCountMax: configuration.connectionCountMax,
        stop: acceptorBell, acceptorTally.tally))
    let mailboxes = mailboxes
    let thread = try Thread(name: "verdict-accept") {
      var acceptor = handover.take()
      acceptor.run()
      // Only now, so that whoever had connected by then is among those who are told.
      for mailbox in mailboxes { mailbox.ask(.drain) }
    }
    threads.withLock { $0.append(thread) }
  }

  deinit {
    stopNow()
    waitUntilStopped()
  }

  /// Stops to listen and lets every connection finish what is under way: two GOAWAYs with a sign
  /// of the peer in between, then the end, all within the configured time. Returns at once. A
  /// second call closes what is left.
  public func drain() {
    let wanted = stop.withLock {
      $0 = $0 == .no ? .drain : .now
      return $0
    }
    // The acceptor asks the loops to drain, after it has taken what waits in its listeners.
    acceptorBell.ring()
    if wanted == .now { for mailbox in mailboxes { mailbox.ask(.now) } }
  }

  /// Stops to listen and closes every connection.
  public func stopNow() {
    stop.withLock { $0 = .now }
    acceptorBell.ring()
    for mailbox in mailboxes { mailbox.ask(.now) }
  }

  /// Returns once the server has stopped. Not to be called from one of its own threads.
  public func waitUntilStopped() {
    let running = threads.withLock {
      let running = $0
      $0 = []
      return running
    }
    for thread in running { thread.join() }
    // Last, so that what loops wait for while they drain is answered.
    workers.stop()
    let working = workerThreads.withLock {
      let working = $0
      $0 = []
      return working
    }
    for thread in working { thread.join() }
    // Very last, so that everything that happened is told.
    watch?.stop()
    let watching = watchThread.withLock {
      let watching = $0
      $0 = nil
      return watching
    }
    watching?.join()
  }

  /// Reads the listeners' certificates again, soon; files that are no good change nothing.
  public func reloadCertificates() { watch?.reload() }

  /// Whether every loop has turned since this was asked last; rings them, so that idle ones turn
  /// too until the next time. For a watchdog: ask rarely.
  public func takePulse() -> Bool {
    pulses.withLock { pulses in
      var isWell = true
      for (index, mailbox) in mailboxes.enumerated() where !mailbox.isClosed {
        let turns = mailbox.board.counters.turns
        if pulses[index] == turns { isWell = false }
        pulses[index] = turns
        mailbox.bell.ring()
      }
      return isWell
    }
  }

  /// How the work was spread over the loops since this was asked last.
  public func takeBalance() -> LoopBalance {
    let counters = loopCounters
    return meter.withLock {
      LoopBalance(
        busyShares: $0.shares(
          counters.map(\.busyNanoseconds), nowNanoseconds: SystemClock.monotonicNanoseconds()),
        connectionCounts: mailboxes.map(\.connectionCount))
    }
  }

  /// What each loop has done so far, at most one turn old.
  public var loopCounters: [LoopCounters] { mailboxes.map(\.board.counters) }
}

/// Whose thread services are for.
public enum ServiceUser: Sendable {
  case loop(Int)
  case worker(Int)

  public var isWorker: Bool {
    if case .worker = self { return true }
    return false
  }
}

/// A tally that lives as long as somebody may look at it.
final class SharedTally: Sendable {
  let tally = LoopTally()

  deinit { tally.free() }
}

/// Gives a value with one owner to a thread that is about to start.
final class Handover<Value: ~Copyable & Sendable>: Sendable {
  private let value: Mutex<Value?>

  init(_ value: consuming sending Value) { self.value = Mutex(value) }

  /// - Precondition: called once.
  func take() -> Value {
    guard let value = value.withLock({ $0.take() }) else {
      preconditionFailure("a value is handed over once")
    }
    return value
  }
}
