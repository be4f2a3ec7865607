internal import Synchronization
public import VerdictControl
public import VerdictGateway
public import VerdictLog
public import VerdictSystem

/// A place where gateways that speak HTTP/1.1 are listened to.
public struct ForwardAuthSettings: Sendable {
  public var address: SocketAddress
  /// Whether an address that other machines reach is listened on: whoever can connect may ask, and
  /// is believed what the client's request was.
  public var allowsPlaintext = false
  /// Mode bits and owner of a Unix socket's name.
  public var socketMode: UInt32 = 0o600
  public var socketOwner: SocketOwner?
  /// Where the requests that are asked about say who is calling.
  public var identity = IdentitySources.ofServer

  public init(_ address: SocketAddress) { self.address = address }
}

/// Bounds of forward auth, with what happens when one is reached. `HeadLimits` bounds the heads.
/// Hits are counted under the name of the like bound of HTTP/2: see docs/limits.md.
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
  /// What its thread counts.
  let tally = SharedTally()
  private let bell: EventSignal
  private let thread: Mutex<Thread?>

  /// Listens and starts.
  ///
  /// - Parameters:
  ///   - slot: of the publication, for this thread alone.
  ///   - log: where its thread has the place behind those of the loops.
  ///   - services: called on the thread.
  public init(
    _ settings: [ForwardAuthSettings], publication: Publication, slot: Int,
    log: DecisionLog? = nil, services: @escaping @Sendable () -> Services
  ) throws(ServerError) {
    let listeners = try ForwardAuthServer.listen(settings)
    addresses = listeners.map(\.socket.address)
    do throws(SystemError) {
      let bell = try EventSignal()
      self.bell = bell
      let poller = Handover(try Poller())
      let reader = publication.reader(slot: slot)
      let tally = tally
      thread = Mutex(
        try Thread(name: "verdict-forward") {
          var loop = ForwardAuthLoop(
            listeners, bell, poller.take(), reader, services(), tally.tally,
            LogSource(last: log))
          loop.run()
        })
    } catch {
      throw ServerError(error)
    }
  }

  private static func listen(
    _ settings: [ForwardAuthSettings]
  ) throws(ServerError) -> [ForwardAuthListener] {
    var listeners: [ForwardAuthListener] = []
    for one in settings {
      let socket: ListeningSocket
      do throws(SystemError) {
        socket = try ListeningSocket(one.address, mode: one.socketMode, owner: one.socketOwner)
      } catch {
        throw ServerError(error)
      }
      listeners.append(ForwardAuthListener(socket: socket, identity: one.identity))
      if !one.allowsPlaintext, !socket.isWithinMachine {
        throw ServerError(
          "`\(one.address)`: whoever can connect there is believed what a client asked for; give "
            + "forward auth a loopback address or a Unix socket, or say --allow-plaintext")
      }
    }
    return listeners
  }

  deinit { stop() }

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
