internal import VerdictControl
internal import VerdictGateway
internal import VerdictHTTP2
internal import VerdictLog
internal import VerdictModel
internal import VerdictSystem

/// Where one worker does its work: its own services, its slot of the publication, its reply.
struct WorkerBench<Service: ServiceSet & ~Copyable>: ~Copyable {
  private let reader: Publication.Reader
  private var services: Service
  private var reply = DetachedReply()
  private var inflater = MessageInflater()
  private let messageByteCountMax: Int

  /// - Parameter messageByteCountMax: longest message once it is decompressed.
  init(
    _ reader: Publication.Reader, _ services: consuming Service, messageByteCountMax: Int
  ) {
    self.reader = reader
    self.services = services
    self.messageByteCountMax = messageByteCountMax
  }

  /// The answer, and whether it would be another one with newer policies. A compressed message is
  /// replaced by what it was before.
  mutating func answer(
    _ job: inout WorkerPool.Job, nowNanoseconds: UInt64
  ) -> (WorkerAnswer, isAwaiting: Bool) {
    if let end = Self.end(of: job, nowNanoseconds) { return (end, false) }
    if job.isCompressed {
      do throws(RPCFailure) {
        job.message = try inflater.plain(job.message, byteCountMax: messageByteCountMax)
        job.isCompressed = false
      } catch {
        _ = reply.begin()
        var answer = WorkerAnswer(error.status, reply)
        answer.limit = error.limit
        return (answer, false)
      }
    }
    let set = reader.enter()
    defer { reader.leave() }
    if Service.isInspection(job.method) {
      return (services.inspect(method: job.method, message: job.message.bytes, set: set), false)
    }
    services.identify(by: job.identity)
    var buffer = reply.begin()
    let outcome = services.answer(
      method: job.method, message: job.message.bytes, set: set, nowNanoseconds: nowNanoseconds,
      mayBegin: true, reply: &buffer)
    switch outcome {
    case .answered(let status):
      return (WorkerAnswer(status, reply, services.detachDraft()), false)
    case .awaits(let status): return (WorkerAnswer(status, reply), true)
    case .begun(let place):
      while !services.advance(place) {
        if let end = Self.end(of: job, SystemClock.monotonicNanoseconds()) {
          services.drop(place)
          return (end, false)
        }
      }
      let status = services.finish(place, reply: &buffer)
      return (WorkerAnswer(status, reply, services.detachDraft()), false)
    case .mustWait, .forWorkers, .toBeVerified:
      preconditionFailure("a worker has one request at a time, and nobody else to give it to")
    }
  }

  mutating func takeNews() -> VerifiedToken? { services.takeNews() }

  /// What to answer where going on makes no sense.
  private static func end(of job: WorkerPool.Job, _ nowNanoseconds: UInt64) -> WorkerAnswer? {
    if job.ticket.isCancelled { return WorkerAnswer(.cancelled, "nobody waits for it") }
    if job.deadlineNanoseconds > nowNanoseconds { return nil }
    return WorkerAnswer(.deadlineExceeded, "the deadline passed before the request was answered")
  }
}

/// What a worker answers: a reply's message, or a failure with its words.
struct WorkerAnswer: Sendable {
  let code: RPCCode
  let bytes: [UInt8]
  /// What is to be counted and logged of the request, by the loop that answers it.
  var parcel: LogParcel?
  /// A limit that the request goes beyond, to be counted by that loop. Services say that something
  /// is exhausted for one alone.
  var limit: Limit?

  init(reply bytes: [UInt8]) {
    code = .ok
    self.bytes = bytes
  }

  init(_ code: RPCCode, _ message: String) {
    precondition(code != .ok, "a failure has a code of its own")
    self.code = code
    bytes = Array(message.utf8)
    limit = code == .resourceExhausted ? .requestMemory : nil
  }

  /// What the services have answered into a worker's reply.
  init(_ status: RPCStatus, _ reply: borrowing DetachedReply, _ parcel: LogParcel? = nil) {
    code = status.code
    bytes = reply.bytes(of: status)
    self.parcel = parcel
    limit = code == .resourceExhausted ? .requestMemory : nil
  }
}

/// An answer on its way back to a loop. The stream, or the whole connection, may be gone by then.
struct WorkerResult: Sendable {
  let connection: UInt64
  let stream: Int32
  let answer: WorkerAnswer
  /// The request, where it waits for newer policies.
  let awaiting: WorkerPool.Job?
  let news: VerifiedToken?
}
