internal import VerdictHTTP2
internal import VerdictLog
internal import VerdictModel
internal import VerdictSystem
internal import VerdictTLS

/// Connections under TLS, and who is at the other end of any.
extension EventLoop where Service: ~Copyable {
  /// Makes a fresh connection what its listener wants it to be.
  /// - Returns: false when it is to be closed at once.
  @unsafe
  mutating func secure(_ connection: UnsafeMutablePointer<Connection>) -> Bool {
    // SAFETY: the caller has just made it.
    let listener = unsafe connection.pointee.listener
    if let context = tls[listener] {
      guard halfOpenCount < LoopLimits.halfOpenCountMax else {
        self.context.count(.halfOpenConnections)
        unsafe noteFailure(connection, "too many connections are shaking hands")
        return false
      }
      halfOpenCount += 1
      unsafe connection.pointee.tls = TLSSession(accepting: context, pipe)
      unsafe connection.pointee.isSecured = true
      let end = nowNanoseconds &+ LoopLimits.handshakeNanoseconds
      unsafe connection.pointee.handshakeEndNanoseconds = end
      sweepNanoseconds = min(sweepNanoseconds, end)
      return true
    }
    if listeners[listener].address.isUnix {
      let user = unsafe Socket.peerUser(connection.pointee.descriptor.rawValue)
      unsafe identify(connection, user.map { .user($0) } ?? .anonymous)
    } else {
      unsafe identify(connection, .anonymous)
    }
    return true
  }

  /// From here on it is known who calls, and what they may call.
  @unsafe
  private mutating func identify(
    _ connection: UnsafeMutablePointer<Connection>, _ caller: Caller
  ) {
    // SAFETY: the caller has just found it.
    let rules = unsafe listeners[connection.pointee.listener].callers
    unsafe connection.pointee.caller = caller
    if log.isOn {
      let raw = unsafe connection.pointee.descriptor.rawValue
      // Who is nobody is told by where it calls from.
      let place = caller == .anonymous ? SocketAddress(peerOf: raw)?.description : nil
      unsafe connection.pointee.callerText = CallerText(
        place.map { "ip:\($0)" } ?? caller.description)
    }
    unsafe connection.pointee.refusedServices = rules?.refusedServices(caller) ?? 0
  }

  /// Notes a call that is refused; each service is told once a connection.
  @unsafe
  private mutating func noteRefused(
    _ connection: UnsafeMutablePointer<Connection>, _ method: UInt8
  ) {
    counters.callsRefused &+= 1
    let bit = Service.serviceBit(of: method)
    // SAFETY: the caller has just found it.
    guard unsafe connection.pointee.notedServices & bit == 0 else { return }
    unsafe connection.pointee.notedServices |= bit
    incidents.note(
      .callRefused(
        listener: unsafe connection.pointee.listener,
        caller: unsafe connection.pointee.caller.description,
        service: Service.serviceName(of: method)))
  }

  /// nil: the caller may call the method.
  @unsafe
  mutating func refusal(
    of method: UInt8, _ connection: UnsafeMutablePointer<Connection>
  ) -> RPCStatus? {
    // SAFETY: the caller has just found it.
    guard unsafe connection.pointee.refusedServices & Service.serviceBit(of: method) != 0 else {
      return nil
    }
    unsafe noteRefused(connection, method)
    return RPCStatus(.permissionDenied, "the caller is not on this listener's list")
  }

  // MARK: Bytes

  /// Decrypts what was read into the loop's buffer, and answers the requests in it.
  /// - Returns: false when the connection is to be closed.
  @unsafe
  mutating func receiveSecured(
    _ connection: UnsafeMutablePointer<Connection>, _ number: UInt64, _ byteCount: Int
  ) -> Bool {
    // SAFETY: the buffers are the loop's own, and the connection stays where it is.
    unsafe connection.pointee.tls?.feed(buffers.read, byteCount)
    while let plain = unsafe buffers.plain {
      let reading = unsafe connection.pointee.tls?.read(
        into: plain, byteCount: LoopLimits.readByteCount)
      unsafe noteEstablished(connection)
      switch reading {
      case .bytes(let count):
        let bytes = unsafe ByteView(base: plain, count: count)
        guard unsafe take(bytes, connection, number) else { return false }
      case .failed:
        unsafe noteFailure(connection, connection.pointee.tls?.failure ?? "")
        // The alert tells the peer why.
        _ = unsafe flushPipe(connection)
        return false
      case .ended, nil: return false
      // Only shaking hands has made bytes by itself; they go out at once.
      case .some(.none): return unsafe flushPipe(connection)
      }
    }
    preconditionFailure("a loop with a secured listener has room for plaintext")
  }

