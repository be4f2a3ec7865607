internal import VerdictModel

/// A record as it lies in a ring.
///
/// ```
///  0  4  byte count, a multiple of eight; or `skip` and how many bytes there are to the ring's end
///  4  1  method
///  5  1  status
///  6  2  byte count of who called
///  8  8  sequence in the ring
/// 16  8  when it ended, monotonic, in nanoseconds
/// 24  4  how long it took, in microseconds
/// 28  4  byte count of the draft, which may be 0
/// 32     the draft, then who called
/// ```
///
/// A draft, as `LogDraft` writes it:
///
/// ```
///  0 16  decision id
/// 16 32  digest of the snapshot
/// 48  8  generation
/// 56  4  checks
/// 60  2  items that follow
/// 62  1  pairs of reason and count that follow
/// 63  1  bit 0: there are digest and generation; bit 1: not all checks are among the items
/// 64     texts: organization, principal, workspace, route
///        pairs: reason (1), count (4)
///        items: index (4), reason (1), operand (1), texts: principal, workspace, action, resource,
///        target, permission, related
/// ```
///
/// A text is its byte count (2) and its bytes. Numbers are in the order of the machine: nothing of
/// this leaves the process.
struct LogRecord {
  static let headByteCount = 32
  static let draftHeadByteCount = 64
  static let itemHeadByteCount = 6
  static let itemTextCount = 7
  static let pairByteCount = 5
  static let skip: UInt32 = 1 << 31
  static let hasOrigin: UInt8 = 1
  static let isTruncated: UInt8 = 2

  let bytes: ByteView

  var method: UInt8 { bytes[4] }
  var status: UInt8 { bytes[5] }
  var sequence: UInt64 { bytes.load64(at: 8) }
  var endNanoseconds: UInt64 { bytes.load64(at: 16) }
  var microseconds: UInt32 { bytes.load32(at: 24) }

  var draft: LogDraftView? {
    let count = Int(bytes.load32(at: 28))
    if count == 0 { return nil }
    return LogDraftView(bytes: bytes[LogRecord.headByteCount..<LogRecord.headByteCount + count])
  }

  var caller: ByteView {
    let start = LogRecord.headByteCount + Int(bytes.load32(at: 28))
    return bytes[start..<start + Int(bytes.load16(at: 6))]
  }
}

/// A draft of a record, to be read.
struct LogDraftView {
  let bytes: ByteView

  var id: ByteView { bytes[0..<16] }
  var digest: ByteView { bytes[16..<48] }
  var generation: UInt64 { bytes.load64(at: 48) }
  var checkCount: Int { Int(bytes.load32(at: 56)) }
  var itemCount: Int { Int(bytes.load16(at: 60)) }
  var pairCount: Int { Int(bytes[62]) }
  var hasOrigin: Bool { bytes[63] & LogRecord.hasOrigin != 0 }
  var isTruncated: Bool { bytes[63] & LogRecord.isTruncated != 0 }

  /// Reads what follows the fixed part.
  var cursor: LogCursor { LogCursor(bytes: bytes, offset: LogRecord.draftHeadByteCount) }
}

/// A place in a draft.
struct LogCursor {
  let bytes: ByteView
  var offset: Int

  mutating func text() -> ByteView {
    let start = offset + 2
    offset = start + Int(bytes.load16(at: offset))
    return bytes[start..<offset]
  }

  mutating func pair() -> (reason: UInt8, count: UInt32) {
    defer { offset += LogRecord.pairByteCount }
    return (bytes[offset], bytes.load32(at: offset + 1))
  }

  /// The numbers of an item; its texts follow.
  mutating func item() -> (index: UInt32, reason: UInt8, operand: UInt8) {
    defer { offset += LogRecord.itemHeadByteCount }
    return (bytes.load32(at: offset), bytes[offset + 4], bytes[offset + 5])
  }
}
