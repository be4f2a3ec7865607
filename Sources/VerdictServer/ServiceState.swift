internal import Synchronization
public import VerdictControl
public import VerdictGateway
public import VerdictLog

/// What the services of all loops share and others may change: whether the server is on its way
/// out.
public final class ServiceState: Sendable {
  private let draining = Atomic<Bool>(false)
  /// Shown by `GetServerInfo`.
  public let version: String
  /// Concurrent streams of one connection, shown by `GetServerInfo`.
  public let streamCountMax: Int
  /// How things stand with the policies, shown by `GetServerInfo`.
  let policies: PolicyBoard
  /// How gateways' requests tell who is calling.
  public let identity: IdentityConfiguration
  /// nil: no request is compared with a staged set.
  public let shadow: Shadow?
  /// Which allowed requests the decision log has records of; nil: there is no log.
  let logSampling: LogSampling?

  public init(
    version: String, streamCountMax: Int, policies: PolicyBoard = PolicyBoard(),
    identity: IdentityConfiguration = IdentityConfiguration(), shadow: Shadow? = nil,
    logSampling: LogSampling? = nil
  ) {
    self.shadow = shadow
    self.policies = policies
    self.version = version
    self.streamCountMax = streamCountMax
    self.identity = identity
    self.logSampling = logSampling
  }

  /// From now on health checks answer NOT_SERVING. To be called before the server drains.
  public func startDraining() { draining.store(true, ordering: .sequentiallyConsistent) }

  public var isDraining: Bool { draining.load(ordering: .sequentiallyConsistent) }
}
