internal import VerdictControl
internal import VerdictEngine
internal import VerdictGateway
internal import VerdictHTTP1
internal import VerdictHTTP2
internal import VerdictLog
internal import VerdictModel
internal import VerdictSystem

/// A socket that gateways connect to.
struct ForwardAuthListener: Sendable {
  let socket: ListeningSocket
  let identity: IdentitySources
}

/// The life of the thread that answers gateways in HTTP/1.1.
@safe
struct ForwardAuthLoop: ~Copyable {
  private let listeners: [ForwardAuthListener]
  private let bell: EventSignal
  private var poller: Poller
  private let reader: Publication.Reader
  private var services: Services
  private let tally: LoopTally
  private var log: LogSource
  private var connections: [UInt64: ForwardAuthConnection] = [:]
  /// Words of registrations: 0 is the bell's, then come the listeners', then ever new ones.
  private var nextWord: UInt64
  private var response = ResponseText()
  private let input: UnsafeMutableRawPointer
  private var nowNanoseconds: UInt64 = 0

  init(
    _ listeners: [ForwardAuthListener], _ bell: EventSignal, _ poller: consuming Poller,
    _ reader: Publication.Reader, _ services: consuming Services, _ tally: LoopTally,
    _ log: consuming LogSource
  ) {
    self.listeners = listeners
    self.bell = bell
    self.poller = poller
    self.reader = reader
    self.services = services
    self.tally = tally
    self.log = log
    nextWord = UInt64(listeners.count) + 1
    unsafe input = .allocate(byteCount: ForwardAuthLimits.readByteCount, alignment: 16)
  }

  deinit {
    // SAFETY: allocated by the initialiser.
    unsafe input.deallocate()
  }

  /// Answers until the bell rings.
  mutating func run() {
    do throws(SystemError) {
      try poller.add(bell.rawDescriptor, .readable, word: 0)
      for (index, listener) in listeners.enumerated() {
        try poller.add(listener.socket.rawDescriptor, .readable, word: UInt64(index) + 1)
      }
    } catch {
      preconditionFailure("a fresh poller takes a few descriptors")
    }
    while true {
      let count = poller.wait(
        until: connections.isEmpty ? .max : nowNanoseconds + ForwardAuthLimits.sweepNanoseconds)
      nowNanoseconds = SystemClock.monotonicNanoseconds()
      let set = reader.enter()
      for index in 0..<count {
        let event = poller.event(at: index)
        if event.word == 0 {
          finish(set)
          reader.leave()
          return
        }
        if event.word <= UInt64(listeners.count) {
          accept(listeners[Int(event.word) - 1])
        } else if let connection = connections[event.word] {
          serve(connection, event, set)
        }
      }
      reader.leave()
      sweep()
    }
  }

  // MARK: Connections

  private mutating func accept(_ listener: ForwardAuthListener) {
    for _ in 0..<64 {
      let number = listener.socket.acceptRaw()
      if number == -Errno.tooManyDescriptors || number == -Errno.tooManyDescriptorsInSystem {
        // The connection waits in the listener; one that is idle makes room for it.
        tally.count(.descriptors)
        guard closeIdlest() else { return SystemClock.sleep(nanoseconds: 10_000_000) }
        continue
      }
      guard number >= 0 else { return }
      let connection = ForwardAuthConnection(
        number, listener.identity, nowNanoseconds: nowNanoseconds,
        caller: log.isOn ? ForwardAuthLoop.caller(number) : CallerText())
      if connections.count >= ForwardAuthLimits.connectionCountMax {
        tally.count(.connections)
        if !closeIdlest() {
          refuse(connection)
          continue
        }
      }
      let word = nextWord
      nextWord += 1
      do throws(SystemError) {
        try poller.add(number, .readable, word: word)
        connections[word] = connection
      } catch {
        // No memory for one more; it closes at the end of its owner's life.
      }
    }
  }

  /// Which gateway asks, as the decision log writes it.
  private static func caller(_ number: Int32) -> CallerText {
    if let user = Socket.peerUser(number) { return CallerText(Caller.user(user).description) }
    let place = SocketAddress(peerOf: number)?.description
    return CallerText(place.map { "ip:\($0)" } ?? Caller.anonymous.description)
  }

  private mutating func refuse(_ connection: ForwardAuthConnection) {
    response.removeAll()
    response.begin(status: 503)
    response.end(body: ByteView(), isHeadOnly: true, keepsAlive: false)
    connection.unsent.append(response.bytes)
    // A fresh socket takes so little; else the peer learns it from the end.
    _ = connection.flush(nowNanoseconds)
  }

