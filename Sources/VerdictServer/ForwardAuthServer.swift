internal import Synchronization
public import VerdictControl
public import VerdictSystem

/// Where gateways that speak HTTP/1.1 are listened to.
public struct ForwardAuthSettings: Sendable {
  public var addresses: [SocketAddress]
  /// Whether addresses that other machines reach are listened on: whoever can connect may ask, and
  /// is believed what the client's request was.
  public var allowsPlaintext = false
  /// Mode bits and owner of Unix sockets' names.
  public var socketMode: UInt32 = 0o600
  public var socketOwner: SocketOwner?

  public init(addresses: [SocketAddress]) { self.addresses = addresses }
}

/// Bounds of forward auth, with what happens when one is reached. `HeadLimits` bounds the heads.
enum ForwardAuthLimits {
  /// Connections at a time. One more takes the place of the one that is idle for longest; where
  /// none is, it is answered 503 and closed.
  static let connectionCountMax = 1_024
  /// Bytes that are read at once, whatever the connection.
  static let readByteCount = 16 << 10
  /// From the first byte of a head to its last. A connection that takes longer is closed.
  static let headNanoseconds: UInt64 = 10_000_000_000
  /// Between looks at what has taken too long.
  static let sweepNanoseconds: UInt64 = 1_000_000_000
  /// Without a request; longer than gateways keep a connection by themselves, so that a request
  /// never meets its end. A connection that is idle for longer is closed.
  static let idleNanoseconds: UInt64 = 180_000_000_000
  /// For a peer to take an answer, and after a last answer to end the connection.
  static let sendNanoseconds: UInt64 = 10_000_000_000
  /// Bytes that are thrown away after the last answer, so that the peer can read it before it
  /// learns that we don't listen any more. Beyond, the connection is closed.
  static let lingerByteCountMax = 4 << 20
}

/// Answers gateways that ask in HTTP/1.1, on one thread of its own, away from the loops.
public final class ForwardAuthServer: Sendable {
  /// Where it listens, with the ports that the kernel chose.
  public let addresses: [SocketAddress]
  let tally = LoopTally()
  private let bell: EventSignal
  private let thread: Mutex<Thread?>

  /// Listens and starts.
  ///
  /// - Parameters:
  ///   - publication: has a slot behind those of the configuration, and its log a source behind
  ///     those of its loops: both are for this thread alone.
  ///   - services: called on the thread.
  public init(
    _ settings: ForwardAuthSettings, beside configuration: ServerConfiguration,
    publication: Publication, services: @escaping @Sendable () -> Services
  ) throws(ServerError) {
    let listeners = try ForwardAuthServer.listen(settings)
    addresses = listeners.map(\.address)
    do throws(SystemError) {
      let bell = try EventSignal()
      self.bell = bell
      let poller = Handover(try Poller())
      let reader = publication.reader(slot: configuration.slotCount)
      let tally = tally
      thread = Mutex(
        try Thread(name: "verdict-forward") {
          var loop = ForwardAuthLoop(
            listeners, bell, poller.take(), reader, services(),
            configuration.logSource(loop: configuration.loopCount), tally)
          loop.run()
        })
    } catch {
      throw ServerError(error)
    }
  }

  private static func listen(
    _ settings: ForwardAuthSettings
  ) throws(ServerError) -> [ListeningSocket] {
    var listeners: [ListeningSocket] = []
    for address in settings.addresses {
      do throws(SystemError) {
        listeners.append(
          try ListeningSocket(
            address, mode: settings.socketMode, owner: settings.socketOwner))
      } catch {
        throw ServerError(error)
      }
      if !settings.allowsPlaintext, listeners.last?.isWithinMachine == false {
        throw ServerError(
          "`\(address)`: whoever can connect there is believed what a client asked for; give "
            + "forward auth a loopback address or a Unix socket, or say --allow-plaintext")
      }
    }
    return listeners
  }

  deinit {
    stop()
    tally.free()
  }

  /// Stops to listen, answers what has arrived, closes all connections, and returns then.
  public func stop() {
    let running = thread.withLock {
      let running = $0
      $0 = nil
      return running
    }
    bell.ring()
    running?.join()
  }
}
