internal import Synchronization
internal import VerdictControl
internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictSystem

/// Threads for questions that take longer than a decision may: explanations and lists.
///
/// Fixed in number, with a bounded queue. A loop hands a request over and goes on; the answer comes
/// back through the loop's mailbox. Each worker has a slot of the publication, in which it is
/// online only while it answers, so that an idle worker never keeps an old set alive.
final class WorkerPool: Sendable {
  /// Requests that wait for a worker. One more is RESOURCE_EXHAUSTED at once.
  static let waitingCountMax = 64

  /// A request on its way to a worker.
  struct Job: Sendable {
    let method: UInt8
    let message: [UInt8]
    let deadlineNanoseconds: UInt64
    let connection: UInt64
    let stream: Int32
    /// Of the loop that the connection belongs to.
    let mailbox: LoopMailbox
  }

  private struct State {
    var jobs: [Job] = []
    /// Workers that wait for their bell.
    var idle: [Int] = []
    var isStopping = false
  }

  private let state = Mutex(State())
  private let bells: [EventSignal]

  init(workerCount: Int) throws(SystemError) {
    precondition(workerCount > 0, "a pool has workers")
    var bells: [EventSignal] = []
    for _ in 0..<workerCount { bells.append(try EventSignal()) }
    self.bells = bells
  }

  /// Queues a request; false where too many wait already.
  func submit(_ job: Job) -> Bool {
    let (isTaken, idle): (Bool, Int?) = state.withLock {
      guard !$0.isStopping, $0.jobs.count < WorkerPool.waitingCountMax else { return (false, nil) }
      $0.jobs.append(job)
      return (true, $0.idle.popLast())
    }
    if let idle { bells[idle].ring() }
    return isTaken
  }

  /// Lets every worker end after what it is at. Requests that wait are dropped: by then nobody is
  /// left to get an answer.
  func stop() {
    state.withLock { $0.isStopping = true }
    for bell in bells { bell.ring() }
  }

  /// A worker's life.
  ///
  /// - Parameter inspect: answers a request from the set with these bits.
  func run(
    worker: Int, _ reader: Publication.Reader,
    inspect: (_ method: UInt8, _ message: ByteView, _ set: UInt) -> WorkerAnswer
  ) {
    while let job = next(worker) {
      var answer = WorkerAnswer(
        .deadlineExceeded, "the deadline passed before the request was looked at")
      if job.deadlineNanoseconds > SystemClock.monotonicNanoseconds() {
        let set = reader.enter()
        answer = job.message.withByteView { inspect(job.method, $0, set) }
        reader.leave()
      }
      job.mailbox.deliver(
        WorkerResult(
          method: job.method, connection: job.connection, stream: job.stream, answer: answer))
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
        return ($0.jobs.removeFirst(), false)
      }
      if job != nil || isStopping { return job }
      _ = Readiness.wait(readable: [bells[worker].rawDescriptor], timeoutMilliseconds: nil)
      bells[worker].clear()
    }
  }
}

/// What a worker answers: a reply's message, or a failure with its words.
struct WorkerAnswer: Sendable {
  let code: RPCCode
  let bytes: [UInt8]

  init(reply bytes: [UInt8]) {
    code = .ok
    self.bytes = bytes
  }

  init(_ code: RPCCode, _ message: String) {
    precondition(code != .ok, "a failure has a code of its own")
    self.code = code
    bytes = Array(message.utf8)
  }
}

/// An answer on its way back to a loop. The stream, or the whole connection, may be gone by then.
struct WorkerResult: Sendable {
  let method: UInt8
  let connection: UInt64
  let stream: Int32
  let answer: WorkerAnswer
}
