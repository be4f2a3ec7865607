public import VerdictHTTP2
public import VerdictSystem

/// How a server listens and what it puts up with.
public struct ServerConfiguration: Sendable {
  public var listeners: [ListenerSettings]
  /// Event loops, each with a thread of its own.
  public var loopCount: Int
  /// Told what happens at the listeners, by a thread that is no loop.
  public var report: @Sendable (ServerIncident) -> Void = { _ in }
  /// Threads for what takes longer than a loop may: inspections and large messages.
  public var workerCount = 2
  /// How long requests under way may take once the server drains; then connections are closed.
  public var drainTimeoutNanoseconds: UInt64 = 10_000_000_000
  /// Connections of the whole server. One more is accepted and closed at once, so that its peer
  /// knows.
  public var connectionCountMax = 16_384
  public var session = SessionLimits()

  public init(listeners: [ListenerSettings], loopCount: Int = Thread.processorCount) {
    precondition(loopCount > 0, "a server has at least one loop")
    self.listeners = listeners
    self.loopCount = loopCount
  }

  /// Slots that the server needs in its publication: the loops first, then the workers.
  public var slotCount: Int { loopCount + workerCount }
}

/// The bounds of a loop, with what happens when one is reached.
enum LoopLimits {
  /// Bytes taken from one connection in a turn; what is left comes with the next, after the others.
  static let readByteCount = 64 << 10
  /// Room for what one connection's turn produces; more is written in several pieces.
  static let drainByteCount = 128 << 10
  /// Unsent bytes of a connection from which on nothing more is read from it.
  static let unsentByteCountMax = 64 << 10
  /// How long a peer may take nothing of what waits for it before it is closed.
  static let stallNanoseconds: UInt64 = 30_000_000_000
  /// How long a draining connection waits for the peer to have read the first GOAWAY.
  static let shutdownNoticeNanoseconds: UInt64 = 1_000_000_000
  /// How often stalled and draining connections are looked at.
  static let sweepNanoseconds: UInt64 = 100_000_000
  /// How far two looks at what has run out of time are apart at least.
  static let expiryNanoseconds: UInt64 = 10_000_000
  /// How long a client may take to shake hands before its connection is closed.
  static let handshakeNanoseconds: UInt64 = 10_000_000_000
  /// Connections of a loop that shake hands at the same time. One more is closed at once.
  static let halfOpenCountMax = 1_024
  /// Requests of a loop that wait for newer policies. One more is FAILED_PRECONDITION at once.
  static let awaitingCountMax = 1_024
  /// How long a request waits for newer policies, whatever its deadline.
  static let awaitingNanosecondsMax: UInt64 = 10_000_000_000
  /// How long before its deadline, and a little more, a request that still waits is answered: so
  /// that its caller hears why.
  static let awaitingMarginNanoseconds: UInt64 = 50_000_000
  /// A deadline nearer than this is checked against the clock and not the turn's start.
  static let deadlineMarginNanoseconds: UInt64 = 1_000_000
}
