public import VerdictHTTP2
public import VerdictSystem

/// How a server listens and what it puts up with.
public struct ServerConfiguration: Sendable {
  /// Where to listen. Port 0 lets the kernel choose; `Server.addresses` tells what it chose.
  public var addresses: [SocketAddress]
  /// Listens on these too: sockets that were opened for us. Those of Unix serve the inspection
  /// service where `inspectsPassedUnixSockets`, the others where `inspectionAddresses` names them.
  public var passedSockets: [ListeningSocket] = []
  public var inspectsPassedUnixSockets = false
  /// Event loops, each with a thread of its own.
  public var loopCount: Int
  /// Those of `addresses` that serve the inspection service, which tells who may do what; it is
  /// UNIMPLEMENTED on the others.
  public var inspectionAddresses: [SocketAddress] = []
  /// Threads for what takes longer than a loop may: inspections and large messages.
  public var workerCount = 2
  /// How long requests under way may take once the server drains; then connections are closed.
  public var drainTimeoutNanoseconds: UInt64 = 10_000_000_000
  /// Connections of the whole server. One more is accepted and closed at once, so that its peer
  /// knows.
  public var connectionCountMax = 16_384
  public var session = SessionLimits()

  public init(addresses: [SocketAddress], loopCount: Int = Thread.processorCount) {
    precondition(loopCount > 0, "a server has at least one loop")
    self.addresses = addresses
    self.loopCount = loopCount
  }

  /// Whether a listener there serves inspections.
  func servesInspection(_ address: SocketAddress, isPassed: Bool) -> Bool {
    if isPassed, inspectsPassedUnixSockets, case .unix = address { return true }
    return inspectionAddresses.contains(address)
  }

  /// Slots that the server needs in its publication: the loops first, then the workers.
  public var slotCount: Int { loopCount + workerCount }
}
