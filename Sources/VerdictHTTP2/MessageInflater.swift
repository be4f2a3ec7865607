public import VerdictModel

/// Decompresses messages apart from any session: a worker's, for those that would keep a loop too
/// long.
@safe
public struct MessageInflater: ~Copyable {
  private var inflater = Inflater()
  private var blocks = BlockPool()

  public init() {}

  deinit {
    var last = blocks
    last.empty()
  }

  /// What a message was before it was compressed.
  ///
  /// - Parameter byteCountMax: longest message; not more than one byte beyond it is ever produced.
  /// - Throws: what a session would say of the message: not what its encoding says, or too long.
  public mutating func plain(
    _ message: DetachedMessage, byteCountMax: Int
  ) throws(RPCFailure) -> DetachedMessage {
    // Nothing lies inline: the address only tells that there is no block yet.
    // SAFETY: room for no byte is never written to.
    var store = unsafe ByteStore(inline: MessageInflater.nowhere, byteCount: 0)
    let outcome = inflater.inflate(
      message.bytes, into: &store, &blocks, byteCountMax: byteCountMax, heldByteCountMax: .max)
    let failure: MessageFraming.Failure
    switch outcome {
    case .whole:
      let (base, count) = unsafe store.detach(&blocks)
      return unsafe DetachedMessage(owning: base, count: count)
    case .corrupt: failure = .corrupt
    case .tooLong, .noRoom: failure = .tooLong
    }
    store.reset(&blocks)
    throw RPCFailure(status: failure.status, limit: failure == .tooLong ? .messageLength : nil)
  }

  private static var nowhere: UnsafeMutableRawPointer {
    // SAFETY: never read or written.
    guard let address = unsafe UnsafeMutableRawPointer(bitPattern: 16) else {
      preconditionFailure("an address that is not null")
    }
    return unsafe address
  }
}

/// Why a request fails that was whole.
public struct RPCFailure: Error {
  public let status: RPCStatus
  /// The limit that it goes beyond, to be counted.
  public let limit: Limit?
}
