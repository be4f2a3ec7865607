internal import Synchronization

/// What the services of all loops share and others may change: whether the server is on its way
/// out.
public final class ServiceState: Sendable {
  private let draining = Atomic<Bool>(false)
  /// Shown by `GetServerInfo`.
  public let version: String
  /// Concurrent streams of one connection, shown by `GetServerInfo`.
  public let streamCountMax: Int

  public init(version: String, streamCountMax: Int) {
    self.version = version
    self.streamCountMax = streamCountMax
  }

  /// From now on health checks answer NOT_SERVING. To be called before the server drains.
  public func startDraining() { draining.store(true, ordering: .sequentiallyConsistent) }

  public var isDraining: Bool { draining.load(ordering: .sequentiallyConsistent) }
}
