internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictSystem

/// How a loop gets rid of what the sessions have to say.
extension EventLoop where Service: ~Copyable {
  /// Writes what the session has queued, and arranges for what the socket does not take.
  /// - Returns: false when the connection is to be closed.
  @unsafe
  mutating func send(_ connection: UnsafeMutablePointer<Connection>, _ number: UInt64) -> Bool {
    // SAFETY: the connection stays where it is until the caller closes it.
    let unsentBefore = unsafe connection.pointee.unsent.count
    if unsentBefore > 0 {
      guard unsafe sendUnsent(connection) else { return false }
    }
    if unsafe connection.pointee.unsent.count == 0 {
      guard unsafe sendQueued(connection, number) else { return false }
    } else if unsafe connection.pointee.isSecured {
      guard unsafe queueSecuredBehindUnsent(connection) else { return false }
    } else {
      unsafe queueBehindUnsent(connection)
    }
    let unsent = unsafe connection.pointee.unsent.count
    if unsent == 0 && unsentBefore == 0 { return unsafe !connection.pointee.session.isOver }
    unsafe noteUnsent(connection, number)
    return unsafe unsent > 0 || !connection.pointee.session.isOver
  }

  /// The usual way: everything in one write from the loop's own buffer.
  @unsafe
  private mutating func sendQueued(
    _ connection: UnsafeMutablePointer<Connection>, _ number: UInt64
  ) -> Bool {
    if unsafe connection.pointee.isSecured { return unsafe sendSecured(connection, number) }
    let descriptor = unsafe connection.pointee.descriptor.rawValue
    for _ in 0..<LoopLimits.drainCountMax {
      // SAFETY: the buffer is the loop's own and as long as it says.
      let count = unsafe connection.pointee.session.drain(
        into: buffers.drain, byteCount: LoopLimits.drainByteCount)
      if count == 0 { return true }
      let sent = unsafe write(descriptor, buffers.drain, count)
      guard sent >= 0 else { return false }
      if sent < count {
        unsafe connection.pointee.unsent.reserve(count - sent)
          .copyMemory(from: buffers.drain + sent, byteCount: count - sent)
        unsafe connection.pointee.unsent.commit(count - sent)
        return true
      }
      if count <= LoopLimits.drainByteCount - ServerSession.drainRoomByteCount { return true }
    }
    unsafe putOff(connection, number)
    return true
  }

  /// - Returns: false when the peer is gone.
  @unsafe
  private mutating func sendUnsent(_ connection: UnsafeMutablePointer<Connection>) -> Bool {
    guard let first = unsafe connection.pointee.unsent.first else { return true }
    // SAFETY: as many bytes as are unsent.
    let sent = unsafe write(
      connection.pointee.descriptor.rawValue, first, connection.pointee.unsent.count)
    if sent < 0 { return false }
    unsafe connection.pointee.unsent.drop(sent)
    if sent > 0 { unsafe connection.pointee.progressNanoseconds = nowNanoseconds }
    return true
  }

  /// Lets a little more wait behind what waits already; the session keeps the rest.
  @unsafe
  private mutating func queueBehindUnsent(_ connection: UnsafeMutablePointer<Connection>) {
    // SAFETY: as much room as is reserved.
    while unsafe connection.pointee.unsent.count < LoopLimits.unsentByteCountMax {
      let room = ServerSession.drainRoomByteCount
      let target = unsafe connection.pointee.unsent.reserve(room)
      let count = unsafe connection.pointee.session.drain(into: target, byteCount: room)
      if count == 0 { return }
      unsafe connection.pointee.unsent.commit(count)
    }
  }

  /// Watches for room in the socket as long as something is unsent, and stops to read from a peer
  /// that takes too little.
  @unsafe
  private mutating func noteUnsent(
    _ connection: UnsafeMutablePointer<Connection>, _ number: UInt64
  ) {
    // SAFETY: the connection stays where it is until the caller closes it.
    let unsent = unsafe connection.pointee.unsent.count
    var interest: Interest = unsent > 0 ? .writable : []
    if unsent < LoopLimits.unsentByteCountMax { interest.insert(.readable) }
    if unsafe connection.pointee.interest != interest {
      let isRead = interest.contains(.readable)
      if unsafe connection.pointee.interest.contains(.readable) != isRead {
        if !isRead { context.count(.unsentBytes) }
        unsafe connection.pointee.session.pauseReading(!isRead, nowNanoseconds: nowNanoseconds)
      }
      unsafe connection.pointee.interest = interest
      unsafe poller.modify(connection.pointee.descriptor.rawValue, interest, word: number)
    }
    let isWaiting = unsent > 0
    if unsafe connection.pointee.isWaiting == isWaiting { return }
    unsafe connection.pointee.isWaiting = isWaiting
    waitingCount += isWaiting ? 1 : -1
    unsafe connection.pointee.progressNanoseconds = nowNanoseconds
    if isWaiting { planSweep() }
  }

  /// Writes once.
  /// - Returns: how many bytes were taken, -1 when the peer is gone.
  @unsafe
  mutating func write(
    _ descriptor: Int32, _ base: UnsafeRawPointer, _ byteCount: Int
  ) -> Int {
    // SAFETY: the callers' own buffers.
    let count = unsafe Socket.write(descriptor, base, byteCount)
    counters.writes &+= 1
    if count >= 0 {
      counters.bytesSent &+= UInt64(count)
      return count
    }
    return count == -Int(Errno.wouldBlock) || count == -Int(Errno.interrupted) ? 0 : -1
  }
}
