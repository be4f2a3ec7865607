internal import VerdictHTTP2
internal import VerdictLog
internal import VerdictModel
internal import VerdictSystem

/// What becomes of requests that have arrived whole.
extension EventLoop where Service: ~Copyable {
  /// Answers requests that are whole, in order of arrival, up to a connection's share of a turn.
  @unsafe
  mutating func answerRequests(_ connection: UnsafeMutablePointer<Connection>, _ number: UInt64) {
    var requestsLeft = LoopLimits.turnRequestCountMax
    let checkCountEnd = services.checkCount &+ LoopLimits.turnCheckCountMax
    // SAFETY: the connection stays where it is until the caller closes it.
    unsafe services.identify(by: connection.pointee.identity)
    while let request = unsafe connection.pointee.session.nextRequest() {
      unsafe serve(request, connection, number)
      requestsLeft &-= 1
      if requestsLeft == 0 || services.checkCount >= checkCountEnd {
        if unsafe connection.pointee.session.hasRequest { unsafe putOff(connection, number) }
        return
      }
    }
  }

  /// Lets a connection go on in the next turn, after the others.
  @unsafe
  mutating func putOff(_ connection: UnsafeMutablePointer<Connection>, _ number: UInt64) {
    // SAFETY: as above.
    if unsafe connection.pointee.isInBacklog { return }
    unsafe connection.pointee.isInBacklog = true
    backlog.add(number)
    counters.putOff &+= 1
  }

  @unsafe
  @inline(__always)
  private mutating func serve(
    _ request: ServerRequest, _ connection: UnsafeMutablePointer<Connection>, _ number: UInt64
  ) {
    // SAFETY: as above.
    if unsafe connection.pointee.refusedServices != 0,
      let status = unsafe refusal(of: request.method, connection)
    {
      unsafe conclude(request, status, connection)
    } else if isLate(request.deadlineNanoseconds) {
      counters.deadlinesExceeded &+= 1
      unsafe conclude(request, LoopLimits.late, connection)
    } else if Service.isInspection(request.method) {
      unsafe handOverInspection(request, connection, number)
    } else if Service.isWatch(request.method) {
      unsafe beginWatch(request, connection, number)
    } else if request.isCompressed || request.message.count > LoopLimits.messageByteCountMax {
      unsafe handOver(request, connection, number)
    } else {
      unsafe answer(request, connection, number)
    }
  }

  @unsafe
  @inline(__always)
  private mutating func answer(
    _ request: ServerRequest, _ connection: UnsafeMutablePointer<Connection>, _ number: UInt64
  ) {
    // SAFETY: as above.
    var reply = request.reply
    let mayBegin = unsafe mayBegin(connection)
    if !mayBegin && request.message.count >= LoopLimits.likelyBatchByteCount {
      // Its unpacking would have to be done again.
      _ = unsafe wait(request, connection, number)
      return
    }
    let outcome = services.answer(
      method: request.method, message: request.message, set: set, nowNanoseconds: nowNanoseconds,
      mayBegin: mayBegin, reply: &reply)
    if case .answered(let status) = outcome {
      noteMemory(status)
      unsafe conclude(request, status, connection)
    } else {
      unsafe settle(outcome, request, connection, number)
    }
  }

  /// Does with a request what its services want.
  /// - Returns: whether something is to be sent.
  @unsafe
  @discardableResult
  mutating func settle(
    _ outcome: ServiceOutcome, _ request: ServerRequest,
    _ connection: UnsafeMutablePointer<Connection>, _ number: UInt64
  ) -> Bool {
    // SAFETY: as above.
    switch outcome {
    case .answered(let status):
      noteMemory(status)
      unsafe conclude(request, status, connection)
    case .begun(let place):
      unsafe begin(request, place, connection, number)
      return false
    case .mustWait: return unsafe wait(request, connection, number)
    case .forWorkers: return unsafe handOver(request, connection, number)
    case .toBeVerified: return unsafe handOver(request, connection, number, isBrief: true)
    case .awaits(let status):
      if unsafe postpone(request, connection, number) { return false }
      unsafe conclude(request, status, connection)
    }
    return true
  }

  /// Counts an answer of the services that says that memory was not enough, which is all that they
  /// say so for.
  @inline(__always)
  mutating func noteMemory(_ status: RPCStatus) {
    if status.code == .resourceExhausted { context.count(.requestMemory) }
  }

  /// Puts a request to the services that was laid aside.
  @unsafe
  mutating func answerAgain(
    _ request: ServerRequest, _ connection: UnsafeMutablePointer<Connection>, mayBegin: Bool
  ) -> ServiceOutcome {
    if isLate(request.deadlineNanoseconds) {
      counters.deadlinesExceeded &+= 1
      return .answered(LoopLimits.late)
    }
    // SAFETY: as above.
    unsafe services.identify(by: connection.pointee.identity)
    var reply = request.reply
    reply.removeAll()
    return services.answer(
      method: request.method, message: request.message, set: set, nowNanoseconds: nowNanoseconds,
      mayBegin: mayBegin, reply: &reply)
  }

  @inline(__always)
  func isLate(_ deadlineNanoseconds: UInt64) -> Bool {
    if deadlineNanoseconds == .max { return false }
    if deadlineNanoseconds > nowNanoseconds &+ LoopLimits.deadlineMarginNanoseconds {
      return false
    }
    return deadlineNanoseconds <= SystemClock.monotonicNanoseconds()
  }

  /// Refuses a request before anything was done for it.
  @unsafe
  mutating func refuse(
    _ request: ServerRequest, _ connection: UnsafeMutablePointer<Connection>, _ status: RPCStatus
  ) {
    counters.overloads &+= 1
    unsafe conclude(request, status, connection)
  }

  /// Queues the answer of a request, and counts it.
  @unsafe
  @inline(__always)
  mutating func conclude(
    _ request: ServerRequest, _ status: RPCStatus, _ connection: UnsafeMutablePointer<Connection>
  ) {
    unsafe count(request, status.code, connection)
    // SAFETY: as above.
    unsafe connection.pointee.session.answer(request, status)
  }

  /// Counts and logs an answer.
  @unsafe
  @inline(__always)
  mutating func count(
    _ request: ServerRequest, _ code: RPCCode, _ connection: UnsafeMutablePointer<Connection>
  ) {
    let readyNanoseconds = request.readyNanoseconds
    tally.count(method: request.method, code)
    // SAFETY: as above.
    services.conclude(
      LogEnd(
        method: request.method, status: code.rawValue,
        caller: unsafe connection.pointee.callerText.bytes, beganNanoseconds: readyNanoseconds),
      &log, tally)
    if readyNanoseconds >= nowNanoseconds {
      answerCount &+= 1
    } else {
      // It was under way for more than a turn.
      tally.count(
        latencyNanoseconds: SystemClock.monotonicNanoseconds() &- readyNanoseconds, answers: 1)
    }
  }
}
