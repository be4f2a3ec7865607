internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictSystem

/// How connections come and go.
extension EventLoop where Service: ~Copyable {
  mutating func readMailbox() {
    let post = mailbox.collect()
    for renewed in post.contexts { tls[renewed.listener] = renewed.context }
    for arrival in post.connections {
      let descriptor = FileDescriptor(owning: arrival.descriptor)
      if arrival.isBeyondLimit && !makeRoom() {
        // It closes here, at the end of its owner's life.
        mailbox.countClosed()
        continue
      }
      open(descriptor, listener: arrival.listener)
    }
    finish(post.results)
    // A new publication rings the bell.
    if !awaiting.isEmpty { answerAwaiting() }
    if !watches.isEmpty { tellWatches() }
    if post.stop > stop {
      stop = post.stop
      if stop == .now {
        for number in connections.numbers() { close(number) }
      } else {
        beginDrain()
      }
    }
  }

  private mutating func open(
    _ descriptor: consuming FileDescriptor, listener: Int
  ) {
    let rawDescriptor = descriptor.rawValue
    let number = connections.insert(
      Connection(
        descriptor, context, listener: listener, identity: listeners[listener].identity,
        isUnix: listeners[listener].address.isUnix, nowNanoseconds: nowNanoseconds))
    counters.connectionsAccepted &+= 1
    do throws(SystemError) {
      try poller.add(rawDescriptor, .readable, word: number)
    } catch {
      // The kernel has no memory for another watch: the peer sees a closed connection.
      return close(number)
    }
    guard let connection = unsafe connections.find(number) else { return }
    guard unsafe secure(connection) else { return close(number) }
    if stop == .drain { unsafe announceShutdown(connection) }
    // SAFETY: the connection stays where it is until it is closed.
    unsafe flush(connection, number)
  }

  /// Ends the connection that has had no stream for the longest time, among a few that are looked
  /// at: a server with as many connections as it may have makes room for those that are used.
  /// - Returns: false where each of them is used.
  private mutating func makeRoom() -> Bool {
    context.count(.connections)
    var oldest: (number: UInt64, idleNanoseconds: UInt64)?
    for _ in 0..<min(connections.placeCount, LoopLimits.evictionPlaceCount) {
      evictionPlace = evictionPlace + 1 < connections.placeCount ? evictionPlace + 1 : 0
      guard let number = connections.number(at: evictionPlace),
        let connection = unsafe connections.find(number),
        let idle = unsafe connection.pointee.session.idleNanoseconds
      else { continue }
      if idle < oldest?.idleNanoseconds ?? .max { oldest = (number, idle) }
    }
    guard let number = oldest?.number, let connection = unsafe connections.find(number) else {
      return false
    }
    // SAFETY: found just now; `send` does not close.
    unsafe connection.pointee.session.finishAccepting("max_connections")
    _ = unsafe send(connection, number)
    close(number)
    return true
  }

  /// Sends what there is, and closes the connection or arranges for what comes next.
  @unsafe
  @inline(__always)
  mutating func flush(_ connection: UnsafeMutablePointer<Connection>, _ number: UInt64) {
    guard unsafe send(connection, number) else { return close(number) }
    // As answers leave, calls with many messages go on.
    if unsafe connection.pointee.session.hasRequest { unsafe putOff(connection, number) }
    unsafe noteDue(connection)
  }

  /// Arranges for a sweep when the session wants one, but not too soon after the last.
  @unsafe
  @inline(__always)
  mutating func noteDue(_ connection: UnsafeMutablePointer<Connection>) {
    // SAFETY: the caller has just found it.
    let due = unsafe connection.pointee.session.dueNanoseconds
    if due < sweepNanoseconds, unsafe connection.pointee.handshakeEndNanoseconds == .max {
      // 0: there is a request to be served, in the next turn.
      sweepNanoseconds = due == 0 ? 1 : max(due, nowNanoseconds &+ LoopLimits.expiryNanoseconds)
    }
  }

  mutating func close(_ number: UInt64) {
    guard let connection = unsafe connections.find(number) else { return }
    // SAFETY: found just now.
    if unsafe connection.pointee.isWaiting { waitingCount -= 1 }
    if unsafe connection.pointee.handedOverCount > 0 { cancelHandedOver(of: number) }
    dropSlices(of: number)
    if unsafe connection.pointee.isSecured { unsafe endSecurity(connection) }
    connections.remove(number)
    mailbox.countClosed()
  }

  private mutating func beginDrain() {
    endWatches()
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

  /// Looks at every connection: closes the stalled, ends what has run out of time, sends the final
  /// GOAWAY to those that drain, and ends the drain when its time is up. Happens only while
  /// somebody stalls or drains, and when a session wants it.
  mutating func sweep() {
    sweepNanoseconds = .max
    let isTimeUp = nowNanoseconds >= drainEndNanoseconds
    for index in 0..<connections.placeCount {
      guard let number = connections.number(at: index),
        let connection = unsafe connections.find(number)
      else { continue }
      // SAFETY: found just now.
      let isStalled =
        unsafe connection.pointee.isWaiting
        && nowNanoseconds > connection.pointee.progressNanoseconds &+ LoopLimits.stallNanoseconds
      let handshakeEnd = unsafe connection.pointee.handshakeEndNanoseconds
      if nowNanoseconds > handshakeEnd {
        context.count(.handshakeTimeout)
        unsafe noteFailure(connection, "shaking hands took too long")
      }
      if isStalled || isTimeUp || nowNanoseconds > handshakeEnd {
        if isStalled { unsafe connection.pointee.session.count(.writeStall) }
        counters.connectionsBroken &+= 1
        close(number)
        continue
      }
      sweepNanoseconds = min(sweepNanoseconds, handshakeEnd)
      let isDue =
        unsafe handshakeEnd == .max
        && connection.pointee.session.dueNanoseconds <= nowNanoseconds
      if isDue, unsafe !connection.pointee.session.expire(nowNanoseconds: nowNanoseconds) {
        close(number)
        continue
      }
      // What became ready while answers left is served without anything new from the peer.
      if isDue, unsafe !take(ByteView(), connection, number) {
        close(number)
        continue
      }
      if unsafe finishAcceptingIfDue(connection) || isDue, unsafe !send(connection, number) {
        close(number)
        continue
      }
      unsafe noteDue(connection)
    }
    if !awaiting.isEmpty { answerAwaiting() }
    if areWatchesBehind { tellWatches() }
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
    unsafe connection.pointee.session.finishStreams(LoopLimits.stopping)
    return true
  }
}
