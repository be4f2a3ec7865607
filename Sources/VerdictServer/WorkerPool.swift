internal import Synchronization
internal import VerdictControl
internal import VerdictGateway
internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictSystem

/// Threads for what takes longer than a loop may: explanations, lists, and large messages.
///
/// Fixed in number, with a bounded queue. A loop hands a request over and goes on; the answer comes
/// back through the loop's mailbox. Each worker has a slot of the publication, in which it is
/// online only while it answers, so that an idle worker never keeps an old set alive.
final class WorkerPool: Sendable {
  /// Requests that wait for a worker, and the bytes of their messages. What goes beyond is
  /// UNAVAILABLE at once.
  static let waitingCountMax = 64
  /// The same for what takes a worker no longer than a signature does to be verified. More, because
  /// after a start everybody's comes at once.
  static let waitingBriefCountMax = 1_024
  static let waitingByteCountMax = 64 << 20

  /// A request on its way to a worker.
  struct Job: Sendable {
    let method: UInt8
    /// Of the listener that it came to.
    let identity: IdentitySources
    var message: DetachedMessage
    /// Whether it has to be decompressed first.
    var isCompressed = false
    let deadlineNanoseconds: UInt64
    let connection: UInt64
    let stream: Int32
    /// Of the loop that the connection belongs to.
    let mailbox: LoopMailbox
    let ticket = WorkerTicket()
    /// When it is answered at the latest, where it waits for newer policies.
    var awaitingEndNanoseconds: UInt64?

    fileprivate func isSameConnection(as other: Job) -> Bool {
      connection == other.connection && mailbox === other.mailbox
    }
  }

  /// Whether a request may be handed over.
  enum Place {
    case free
    case full
    /// By what those before it take, its deadline would pass.
    case tooLate
  }

  private struct State {
    var jobs: [Job] = []
    /// Of the jobs, and of what was reserved for and not submitted yet.
    var count = 0
    var byteCount = 0
    /// By worker: what it is at.
    var current: [Job?]
    /// Workers that wait for their bell.
    var idle: [Int] = []
    /// What a request has taken of late, on average, in nanoseconds.
    var meanNanoseconds: UInt64 = 0
    var isStopping = false
  }

  private let state: Mutex<State>
  private let bells: [EventSignal]
  private let messageByteCountMax: Int

  /// - Parameter messageByteCountMax: longest message once it is decompressed.
  init(
    workerCount: Int, messageByteCountMax: Int = Limits.messageByteCountMax
  ) throws(SystemError) {
    precondition(workerCount > 0, "a pool has workers")
    var bells: [EventSignal] = []
    for _ in 0..<workerCount { bells.append(try EventSignal()) }
    self.bells = bells
    self.messageByteCountMax = messageByteCountMax
    state = Mutex(State(current: Array(repeating: nil, count: workerCount)))
  }

  /// Reserves a place in the queue; where it is free, `submit` has to follow.
  func reserve(
    messageByteCount: Int, deadlineNanoseconds: UInt64, nowNanoseconds: UInt64,
    isBrief: Bool = false
  ) -> Place {
    let countMax = isBrief ? WorkerPool.waitingBriefCountMax : WorkerPool.waitingCountMax
    return state.withLock {
      guard !$0.isStopping, $0.count < countMax,
        $0.byteCount + messageByteCount <= WorkerPool.waitingByteCountMax
      else { return .full }
      let ahead = UInt64($0.count + bells.count - $0.idle.count)
      let wait = ahead * $0.meanNanoseconds / UInt64(bells.count)
      guard deadlineNanoseconds > nowNanoseconds &+ wait else { return .tooLate }
      $0.count += 1
      $0.byteCount += messageByteCount
      return .free
    }
  }

  /// Queues a request for which a place was reserved.
  func submit(_ job: Job) {
    let idle: Int? = state.withLock {
      $0.jobs.append(job)
      return $0.idle.popLast()
    }
    if let idle { bells[idle].ring() }
  }

  /// Lets every worker end after what it is at. Requests that wait are dropped: by then nobody is
  /// left to get an answer.
  func stop() {
    state.withLock { $0.isStopping = true }
    for bell in bells { bell.ring() }
  }

  /// A worker's life.
  func run<Service: ServiceSet & ~Copyable>(
    worker: Int, _ reader: Publication.Reader, _ services: consuming Service
  ) {
    var bench = WorkerBench(reader, services, messageByteCountMax: messageByteCountMax)
    while let job = next(worker) {
      let start = SystemClock.monotonicNanoseconds()
      var job = job
      let (answer, isAwaiting) = bench.answer(&job, nowNanoseconds: start)
      // Views of it were in use until now.
      extendLifetime(job.message)
      let took = SystemClock.monotonicNanoseconds() &- start
      state.withLock {
        $0.current[worker] = nil
        $0.meanNanoseconds = ($0.meanNanoseconds &* 7 &+ took) / 8
      }
      job.mailbox.deliver(
        WorkerResult(
          connection: job.connection, stream: job.stream, answer: answer,
          awaiting: isAwaiting ? job : nil, news: bench.takeNews()))
    }
  }

  /// The next request; nil: the pool stops.
  private func next(_ worker: Int) -> Job? {
    while true {
      let (job, isStopping): (Job?, Bool) = state.withLock {
        // Whoever looks is awake, however it was woken.
        $0.idle.removeAll { $0 == worker }
        if $0.isStopping { return (nil, true) }
        if $0.jobs.isEmpty {
          $0.idle.append(worker)
          return (nil, false)
        }
        return (WorkerPool.take(worker, &$0), false)
      }
      if job != nil || isStopping { return job }
      _ = Readiness.wait(readable: [bells[worker].rawDescriptor], timeoutMilliseconds: nil)
      bells[worker].clear()
    }
  }

  /// The request that waits longest of a connection that no worker serves, so that nobody with many
  /// keeps the others waiting; else the one that waits longest.
  private static func take(_ worker: Int, _ state: inout State) -> Job {
    let index =
      state.jobs.firstIndex { job in
        !state.current.contains { $0?.isSameConnection(as: job) ?? false }
      } ?? 0
    let job = state.jobs.remove(at: index)
    state.count -= 1
    state.byteCount -= job.message.bytes.count
    state.current[worker] = job
    return job
  }
}

/// Whether anybody still waits for what a worker does.
final class WorkerTicket: Sendable {
  private let cancelled = Atomic<Bool>(false)

  func cancel() { cancelled.store(true, ordering: .relaxed) }

  var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
}