  /// Closes the connection that is idle for longest; false where none is.
  private mutating func closeIdlest() -> Bool {
    let idlest = connections.filter { $0.value.isIdle }
      .min { $0.value.sinceNanoseconds < $1.value.sinceNanoseconds }
    guard let idlest else { return false }
    connections[idlest.key] = nil
    return true
  }

  private mutating func sweep() {
    for (word, connection) in connections {
      guard let limit = connection.overdue(nowNanoseconds) else { continue }
      tally.count(limit)
      connections[word] = nil
    }
  }

  /// Answers what has arrived by now; all connections close behind it.
  private mutating func finish(_ set: UInt) {
    for connection in connections.values where connection.phase == .open {
      if read(connection, set) { _ = connection.flush(nowNanoseconds) }
    }
  }

  // MARK: Requests

  private mutating func serve(
    _ connection: ForwardAuthConnection, _ event: Poller.Event, _ set: UInt
  ) {
    let hadUnsent = connection.hasUnsent
    var isAlive = true
    if event.isReadable, !hadUnsent {
      isAlive = connection.phase == .lingering ? linger(connection) : read(connection, set)
    }
    if isAlive { isAlive = connection.flush(nowNanoseconds) }
    guard isAlive else {
      connections[event.word] = nil
      return
    }
    // As long as answers wait nothing more is read.
    if connection.hasUnsent != hadUnsent {
      poller.modify(
        connection.descriptor, connection.hasUnsent ? .writable : .readable, word: event.word)
    }
  }

  /// Reads once and answers all that is whole.
  /// - Returns: false: the peer has ended.
  private mutating func read(_ connection: ForwardAuthConnection, _ set: UInt) -> Bool {
    let count = readInput(connection)
    if count == 0 { return true }
    guard count > 0 else { return false }
    let wasInside = connection.requests.isInsideHead
    response.removeAll()
    answer(connection, count, set)
    connection.unsent.append(response.bytes)
    // A head's time runs from its first byte, whatever comes afterwards.
    if !wasInside || !response.bytes.isEmpty { connection.sinceNanoseconds = nowNanoseconds }
    return true
  }

  private mutating func answer(_ connection: ForwardAuthConnection, _ count: Int, _ set: UInt) {
    // SAFETY: the thread is online in its slot; so many bytes were read.
    let set = unsafe SnapshotSet(bits: set)
    var rest = unsafe ByteView(base: input, count: count)
    services.identify(by: connection.identity)
    while connection.phase == .open, !rest.isEmpty {
      let (outcome, used) = connection.requests.read(rest)
      rest = rest[used..<rest.count]
      switch outcome {
      case .needsMore: return
      case .head:
        conclude(
          services.forwardAuthorization(connection.requests, set, &response), connection)
        if !connection.requests.keepsAlive { connection.phase = .ending }
      case .refused(let fault):
        if fault == .tooLarge { tally.count(.headerList) }
        conclude(services.forwardAuthorization(fault, &response), connection)
        connection.phase = .ending
      }
    }
  }

  /// Counts and logs an answer.
  private mutating func conclude(_ code: RPCCode, _ connection: ForwardAuthConnection) {
    tally.count(method: LogVocabulary.forwardAuth, code)
    services.conclude(
      LogEnd(
        method: LogVocabulary.forwardAuth, status: code.rawValue,
        caller: connection.callerText.bytes, beganNanoseconds: nowNanoseconds), &log, tally)
  }

  /// Throws away what comes behind the last answer.
  private mutating func linger(_ connection: ForwardAuthConnection) -> Bool {
    let count = readInput(connection)
    connection.lingeredByteCount += max(count, 0)
    let isTooMuch = connection.lingeredByteCount > ForwardAuthLimits.lingerByteCountMax
    if isTooMuch { tally.count(.unproductiveBytes) }
    return count >= 0 && !isTooMuch
  }

  /// Reads into the thread's buffer: how many bytes, 0 for none at present, -1 at the end.
  private mutating func readInput(_ connection: ForwardAuthConnection) -> Int {
    // SAFETY: the buffer is as long as that.
    let count = unsafe Socket.read(
      connection.descriptor, input, ForwardAuthLimits.readByteCount)
    if count == -Int(Errno.wouldBlock) || count == -Int(Errno.interrupted) { return 0 }
    return count > 0 ? count : -1
  }
}
