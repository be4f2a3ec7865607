public import VerdictModel

/// A request's message that outlives its stream, on its way to another thread. Frees its memory
/// when its last owner goes.
@safe
public final class DetachedMessage: @unchecked Sendable {
  // `@unchecked`: nobody writes to the bytes any more.

  private let base: UnsafeMutableRawPointer
  private let count: Int

  /// - Precondition: the memory was made by `allocate`, and nobody else frees it.
  init(owning base: UnsafeMutableRawPointer, count: Int) {
    unsafe self.base = base
    self.count = count
  }

  deinit {
    // SAFETY: ours alone, by the initialiser.
    unsafe base.deallocate()
  }

  /// The message, valid as long as its owner.
  public var bytes: ByteView {
    // SAFETY: as many bytes as the request had.
    unsafe ByteView(base: base, count: count)
  }
}

extension ServerSession {
  /// Takes the message away from a request, which may only be postponed or answered afterwards, and
  /// from what the session holds. Constant time, except that a message that still lies inline is
  /// copied.
  public func detachMessage(of request: ServerRequest) -> DetachedMessage {
    let record = unsafe request.record
    // SAFETY: the record is alive until the request is answered.
    unsafe state.pointee.heldByteCount -= record.pointee.request.heldByteCount
    let pool = unsafe record.pointee.pool
    let (base, count) = unsafe record.pointee.request.detach(&pool.pointee.blocks)
    return unsafe DetachedMessage(owning: base, count: count)
  }
}

/// Where a service writes a reply apart from any stream: a worker's.
@safe
public struct DetachedReply: ~Copyable {
  private let pool: UnsafeMutablePointer<StreamPool>
  private let record: UnsafeMutablePointer<StreamRecord>

  public init() {
    unsafe pool = .allocate(capacity: 1)
    // SAFETY: just allocated; freed by deinit alone.
    unsafe pool.initialize(to: StreamPool())
    unsafe record = StreamPool.take(pool)
  }

  deinit {
    // SAFETY: the record is the pool's only one, and nobody uses either after this.
    unsafe StreamPool.giveBack(record)
    unsafe pool.pointee.empty()
    unsafe pool.deallocate()
  }

  /// Where the next reply goes, empty.
  public mutating func begin() -> ReplyBuffer {
    // SAFETY: the record lives as long as this.
    unsafe record.pointee.reply.reset(&pool.pointee.blocks)
    unsafe record.pointee.reply.count = MessageFraming.prefixByteCount
    return unsafe ReplyBuffer(record)
  }

  /// The reply's message, or the words of the failure.
  public func bytes(of status: RPCStatus) -> [UInt8] {
    // SAFETY: the record lives as long as this; a literal lives for ever.
    if status.code == .ok || status.isMessageInReply {
      let prefix = MessageFraming.prefixByteCount
      return unsafe ByteView(
        base: record.pointee.reply.base + prefix, count: record.pointee.reply.count - prefix
      ).array
    }
    return unsafe ByteView(
      base: status.message.utf8Start, count: status.message.utf8CodeUnitCount
    ).array
  }
}
