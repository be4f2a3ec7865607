internal import VerdictControl
internal import VerdictHTTP2
internal import VerdictLog
internal import VerdictModel
internal import VerdictSystem
internal import VerdictTLS

/// One thread's event loop: waits, and serves every connection that is ready, one read and one
/// write for each in a turn.
///
/// A turn lasts at most a millisecond, by these bounds (`LoopLimits`):
///
/// | What is much | How it is bounded |
/// |---|---|
/// | ready connections | the turn ends between two of them; the next begins with the rest |
/// | requests, or checks, of one connection | so many a turn; the rest waits in `backlog` |
/// | bytes for one connection | so many a turn; the rest waits in `backlog` |
/// | checks of one request | decided in slices at the end of a turn (`EventLoop+Slices`) |
/// | bytes of one message, texts of an answer | a worker's (`EventLoop+Workers`) |
///
/// A turn holds one publication: the loop comes online before it looks at the first request and
/// goes offline before it blocks, so whatever answers in between sees the same set. A request that
/// is decided in slices keeps its own: see `Publication.Reader.enter(keeping:)`.
struct EventLoop<Service: ServiceSet & ~Copyable>: ~Copyable {
  /// The poller's word of the mailbox; no connection can have it.
  static var bellWord: UInt64 { .max - 1 }

  let mailbox: LoopMailbox
  let reader: Publication.Reader
  let workers: WorkerPool
  let listeners: [ListenerSettings]
  /// What new connections of each listener are secured with; nil: plaintext.
  var tls: [TLSContext?]
  let incidents: Incidents
  /// Before the connections, whose TLS uses it.
  let pipe = TLSPipe()
  let drainTimeoutNanoseconds: UInt64
  var poller: Poller
  let context: ServerContext
  let buffers: LoopBuffers
  var services: Service
  var connections = ConnectionSlab()
  var counters = LoopCounters()
  var nowNanoseconds: UInt64 = 0
  var set: UInt = 0
  /// The publication's count when `set` was loaded.
  var seen: UInt = 0
  /// Events of the last wait, and the first that was not looked at yet.
  var eventCount = 0
  var nextEvent = 0
  /// Connections that have more to be done than one turn allows.
  var backlog = WordQueue()
  /// Requests under way in slices, oldest first, and those that wait for a place.
  var slices = SliceBoard()
  /// Requests that workers have.
  var handedOver: [HandedOver] = []
  var stop = LoopMailbox.Stop.no
  var drainEndNanoseconds: UInt64 = .max
  var sweepNanoseconds: UInt64 = .max
  /// Connections with unsent bytes, which the sweep looks at.
  var waitingCount = 0
  /// Requests that wait for newer policies.
  var awaiting: [AwaitingRequest] = []
  /// Connections that shake hands.
  var halfOpenCount = 0
  /// Requests that came in this turn and were answered in it.
  var answerCount: UInt64 = 0
  let tally: LoopTally
  /// Where requests that were decided are told.
  var log: LogSource
  private var shownLimitCount: UInt64 = 0

  init(
    _ configuration: ServerConfiguration, _ mailbox: LoopMailbox, _ reader: Publication.Reader,
    _ workers: WorkerPool, _ poller: consuming Poller, _ tls: [TLSContext?],
    _ incidents: Incidents, _ log: consuming LogSource, _ services: consuming Service
  ) {
    self.mailbox = mailbox
    tally = mailbox.tally
    self.log = log
    self.workers = workers
    self.reader = reader
    listeners = configuration.listeners
    self.tls = tls
    self.incidents = incidents
    drainTimeoutNanoseconds = configuration.drainTimeoutNanoseconds
    self.poller = poller
    context = ServerContext(methods: Service.methods, limits: configuration.session)
    buffers = LoopBuffers(securing: tls.contains { $0 != nil })
    self.services = services
  }

  /// Turns until the server stops and the last connection is gone.
  mutating func run() {
    while stop == .no || connections.count > 0 {
      if nextEvent == eventCount { wait() }
      let entry = reader.enter(keeping: slices.oldestSeen)
      set = entry.pointer
      seen = entry.count
      nowNanoseconds = SystemClock.monotonicNanoseconds()
      serveEvents()
      if !backlog.isEmpty { serveBacklog() }
      if !slices.isIdle { runSlices() }
      if nowNanoseconds >= sweepNanoseconds { sweep() }
      endTurn()
    }
    reader.leave()
    mailbox.close()
  }

  /// Waits for events: not at all while there is work left, and offline unless some of it was
  /// begun.
  private mutating func wait() {
    nextEvent = 0
    if backlog.isEmpty && slices.isIdle {
      reader.leave()
      eventCount = poller.wait(until: sweepNanoseconds)
    } else {
      eventCount = poller.poll()
    }
  }

