internal import VerdictHTTP2
internal import VerdictSystem

/// How connections come and go.
extension EventLoop where Service: ~Copyable {
  mutating func readMailbox() {
    let (fresh, results, wanted) = mailbox.collect()
    for arrival in fresh {
      open(
        FileDescriptor(owning: arrival.descriptor), servesInspection: arrival.servesInspection)
    }
    finish(results)
    if wanted > stop {
      stop = wanted
      if wanted == .now {
        for number in connections.numbers() { close(number) }
      } else {
        beginDrain()
      }
    }
  }

  private mutating func open(
    _ descriptor: consuming FileDescriptor, servesInspection: Bool
  ) {
    let rawDescriptor = descriptor.rawValue
    let number = connections.insert(
      Connection(descriptor, context, servesInspection: servesInspection))
    counters.connectionsAccepted &+= 1
    do throws(SystemError) {
      try poller.add(rawDescriptor, .readable, word: number)
    } catch {
      // The kernel has no memory for another watch: the peer sees a closed connection.
      return close(number)
    }
    guard let connection = unsafe connections.find(number) else { return }
    if stop == .drain { unsafe announceShutdown(connection) }
    // SAFETY: the connection stays where it is until it is closed.
    guard unsafe send(connection, number) else { return close(number) }
  }

  mutating func close(_ number: UInt64) {
    guard let connection = unsafe connections.find(number) else { return }
    // SAFETY: found just now.
    if unsafe connection.pointee.isWaiting { waitingCount -= 1 }
    connections.remove(number)
    mailbox.countClosed()
  }

  private mutating func beginDrain() {
    drainEndNanoseconds = nowNanoseconds &+ drainTimeoutNanoseconds
    for number in connections.numbers() {
      guard let connection = unsafe connections.find(number) else { continue }
      // SAFETY: found just now; `send` does not close.
      unsafe announceShutdown(connection)
      if unsafe !send(connection, number) { close(number) }
    }
    planSweep()
  }

  @unsafe
  private func announceShutdown(_ connection: UnsafeMutablePointer<Connection>) {
    // SAFETY: the caller has just found it.
    unsafe connection.pointee.session.announceShutdown()
    unsafe connection.pointee.shutdownNanoseconds = nowNanoseconds
  }

  mutating func planSweep() {
    sweepNanoseconds = min(
      sweepNanoseconds, nowNanoseconds &+ LoopLimits.sweepNanoseconds, drainEndNanoseconds)
  }

  /// Looks at every connection: closes the stalled, sends the final GOAWAY to those that drain, and
  /// ends the drain when its time is up. Happens only while somebody stalls or drains.
  mutating func sweep() {
    sweepNanoseconds = .max
    let isTimeUp = nowNanoseconds >= drainEndNanoseconds
    for number in connections.numbers() {
      guard let connection = unsafe connections.find(number) else { continue }
      // SAFETY: found just now.
      let isStalled =
        unsafe connection.pointee.isWaiting
        && nowNanoseconds > connection.pointee.progressNanoseconds &+ LoopLimits.stallNanoseconds
      if isStalled || isTimeUp {
        counters.connectionsBroken &+= 1
        close(number)
        continue
      }
      if unsafe finishAcceptingIfDue(connection), unsafe !send(connection, number) {
        close(number)
      }
    }
    if waitingCount > 0 || (stop == .drain && connections.count > 0) { planSweep() }
  }

  /// Queues the final GOAWAY once the peer has read the first, or had the time to.
  @unsafe
  private func finishAcceptingIfDue(_ connection: UnsafeMutablePointer<Connection>) -> Bool {
    // SAFETY: the caller has just found it.
    let began = unsafe connection.pointee.shutdownNanoseconds
    guard began > 0, unsafe !connection.pointee.isFinalGoAwayQueued else { return false }
    let isDue =
      unsafe connection.pointee.session.isShutdownAcknowledged
      || nowNanoseconds >= began &+ LoopLimits.shutdownNoticeNanoseconds
    guard isDue else { return false }
    unsafe connection.pointee.isFinalGoAwayQueued = true
    unsafe connection.pointee.session.finishAccepting()
    return true
  }
}
