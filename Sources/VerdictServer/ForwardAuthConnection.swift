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

  /// Whether it has had its time.
  func isOverdue(_ nowNanoseconds: UInt64) -> Bool {
    let limit =
      if hasUnsent || phase != .open {
        ForwardAuthLimits.sendNanoseconds
      } else if requests.isInsideHead {
        ForwardAuthLimits.headNanoseconds
      } else {
        ForwardAuthLimits.idleNanoseconds
      }
    return nowNanoseconds &- sinceNanoseconds > limit
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
