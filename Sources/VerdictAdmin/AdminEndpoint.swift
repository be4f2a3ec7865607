internal import Synchronization
public import VerdictModel
public import VerdictSystem

/// The pages for operators and scrapers, by HTTP/1.1.
///
/// | Path | Answers |
/// |---|---|
/// | `/metrics` | the text format of Prometheus |
/// | `/healthz` | 200 as long as the process answers |
/// | `/readyz` | 200 where decisions are answered, else 503 |
/// | `/info` | version and what is in force, as JSON |
///
/// One thread of low priority does the work; no event loop ever sees any of it.
public final class AdminEndpoint: Sendable {
  /// What the pages say, asked for each request, on the endpoint's thread.
  public struct Pages: Sendable {
    /// With how often a limit of the endpoint itself was reached.
    public var metrics: @Sendable (LimitCounts) -> String
    public var isReady: @Sendable () -> Bool
    public var info: @Sendable () -> [UInt8]

    public init(
      metrics: @escaping @Sendable (LimitCounts) -> String,
      isReady: @escaping @Sendable () -> Bool, info: @escaping @Sendable () -> [UInt8]
    ) {
      self.metrics = metrics
      self.isReady = isReady
      self.info = info
    }
  }

  /// Where it listens, with the port that the kernel chose.
  public let address: SocketAddress
  private let bell: EventSignal
  private let thread: Mutex<Thread?>

  /// Why it doesn't listen, for people.
  public struct StartError: Error, Sendable, CustomStringConvertible {
    public let description: String
  }

  /// Listens, and answers until `stop`. A Unix socket is for this user alone.
  /// - Throws: an address that can't be listened on.
  public init(_ address: SocketAddress, _ pages: Pages) throws(StartError) {
    do throws(SystemError) {
      let listener = try ListeningSocket(address)
      let bell = try EventSignal()
      let poller = Mutex<Poller?>(try Poller())
      self.address = listener.address
      self.bell = bell
      thread = Mutex(
        try Thread(name: "verdict-admin") {
          Thread.lowerPriority()
          guard let poller = poller.withLock({ $0.take() }) else {
            preconditionFailure("a thread's body runs once")
          }
          var loop = AdminLoop(listener, bell, poller, pages)
          loop.run()
        })
    } catch {
      throw StartError(
        description: "\(error): the admin endpoint can't listen there; name another address "
          + "or `none` with --admin")
    }
  }

  deinit { stop() }

  /// Stops to listen, and returns then. What is being answered is cut off: nobody's decision is in
  /// it.
  public func stop() {
    let running = thread.withLock { $0.take() }
    bell.ring()
    running?.join()
  }
}