  /// Serves connections that are ready, until all are or the turn has lasted long enough.
  private mutating func serveEvents() {
    while nextEvent < eventCount {
      let event = poller.event(at: nextEvent)
      nextEvent += 1
      if event.word == EventLoop.bellWord { readMailbox() } else { serve(event) }
      if nextEvent < eventCount && isTurnOver { return }
    }
  }

  /// Serves connections that were not done with in an earlier turn, each once.
  private mutating func serveBacklog() {
    for _ in 0..<backlog.count {
      guard let number = backlog.take() else { return }
      guard let connection = unsafe connections.find(number) else { continue }
      // SAFETY: found just now; it stays where it is until `close`.
      unsafe connection.pointee.isInBacklog = false
      unsafe answerRequests(connection, number)
      unsafe flush(connection, number)
      if isTurnOver { return }
    }
  }

  private var isTurnOver: Bool {
    SystemClock.monotonicNanoseconds() &- nowNanoseconds >= LoopLimits.turnNanoseconds
  }

  private mutating func serve(_ event: Poller.Event) {
    let number = event.word
    // A connection that was closed in this turn may still have an event in the same batch.
    guard let connection = unsafe connections.find(number) else { return }
    // SAFETY: the connection stays where it is until `close`.
    if event.isReadable {
      if unsafe connection.pointee.isInBacklog {
        // It gets its share of the turn with the backlog, and is read from when that is done.
        return
      }
      if unsafe connection.pointee.interest.contains(.readable) {
        guard unsafe receive(connection, number) else { return close(number) }
      } else if event.isOver {
        return close(number)
      }
    }
    unsafe flush(connection, number)
  }

  /// Reads once, and answers the requests that are whole by then.
  /// - Returns: false when the connection is to be closed.
  @unsafe
  private mutating func receive(
    _ connection: UnsafeMutablePointer<Connection>, _ number: UInt64
  ) -> Bool {
    // SAFETY: the buffer is the loop's own, and the connection stays where it is.
    let count = unsafe Socket.read(
      connection.pointee.descriptor.rawValue, buffers.read, LoopLimits.readByteCount)
    counters.reads &+= 1
    guard count > 0 else {
      return count == -Int(Errno.wouldBlock) || count == -Int(Errno.interrupted)
    }
    counters.bytesReceived &+= UInt64(count)
    if unsafe connection.pointee.isSecured {
      return unsafe receiveSecured(connection, number, count)
    }
    return unsafe take(ByteView(base: buffers.read, count: count), connection, number)
  }

  /// Gives plaintext to the session, and answers the requests that are whole by then.
  /// - Returns: false when the connection is to be closed.
  @unsafe
  @inline(__always)
  mutating func take(
    _ bytes: ByteView, _ connection: UnsafeMutablePointer<Connection>, _ number: UInt64
  ) -> Bool {
    // SAFETY: the connection stays where it is until the caller closes it.
    guard unsafe connection.pointee.session.receive(bytes, nowNanoseconds: nowNanoseconds) else {
      counters.connectionsBroken &+= 1
      return false
    }
    if unsafe connection.pointee.handedOverCount > 0 {
      unsafe cancelHandedOver(connection, number)
    }
    unsafe answerRequests(connection, number)
    return true
  }

  private mutating func endTurn() {
    let sessions = context.counters
    counters.turns &+= 1
    counters.connectionsOpen = UInt64(connections.count)
    counters.streamsOpen = UInt64(context.openStreamCount)
    counters.bytesHeld = UInt64(context.heldByteCount)
    counters.streams = sessions.streams
    counters.requests = sessions.requests
    counters.refusals = sessions.refusals
    counters.cancellations = sessions.cancellations
    let lasted = SystemClock.monotonicNanoseconds() &- nowNanoseconds
    counters.busyNanoseconds &+= lasted
    if lasted > LoopLimits.longTurnNanoseconds { counters.longTurns &+= 1 }
    mailbox.board.show(counters)
    if answerCount > 0 {
      // They were read and are written in this turn: one look at the clock does for all.
      tally.count(latencyNanoseconds: lasted, answers: answerCount)
      answerCount = 0
    }
    if sessions.limits.total != shownLimitCount {
      shownLimitCount = sessions.limits.total
      tally.show(sessions.limits)
    }
  }
}

/// The memory that all connections of a loop read into and write from.
@safe
struct LoopBuffers: ~Copyable {
  let read: UnsafeMutableRawPointer
  let drain: UnsafeMutableRawPointer
  /// Plaintext of connections under TLS; nil where no listener has it.
  let plain: UnsafeMutableRawPointer?

  init(securing: Bool) {
    unsafe read = .allocate(byteCount: LoopLimits.readByteCount, alignment: 64)
    unsafe drain = .allocate(byteCount: LoopLimits.drainByteCount, alignment: 64)
    unsafe plain =
      securing ? .allocate(byteCount: LoopLimits.readByteCount, alignment: 64) : nil
  }

  deinit {
    // SAFETY: allocated by the initialiser.
    unsafe read.deallocate()
    unsafe drain.deallocate()
    unsafe plain?.deallocate()
  }
}
