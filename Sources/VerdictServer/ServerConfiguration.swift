public import VerdictHTTP2
public import VerdictSystem

/// A place where a server listens, and what it serves there.
public struct ListenerConfiguration: Sendable {
  /// Port 0 lets the kernel choose; `Server.addresses` tells what it chose.
  public var address: SocketAddress
  /// A socket that was opened for us, instead of one of our own.
  public var passedSocket: ListeningSocket?
  /// Whether it serves the inspection service, which tells who may do what; else that is
  /// UNIMPLEMENTED.
  public var servesInspection = false

  public init(_ address: SocketAddress, servesInspection: Bool = false) {
    self.address = address
    self.servesInspection = servesInspection
  }

  public init(passed socket: ListeningSocket, servesInspection: Bool) {
    self.init(socket.address, servesInspection: servesInspection)
    passedSocket = socket
  }
}

/// How a server listens and what it puts up with.
public struct ServerConfiguration: Sendable {
  public var listeners: [ListenerConfiguration]
  /// Event loops, each with a thread of its own.
  public var loopCount: Int
  /// Threads for what takes longer than a loop may: inspections and large messages.
  public var workerCount = 2
  /// How long requests under way may take once the server drains; then connections are closed.
  public var drainTimeoutNanoseconds: UInt64 = 10_000_000_000
  /// Connections of the whole server. One more is accepted and closed at once, so that its peer
  /// knows.
  public var connectionCountMax = 16_384
  public var session = SessionLimits()

  public init(listeners: [ListenerConfiguration], loopCount: Int = Thread.processorCount) {
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
  /// A deadline nearer than this is checked against the clock and not the turn's start.
  static let deadlineMarginNanoseconds: UInt64 = 1_000_000
}
