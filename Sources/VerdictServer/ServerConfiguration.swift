public import VerdictHTTP2
public import VerdictLog
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
  /// Where requests that were decided are told; has a place for every loop.
  public var log: DecisionLog?

  public init(listeners: [ListenerSettings], loopCount: Int = Thread.processorCount) {
    precondition(loopCount > 0, "a server has at least one loop")
    self.listeners = listeners
    self.loopCount = loopCount
  }

  /// Where a loop puts what it has to say.
  func logSource(loop: Int) -> LogSource {
    if let log { return log.source(loop: loop) }
    return LogSource()
  }

  /// Slots that the server needs in its publication: the loops first, then the workers.
  public var slotCount: Int { loopCount + workerCount }
}
