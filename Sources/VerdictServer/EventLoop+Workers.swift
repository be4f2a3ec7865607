internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictSystem

/// Requests that workers answer.
extension EventLoop where Service: ~Copyable {
  /// Hands over a question about who may do what, where the listener serves those.
  @unsafe
  mutating func handOverInspection(
    _ request: ServerRequest, _ connection: UnsafeMutablePointer<Connection>, _ number: UInt64
  ) {
    // SAFETY: the connection stays where it is until the caller closes it.
    guard unsafe listeners[connection.pointee.listener].servesInspection else {
      return unsafe conclude(
        request,
        RPCStatus(
          .unimplemented, "the inspection service is off on this listener; see --inspect-on"),
        connection)
    }
    unsafe handOver(request, connection, number)
  }

  /// Hands a request to the workers, or refuses it where they have too much to do.
  /// - Returns: whether it was refused, which is to be sent.
  @unsafe
  @discardableResult
  mutating func handOver(
    _ request: ServerRequest, _ connection: UnsafeMutablePointer<Connection>, _ number: UInt64,
    isBrief: Bool = false
  ) -> Bool {
    let place = workers.reserve(
      messageByteCount: request.message.count, deadlineNanoseconds: request.deadlineNanoseconds,
      nowNanoseconds: nowNanoseconds, isBrief: isBrief)
    switch place {
    case .free: break
    case .full:
      counters.fullQueues &+= 1
      context.count(.waitingForWorkers)
      unsafe refuse(request, connection, LoopLimits.tooManyWait)
      return true
    case .tooLate:
      counters.hopeless &+= 1
      unsafe refuse(request, connection, LoopLimits.tooBusy)
      return true
    }
    let (stream, isCompressed) = (request.stream, request.isCompressed)
    let job = WorkerPool.Job(
      method: request.method, identity: unsafe connection.pointee.identity,
      message: unsafe connection.pointee.session.detachMessage(of: request),
      isCompressed: isCompressed,
      deadlineNanoseconds: request.deadlineNanoseconds, connection: number, stream: stream,
      mailbox: mailbox)
    // SAFETY: as above.
    unsafe connection.pointee.session.postpone(request)
    unsafe submit(job, connection)
    return false
  }

  /// Gives a job for which a place is reserved to the workers.
  @unsafe
  mutating func submit(_ job: WorkerPool.Job, _ connection: UnsafeMutablePointer<Connection>) {
    counters.handedOver &+= 1
    // SAFETY: as above.
    unsafe connection.pointee.handedOverCount += 1
    handedOver.append(
      HandedOver(connection: job.connection, stream: job.stream, ticket: job.ticket))
    workers.submit(job)
  }

  /// Tells the workers of those requests of a connection that nobody waits for any more.
  @unsafe
  mutating func cancelHandedOver(
    _ connection: UnsafeMutablePointer<Connection>, _ number: UInt64
  ) {
    for one in handedOver where one.connection == number {
      // SAFETY: as above.
      if unsafe connection.pointee.session.postponed(one.stream) == nil { one.ticket.cancel() }
    }
  }

  /// Tells them of all requests of a connection that closes.
  mutating func cancelHandedOver(of number: UInt64) {
    for one in handedOver where one.connection == number { one.ticket.cancel() }
  }

  /// Sends what workers have answered, as far as somebody still waits for it.
  mutating func finish(_ results: [WorkerResult]) {
    for result in results {
      if let news = result.news { services.learn(news) }
      if let index = handedOver.firstIndex(where: {
        $0.connection == result.connection && $0.stream == result.stream
      }) {
        handedOver.swapAt(index, handedOver.count - 1)
        handedOver.removeLast()
      }
      guard let connection = unsafe connections.find(result.connection) else { continue }
      // SAFETY: found just now.
      unsafe connection.pointee.handedOverCount -= 1
      if let job = result.awaiting, unsafe layAside(job, result.answer, connection) { continue }
      if unsafe conclude(result.stream, result.answer, connection) {
        unsafe flush(connection, result.connection)
      }
    }
  }

  /// Queues what a worker has answered, and counts it.
  /// - Returns: false where nobody waits for it any more.
  @unsafe
  mutating func conclude(
    _ stream: Int32, _ answer: WorkerAnswer, _ connection: UnsafeMutablePointer<Connection>
  ) -> Bool {
    // SAFETY: the caller has just found it.
    guard let request = unsafe connection.pointee.session.postponed(stream) else { return false }
    if let parcel = answer.parcel { services.restore(parcel) }
    if let limit = answer.limit { context.count(limit) }
    unsafe count(request, answer.code, connection)
    return answer.bytes.withByteView {
      unsafe connection.pointee.session.answer(postponed: stream, answer.code, $0)
    }
  }
}

/// A request that a worker has.
struct HandedOver {
  let connection: UInt64
  let stream: Int32
  let ticket: WorkerTicket
}