  @unsafe
  private mutating func noteEstablished(_ connection: UnsafeMutablePointer<Connection>) {
    // SAFETY: the caller has just found it.
    guard unsafe connection.pointee.handshakeEndNanoseconds != .max,
      unsafe connection.pointee.tls?.isEstablished == true
    else { return }
    unsafe connection.pointee.handshakeEndNanoseconds = .max
    unsafe connection.pointee.session.begin(nowNanoseconds: nowNanoseconds)
    halfOpenCount -= 1
    counters.handshakes &+= 1
    let name = unsafe connection.pointee.tls?.peerName
    unsafe identify(connection, name.map { .certificate($0) } ?? .anonymous)
  }

  /// Tells why a connection fails, which is closed next.
  @unsafe
  mutating func noteFailure(
    _ connection: UnsafeMutablePointer<Connection>, _ reason: String
  ) {
    // SAFETY: the caller has just found it.
    if unsafe connection.pointee.handshakeEndNanoseconds != .max {
      unsafe connection.pointee.handshakeEndNanoseconds = .max
      halfOpenCount -= 1
    }
    counters.handshakesFailed &+= 1
    incidents.note(
      .handshakeFailed(listener: unsafe connection.pointee.listener, reason: reason))
  }

  /// Encrypts what the session has queued and writes it, like `sendQueued`.
  /// - Returns: false when the connection is to be closed.
  @unsafe
  mutating func sendSecured(
    _ connection: UnsafeMutablePointer<Connection>, _ number: UInt64
  ) -> Bool {
    // SAFETY: the buffer is the loop's own and as long as it says.
    for _ in 0..<LoopLimits.drainCountMax {
      guard unsafe connection.pointee.tls?.isEstablished == true else { return true }
      let count = unsafe connection.pointee.session.drain(
        into: buffers.drain, byteCount: LoopLimits.drainByteCount)
      if count == 0 { return true }
      guard unsafe connection.pointee.tls?.write(buffers.drain, count) == true,
        unsafe flushPipe(connection)
      else { return false }
      if unsafe connection.pointee.unsent.count > 0 { return true }
      if count <= LoopLimits.drainByteCount - ServerSession.drainRoomByteCount { return true }
    }
    unsafe putOff(connection, number)
    return true
  }

  /// Encrypts a little more behind what waits already, like `queueBehindUnsent`.
  @unsafe
  mutating func queueSecuredBehindUnsent(_ connection: UnsafeMutablePointer<Connection>) -> Bool {
    // SAFETY: as above.
    while unsafe connection.pointee.unsent.count < LoopLimits.unsentByteCountMax,
      unsafe connection.pointee.tls?.isEstablished == true
    {
      let count = unsafe connection.pointee.session.drain(
        into: buffers.drain, byteCount: ServerSession.drainRoomByteCount)
      if count == 0 { return true }
      guard unsafe connection.pointee.tls?.write(buffers.drain, count) == true else {
        return false
      }
      unsafe keepPipe(connection, from: 0)
    }
    return true
  }

  /// Sends what lies in the pipe in one write; what the socket does not take waits.
  /// - Returns: false when the peer is gone.
  @unsafe
  func keepPipe(_ connection: UnsafeMutablePointer<Connection>, from sent: Int) {
    let rest = pipe.outputByteCount - sent
    if rest > 0 {
      // SAFETY: as much room as is reserved, and as many bytes as the pipe says.
      unsafe connection.pointee.unsent.reserve(rest)
        .copyMemory(from: pipe.output + sent, byteCount: rest)
      unsafe connection.pointee.unsent.commit(rest)
    }
    pipe.clear()
  }

  @unsafe
  private mutating func flushPipe(_ connection: UnsafeMutablePointer<Connection>) -> Bool {
    let count = pipe.outputByteCount
    guard count > 0 else { return true }
    var sent = 0
    // SAFETY: as many bytes as the pipe says.
    if unsafe connection.pointee.unsent.count == 0 {
      sent = unsafe write(connection.pointee.descriptor.rawValue, pipe.output, count)
      guard sent >= 0 else {
        pipe.clear()
        return false
      }
    }
    unsafe keepPipe(connection, from: sent)
    return true
  }

  /// Says good-bye, as far as the socket takes it at once.
  @unsafe
  mutating func endSecurity(_ connection: UnsafeMutablePointer<Connection>) {
    // SAFETY: the caller closes it next.
    if unsafe connection.pointee.handshakeEndNanoseconds != .max {
      if unsafe connection.pointee.tls?.hasBegun == true {
        unsafe noteFailure(connection, "the peer left while it shook hands")
      } else {
        // Somebody looked whether the port is open.
        halfOpenCount -= 1
      }
    }
    unsafe connection.pointee.tls?.end()
    if unsafe connection.pointee.unsent.count == 0, pipe.outputByteCount > 0 {
      _ = unsafe write(
        connection.pointee.descriptor.rawValue, pipe.output, pipe.outputByteCount)
    }
    pipe.clear()
  }
}
