internal import VerdictHTTP2
internal import VerdictSystem

/// A request that asked for newer policies than were in force when it came.
struct AwaitingRequest {
  let connection: UInt64
  let stream: Int32
  /// When it is answered, whatever is in force by then.
  let endNanoseconds: UInt64
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
    guard awaiting.count < LoopLimits.awaitingCountMax else { return false }
    let rest = request.deadlineNanoseconds - min(request.deadlineNanoseconds, nowNanoseconds)
    // gRPC's clients round their timeouts up by as much as a hundredth.
    let margin = min(rest / 10, rest / 50 + LoopLimits.awaitingMarginNanoseconds)
    let end = nowNanoseconds &+ min(rest - margin, LoopLimits.awaitingNanosecondsMax)
    awaiting.append(
      AwaitingRequest(connection: number, stream: request.stream, endNanoseconds: end))
    sweepNanoseconds = min(sweepNanoseconds, end)
    // SAFETY: the connection stays where it is until the caller closes it.
    unsafe connection.pointee.session.postpone(request)
    return true
  }

  /// Asks the services again about each request that waits, and answers those that have an answer
  /// or no more time.
  mutating func answerAwaiting() {
    let waiting = awaiting
    awaiting.removeAll(keepingCapacity: true)
    for one in waiting {
      // The connection or the stream may be gone.
      guard let connection = unsafe connections.find(one.connection),
        let request = unsafe connection.pointee.session.resume(one.stream)
      else { continue }
      let status = answer(request)
      let isStillAwaiting = services.takeAwaiting()
      if isStillAwaiting && nowNanoseconds < one.endNanoseconds {
        // SAFETY: found just now.
        unsafe connection.pointee.session.postpone(request)
        awaiting.append(one)
        sweepNanoseconds = min(sweepNanoseconds, one.endNanoseconds)
        continue
      }
      // SAFETY: as above.
      tally.count(method: request.method, status.code)
      unsafe connection.pointee.session.answer(request, status)
      if unsafe !send(connection, one.connection) { close(one.connection) }
    }
  }
}
