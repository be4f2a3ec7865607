internal import VerdictHTTP1
internal import VerdictModel
internal import VerdictSystem

/// Bounds of the endpoint, with what happens when one is reached. `HeadLimits` bounds the heads.
/// Hits are counted under the name of the like bound of HTTP/2: see docs/limits.md.
enum AdminLimits {
  /// Connections at a time. One more takes the place of the one that has been silent for longest.
  static let connectionCountMax = 64
  /// For a head from its first byte, for a peer to take an answer, and to end after the last one. A
  /// connection that takes longer is closed.
  static let requestNanoseconds: UInt64 = 10_000_000_000
  /// Without a request; scrapers come once a minute at least. A connection that is idle for longer
  /// is closed.
  static let idleNanoseconds: UInt64 = 180_000_000_000
  /// Between looks at what has taken too long.
  static let sweepNanoseconds: UInt64 = 1_000_000_000
  static let readByteCount = 16 << 10
  /// Answers that wait to be sent. A connection that asks for more without reading is ended behind
  /// them.
  static let unsentByteCountMax = 1 << 20
}

/// The life of the endpoint's thread.
@safe
struct AdminLoop: ~Copyable {
  private let listener: ListeningSocket
  private let bell: EventSignal
  private var poller: Poller
  private let pages: AdminEndpoint.Pages
  private var connections: [UInt64: AdminConnection] = [:]
  private var limits = LimitCounts()
  /// Words of registrations: 0 is the bell's, 1 the listener's, then come ever new ones.
  private var nextWord: UInt64 = 2
  private let input: UnsafeMutableRawPointer
  private var nowNanoseconds: UInt64 = 0

  init(
    _ listener: ListeningSocket, _ bell: EventSignal, _ poller: consuming Poller,
    _ pages: AdminEndpoint.Pages
  ) {
    self.listener = listener
    self.bell = bell
    self.poller = poller
    self.pages = pages
    unsafe input = .allocate(byteCount: AdminLimits.readByteCount, alignment: 16)
  }

  deinit {
    // SAFETY: allocated by the initialiser.
    unsafe input.deallocate()
  }

  /// Answers until the bell rings.
  mutating func run() {
    do throws(SystemError) {
      try poller.add(bell.rawDescriptor, .readable, word: 0)
      try poller.add(listener.rawDescriptor, .readable, word: 1)
    } catch {
      preconditionFailure("a fresh poller takes two descriptors")
    }
    while true {
      let count = poller.wait(
        until: connections.isEmpty ? .max : nowNanoseconds + AdminLimits.sweepNanoseconds)
      nowNanoseconds = SystemClock.monotonicNanoseconds()
      for index in 0..<count {
        let event = poller.event(at: index)
        if event.word == 0 { return }
        if event.word == 1 { accept() } else { serve(event) }
      }
      sweep()
    }
  }

  // MARK: Connections

  private mutating func sweep() {
    for (word, connection) in connections {
      guard let limit = connection.overdue(nowNanoseconds) else { continue }
      limits.add(limit)
      connections[word] = nil
    }
  }

  private mutating func accept() {
    let number = listener.acceptRaw()
    if number == -Errno.tooManyDescriptors || number == -Errno.tooManyDescriptorsInSystem {
      limits.add(.descriptors)
      // The connection waits in the listener; a silent one makes room for it.
      if !closeSilent() { SystemClock.sleep(nanoseconds: 10_000_000) }
      return
    }
    guard number >= 0 else { return }
    if connections.count >= AdminLimits.connectionCountMax {
      limits.add(.connections)
      _ = closeSilent()
    }
    let connection = AdminConnection(number, nowNanoseconds)
    do throws(SystemError) {
      try poller.add(number, .readable, word: nextWord)
      connections[nextWord] = connection
      nextWord += 1
    } catch {
      // No memory for one more; it closes at the end of its owner's life.
    }
  }

  /// Closes the connection that has been silent for longest; false where there is none.
  private mutating func closeSilent() -> Bool {
    let silent = connections.min { $0.value.sinceNanoseconds < $1.value.sinceNanoseconds }
    guard let silent else { return false }
    connections[silent.key] = nil
    return true
  }

  private mutating func serve(_ event: Poller.Event) {
    guard let connection = connections[event.word] else { return }
    let hadUnsent = connection.hasUnsent
    var isAlive = true
    if event.isReadable, !hadUnsent { isAlive = read(connection) }
    if isAlive { isAlive = connection.flush(nowNanoseconds) }
    guard isAlive else {
      connections[event.word] = nil
      return
    }
    // As long as an answer waits nothing more is read.
    if connection.hasUnsent != hadUnsent {
      poller.modify(
        connection.descriptor, connection.hasUnsent ? .writable : .readable, word: event.word)
    }
  }

  // MARK: Requests

  /// Reads once and answers all that is whole.
  /// - Returns: false: the peer has ended.
  private mutating func read(_ connection: AdminConnection) -> Bool {
    // SAFETY: the buffer is as long as that.
    let count = unsafe Socket.read(connection.descriptor, input, AdminLimits.readByteCount)
    if count == -Int(Errno.wouldBlock) || count == -Int(Errno.interrupted) { return true }
    guard count > 0 else { return false }
    if !connection.requests.isInsideHead { connection.sinceNanoseconds = nowNanoseconds }
    // SAFETY: so many bytes were read.
    var rest = unsafe ByteView(base: input, count: count)
    // What comes behind the last request is thrown away.
    while !connection.isEnding, !rest.isEmpty {
      let (outcome, used) = connection.requests.read(rest)
      rest = rest[used..<rest.count]
      switch outcome {
      case .needsMore: return true
      case .head: connection.answer(pages, &limits)
      case .refused(let fault):
        if fault == .tooLarge { limits.add(.headerList) }
        connection.refuse(fault)
      }
    }
    return true
  }
}
