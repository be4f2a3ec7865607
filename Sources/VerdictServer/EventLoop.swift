internal import VerdictControl
internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictSystem
internal import VerdictTLS

/// One thread's event loop: waits, and serves every connection that is ready, one read and one
/// write for each in a turn.
///
/// A turn holds one publication: the loop comes online before it looks at the first request and
/// goes offline before it blocks, so whatever answers in between sees the same set.
struct EventLoop<Service: ServiceSet & ~Copyable>: ~Copyable {
  /// The poller's word of the mailbox; no connection can have it.
  static var bellWord: UInt64 { .max }

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
  let poller: Poller
  let context: ServerContext
  let buffers: LoopBuffers
  var services: Service
  var connections = ConnectionSlab()
  var counters = LoopCounters()
  var nowNanoseconds: UInt64 = 0
  var set: UInt = 0
  var stop = LoopMailbox.Stop.no
  var drainEndNanoseconds: UInt64 = .max
  var sweepNanoseconds: UInt64 = .max
  /// Connections with unsent bytes, which the sweep looks at.
  var waitingCount = 0
  /// Requests that wait for newer policies.
  var awaiting: [AwaitingRequest] = []
  /// Connections that shake hands.
  var halfOpenCount = 0
  /// Requests that were answered in this turn.
  var answerCount: UInt64 = 0
  let tally: LoopTally
  private var shownLimitCount: UInt64 = 0

  init(
    _ configuration: ServerConfiguration, _ mailbox: LoopMailbox, _ reader: Publication.Reader,
    _ workers: WorkerPool, _ poller: consuming Poller, _ tls: [TLSContext?],
    _ incidents: Incidents, _ services: consuming Service
  ) {
    self.mailbox = mailbox
    tally = mailbox.tally
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
    self.services.count(in: mailbox.tally)
  }

  /// Turns until the server stops and the last connection is gone.
  mutating func run() {
    while stop == .no || connections.count > 0 {
      reader.leave()
      let count = poller.wait(timeoutMilliseconds: waitMilliseconds())
      set = reader.enter()
      nowNanoseconds = SystemClock.monotonicNanoseconds()
      for index in 0..<count {
        let event = poller.event(at: index)
        if event.word == EventLoop.bellWord { readMailbox() } else { serve(event) }
      }
      if nowNanoseconds >= sweepNanoseconds { sweep() }
      showCounters()
      // One look at the clock for all requests of the turn: they were read and are written in it.
      tally.count(
        turnNanoseconds: SystemClock.monotonicNanoseconds() &- nowNanoseconds, answers: answerCount)
      answerCount = 0
    }
    reader.leave()
    mailbox.close()
  }

  private func waitMilliseconds() -> Int32 {
    if sweepNanoseconds == .max { return -1 }
    let now = SystemClock.monotonicNanoseconds()
    return sweepNanoseconds <= now ? 0 : Int32((sweepNanoseconds - now) / 1_000_000 + 1)
  }

  private mutating func serve(_ event: Poller.Event) {
    let number = event.word
    // A connection that was closed in this turn may still have an event in the same batch.
    guard let connection = unsafe connections.find(number) else { return }
    // SAFETY: the connection stays where it is until `close`.
    if event.isReadable {
      if unsafe connection.pointee.interest.contains(.readable) {
        guard unsafe receive(connection, number) else { return close(number) }
      } else if event.isOver {
        return close(number)
      }
    }
    guard unsafe send(connection, number) else { return close(number) }
    unsafe noteDue(connection)
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
    while let request = unsafe connection.pointee.session.nextRequest() {
      if unsafe connection.pointee.refusedServices != 0,
        let status = unsafe refusal(of: request.method, connection)
      {
        tally.count(method: request.method, status.code)
        unsafe connection.pointee.session.answer(request, status)
        continue
      }
      if Service.isInspection(request.method) {
        if let status = unsafe handOver(request, connection, number) {
          tally.count(method: request.method, status.code)
          unsafe connection.pointee.session.answer(request, status)
        }
        continue
      }
      let status = answer(request)
      if services.takeAwaiting(), unsafe postpone(request, connection, number) { continue }
      tally.count(method: request.method, status.code)
      answerCount &+= 1
      unsafe connection.pointee.session.answer(request, status)
    }
    return true
  }

  @inline(__always)
  mutating func answer(_ request: ServerRequest) -> RPCStatus {
    if isLate(request) {
      counters.deadlinesExceeded &+= 1
      return RPCStatus(.deadlineExceeded, "the deadline passed before the request was looked at")
    }
    var reply = request.reply
    return services.answer(
      method: request.method, message: request.message, set: set,
      nowNanoseconds: nowNanoseconds, reply: &reply)
  }

  func isLate(_ request: ServerRequest) -> Bool {
    let deadline = request.deadlineNanoseconds
    if deadline == .max { return false }
    if deadline > nowNanoseconds &+ LoopLimits.deadlineMarginNanoseconds { return false }
    return deadline <= SystemClock.monotonicNanoseconds()
  }

  private mutating func showCounters() {
    let sessions = context.counters
    counters.turns &+= 1
    counters.connectionsOpen = UInt64(connections.count)
    counters.streams = sessions.streams
    counters.requests = sessions.requests
    counters.refusals = sessions.refusals
    counters.cancellations = sessions.cancellations
    mailbox.board.show(counters)
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
