internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictSystem

/// A request that asked for newer policies than were in force when it came.
struct AwaitingRequest {
  let connection: UInt64
  let stream: Int32
  /// When it is answered, whatever is in force by then.
  let endNanoseconds: UInt64
  /// Of a long message: what to give to a worker again, and what it has answered.
  var long: (job: WorkerPool.Job, answer: WorkerAnswer)?
}

/// Requests that wait for newer policies. Nobody waits for them: they lie aside, are put to the
/// services again after each publication, and once more when their time is up.
extension EventLoop where Service: ~Copyable {
  /// Lays a request aside.
  /// - Returns: false where it can't wait; its answer of now holds then.
  @unsafe
  mutating func postpone(
    _ request: ServerRequest, _ connection: UnsafeMutablePointer<Connection>, _ number: UInt64
  ) -> Bool {
    guard awaiting.count < LoopLimits.awaitingCountMax else {
      context.count(.waitingForPolicies)
      return false
    }
    layAside(
      AwaitingRequest(
        connection: number, stream: request.stream,
        endNanoseconds: awaitingEnd(request.deadlineNanoseconds)))
    // SAFETY: the connection stays where it is until the caller closes it.
    unsafe connection.pointee.session.postpone(request)
    return true
  }

  /// Lays a long request aside, which a worker has looked at.
  @unsafe
  mutating func layAside(
    _ job: WorkerPool.Job, _ answer: WorkerAnswer, _ connection: UnsafeMutablePointer<Connection>
  ) -> Bool {
    // SAFETY: as above.
    guard unsafe connection.pointee.session.postponed(job.stream) != nil else { return false }
    guard awaiting.count < LoopLimits.awaitingCountMax else {
      context.count(.waitingForPolicies)
      return false
    }
    let end = job.awaitingEndNanoseconds ?? awaitingEnd(job.deadlineNanoseconds)
    if end <= nowNanoseconds {
      context.count(.policiesTimeout)
      return false
    }
    var job = job
    job.awaitingEndNanoseconds = end
    layAside(
      AwaitingRequest(
        connection: job.connection, stream: job.stream, endNanoseconds: end, long: (job, answer)))
    return true
  }

  private mutating func layAside(_ one: AwaitingRequest) {
    awaiting.append(one)
    sweepNanoseconds = min(sweepNanoseconds, one.endNanoseconds)
  }

  private func awaitingEnd(_ deadlineNanoseconds: UInt64) -> UInt64 {
    let rest = deadlineNanoseconds - min(deadlineNanoseconds, nowNanoseconds)
    // gRPC's clients round their timeouts up by as much as a hundredth.
    let margin = min(rest / 10, rest / 50 + LoopLimits.awaitingMarginNanoseconds)
    return nowNanoseconds &+ min(rest - margin, LoopLimits.awaitingNanosecondsMax)
  }

  /// Asks the services again about each request that waits, and answers those that have an answer
  /// or no more time.
  mutating func answerAwaiting() {
    let waiting = awaiting
    awaiting.removeAll(keepingCapacity: true)
    for one in waiting {
      // The connection or the stream may be gone.
      guard let connection = unsafe connections.find(one.connection),
        let request = unsafe connection.pointee.session.postponed(one.stream)
      else { continue }
      // SAFETY: found just now.
      if unsafe one.long == nil
        ? answerAwaiting(one, request, connection) : giveAgain(one, connection)
      {
        unsafe flush(connection, one.connection)
      }
    }
  }

  /// - Returns: whether something is to be sent.
  @unsafe
  private mutating func answerAwaiting(
    _ one: AwaitingRequest, _ request: ServerRequest,
    _ connection: UnsafeMutablePointer<Connection>
  ) -> Bool {
    let outcome = unsafe answerAgain(
      request, connection, mayBegin: mayBegin(connection))
    guard case .awaits(let status) = outcome else {
      return unsafe settle(outcome, request, connection, one.connection)
    }
    if nowNanoseconds < one.endNanoseconds {
      layAside(one)
      return false
    }
    context.count(.policiesTimeout)
    unsafe conclude(request, status, connection)
    return true
  }

  /// Gives a long request to a worker again, or answers it where its time is up.
  /// - Returns: whether something is to be sent.
  @unsafe
  private mutating func giveAgain(
    _ one: AwaitingRequest, _ connection: UnsafeMutablePointer<Connection>
  ) -> Bool {
    guard let (job, answer) = one.long else { preconditionFailure("only long ones are given") }
    if nowNanoseconds >= one.endNanoseconds {
      context.count(.policiesTimeout)
      return unsafe conclude(one.stream, answer, connection)
    }
    let place = workers.reserve(
      messageByteCount: job.message.bytes.count, deadlineNanoseconds: job.deadlineNanoseconds,
      nowNanoseconds: nowNanoseconds)
    if case .free = place {
      unsafe submit(job, connection)
    } else {
      layAside(one)
    }
    return false
  }
}
