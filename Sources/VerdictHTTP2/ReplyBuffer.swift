public import VerdictModel

/// Where a service writes the message of its reply: inline memory first, a pooled block when it
/// grows. Valid until the request is answered.
@safe
public struct ReplyBuffer {
  let record: UnsafeMutablePointer<StreamRecord>

  init(_ record: UnsafeMutablePointer<StreamRecord>) { unsafe self.record = record }

  /// Bytes written so far.
  public var count: Int {
    unsafe record.pointee.reply.count - record.pointee.replyStart - MessageFraming.prefixByteCount
  }

  /// Makes room for `byteCount` more bytes and answers where they go. Call `commit` with how many
  /// were written; an earlier answer is invalid afterwards.
  @unsafe
  public mutating func reserve(_ byteCount: Int) -> UnsafeMutableRawPointer {
    precondition(byteCount >= 0, "a count is not negative")
    // SAFETY: the record is alive until the request is answered.
    let needed = unsafe record.pointee.reply.count + byteCount
    if unsafe needed > record.pointee.reply.capacity {
      unsafe record.pointee.reply.grow(to: needed, &record.pointee.pool.pointee.blocks)
    }
    return unsafe record.pointee.reply.base + record.pointee.reply.count
  }

  /// Counts bytes that were written into reserved room.
  public mutating func commit(_ byteCount: Int) {
    // SAFETY: as above.
    let room = unsafe record.pointee.reply.capacity - record.pointee.reply.count
    precondition(byteCount >= 0 && byteCount <= room, "committed more than was reserved")
    unsafe record.pointee.reply.count += byteCount
  }

  /// Room for `byteCount` more bytes that count as written: the caller fills all of it.
  @unsafe
  public mutating func claim(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let room = unsafe reserve(byteCount)
    commit(byteCount)
    return unsafe room
  }

  /// Writes a copy of `bytes`.
  public mutating func append(_ bytes: ByteView) {
    guard !bytes.isEmpty, let source = unsafe bytes.buffer.baseAddress else { return }
    // SAFETY: as many bytes as were reserved.
    unsafe reserve(bytes.count).copyMemory(from: source, byteCount: bytes.count)
    commit(bytes.count)
  }

  /// Writes one byte.
  public mutating func append(_ byte: UInt8) {
    // SAFETY: one byte was reserved.
    unsafe reserve(1).storeBytes(of: byte, as: UInt8.self)
    commit(1)
  }

  /// Forgets what was written.
  public mutating func removeAll() {
    // SAFETY: as above.
    unsafe record.pointee.reply.count =
      record.pointee.replyStart + MessageFraming.prefixByteCount
  }

  /// Drops what was written and makes the call fail with a message put together at run time.
  /// For the way of errors: allocates.
  public mutating func fail(_ code: RPCCode, _ message: String) -> RPCStatus {
    precondition(code != .ok, "a failure has a code of its own")
    removeAll()
    message.withByteView { append($0) }
    return RPCStatus(messageInReply: code)
  }
}
