internal import VerdictGateway
internal import VerdictHTTP1
internal import VerdictModel
internal import VerdictSystem

/// A gateway's connection, of the thread that answers it.
final class ForwardAuthConnection {
  enum Phase {
    case open
    /// The last answer is on its way.
    case ending
    /// It is out; what still comes is thrown away until the peer ends.
    case lingering
  }

  let descriptor: Int32
  /// Of its listener.
  let identity: IdentitySources
  /// Which gateway it is, for the decision log.
  let callerText: CallerText
  let requests = RequestReader()
  var phase = Phase.open
  var unsent = Outbox()
  /// When the present state began: idle, a head under way, an answer to be taken.
  var sinceNanoseconds: UInt64
  var lingeredByteCount = 0

  /// Takes over an open descriptor.
  init(
    _ descriptor: Int32, _ identity: IdentitySources, nowNanoseconds: UInt64,
    caller: consuming CallerText
  ) {
    self.descriptor = descriptor
    self.identity = identity
    callerText = caller
    sinceNanoseconds = nowNanoseconds
  }

  deinit { FileDescriptor(owning: descriptor).close() }

  var isIdle: Bool { phase == .open && !hasUnsent && !requests.isInsideHead }

  var hasUnsent: Bool { !unsent.isEmpty }

  /// The limit of the time that it has had; nil where there is some left.
  func overdue(_ nowNanoseconds: UInt64) -> Limit? {
    let (limit, nanosecondsMax): (Limit, UInt64) =
      if hasUnsent || phase != .open {
        (.writeStall, ForwardAuthLimits.sendNanoseconds)
      } else if requests.isInsideHead {
        (.frameTimeout, ForwardAuthLimits.headNanoseconds)
      } else {
        (.idle, ForwardAuthLimits.idleNanoseconds)
      }
    return nowNanoseconds &- sinceNanoseconds > nanosecondsMax ? limit : nil
  }

  /// Sends what is unsent.
  /// - Returns: false: the peer is gone.
  func flush(_ nowNanoseconds: UInt64) -> Bool {
    guard let taken = unsent.send(to: descriptor) else { return false }
    if taken > 0 { sinceNanoseconds = nowNanoseconds }
    if hasUnsent { return true }
    if phase == .ending {
      Socket.endWriting(descriptor)
      phase = .lingering
      sinceNanoseconds = nowNanoseconds
    }
    return true
  }
}
