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
  /// Connections of the whole server. For one more, one that has had no stream for long ends; where
  /// all are used, the new one is closed at once, so that its peer knows.
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
