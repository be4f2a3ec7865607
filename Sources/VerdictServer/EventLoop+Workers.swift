internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictSystem

/// Requests that workers answer.
extension EventLoop where Service: ~Copyable {
  /// Hands a request to the workers.
  /// - Returns: nil when they have it; else what to answer at once.
  @unsafe
  mutating func handOver(
    _ request: ServerRequest, _ connection: UnsafeMutablePointer<Connection>, _ number: UInt64
  ) -> RPCStatus? {
    // SAFETY: the connection stays where it is until the caller closes it.
    guard unsafe listeners[connection.pointee.listener].servesInspection else {
      return RPCStatus(
        .unimplemented, "the inspection service is off on this listener; see --inspect-on")
    }
    if isLate(request) {
      counters.deadlinesExceeded &+= 1
      return RPCStatus(.deadlineExceeded, "the deadline passed before the request was looked at")
    }
    let job = WorkerPool.Job(
      method: request.method, message: request.message.array,
      deadlineNanoseconds: request.deadlineNanoseconds, connection: number,
      stream: request.stream, mailbox: mailbox)
    guard workers.submit(job) else {
      return RPCStatus(.resourceExhausted, "too many inspections wait already; try again later")
    }
    unsafe connection.pointee.session.postpone(request)
    return nil
  }

  /// Sends what workers have answered, as far as somebody still waits for it.
  mutating func finish(_ results: [WorkerResult]) {
    for result in results {
      guard let connection = unsafe connections.find(result.connection) else { continue }
      // SAFETY: found just now.
      let isAwaited = result.answer.bytes.withByteView {
        unsafe connection.pointee.session.answer(
          postponed: result.stream, result.answer.code, $0)
      }
      guard isAwaited else { continue }
      tally.count(method: result.method, result.answer.code)
      guard unsafe send(connection, result.connection) else {
        close(result.connection)
        continue
      }
      unsafe noteDue(connection)
    }
  }
}
