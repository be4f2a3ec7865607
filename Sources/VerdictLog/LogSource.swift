public import VerdictModel
internal import VerdictSystem

/// How a request ended, as its loop knows it.
public struct LogEnd {
  public var method: UInt8
  /// Of gRPC.
  public var status: UInt8
  public var caller: ByteView
  /// Monotonic: when it was read.
  public var beganNanoseconds: UInt64

  public init(method: UInt8, status: UInt8, caller: ByteView, beganNanoseconds: UInt64) {
    self.method = method
    self.status = status
    self.caller = caller
    self.beganNanoseconds = beganNanoseconds
  }
}

/// Where a loop puts what it has to say: records into its ring, and everything else into counters.
/// On the loop's thread alone; takes no lock, allocates nothing, calls no kernel, and never waits.
///
/// Every request of a method that is logged is counted exactly once, in one of three ways: by its
/// record, which the writer counts; as told without a record; or as dropped.
public struct LogSource: ~Copyable {
  private let lane: LogLane?
  /// A bit for each method that is logged, and two for its group.
  private let methodBits: UInt32
  private let groups: UInt64
  private var sequence: UInt64 = 0
  private var putCount: UInt64 = 0
  /// What was seen last of what the writer has taken.
  private var takenCount: UInt64 = 0
  private var droppedCount: UInt64 = 0

  /// Where there is no log.
  public init() {
    lane = nil
    methodBits = 0
    groups = 0
  }

  init(_ lane: LogLane, _ vocabulary: LogVocabulary) {
    self.lane = lane
    var bits: UInt32 = 0
    var groups: UInt64 = 0
    for method in vocabulary.methods {
      bits |= 1 << UInt32(method.number)
      groups |= UInt64(method.group) << UInt64(method.number * 2)
    }
    methodBits = bits
    self.groups = groups
  }

  /// Whether there is a log.
  public var isOn: Bool { lane != nil }

  /// Whether requests of a method are logged.
  @inline(__always)
  public func logs(_ method: UInt8) -> Bool { methodBits >> UInt32(method & 31) & 1 != 0 }

  /// Notes the end of a request: what the draft says of it, which is empty where nothing was
  /// decided.
  @inline(__always)
  public mutating func note(_ end: LogEnd, _ draft: inout LogDraft) {
    guard let lane, logs(end.method) else { return draft.clear() }
    if draft.isDrafted || end.status != 0 {
      if !write(end, draft.bytes, lane) { drop(end, draft, lane) }
    } else {
      count(end, draft, lane.untold)
    }
    draft.clear()
  }

  @inline(__always)
  private func count(_ end: LogEnd, _ draft: borrowing LogDraft, _ board: CountBoard) {
    board.add(1, at: LogCounts.request(method: end.method, status: end.status))
    let group = UInt8(truncatingIfNeeded: groups >> UInt64(end.method &* 2) & 3)
    draft.forEachReason { reason, count in
      board.add(UInt64(count), at: LogCounts.checks(group: group, reason: reason))
    }
  }

  @inline(never)
  private mutating func drop(_ end: LogEnd, _ draft: borrowing LogDraft, _ lane: LogLane) {
    count(end, draft, lane.dropped)
    droppedCount &+= 1
    // Last, so that whoever sees the number sees what was counted too.
    lane.ring.publish(droppedCount: droppedCount)
  }

  /// - Returns: false where the ring has no room.
  private mutating func write(_ end: LogEnd, _ draft: ByteView, _ lane: LogLane) -> Bool {
    sequence &+= 1
    let callerCount = min(end.caller.count, LogLimits.callerByteCountMax)
    let count = (LogRecord.headByteCount &+ draft.count &+ callerCount &+ 7) & ~7
    guard let place = unsafe reserve(count, lane.ring) else { return false }
    let now = SystemClock.monotonicNanoseconds()
    let microseconds = (now &- end.beganNanoseconds) / 1_000
    // SAFETY: `count` bytes were reserved, and hold head, draft and caller.
    unsafe place.storeBytes(of: UInt32(count), as: UInt32.self)
    unsafe place.storeBytes(of: end.method, toByteOffset: 4, as: UInt8.self)
    unsafe place.storeBytes(of: end.status, toByteOffset: 5, as: UInt8.self)
    unsafe place.storeBytes(of: UInt16(callerCount), toByteOffset: 6, as: UInt16.self)
    unsafe place.storeBytes(of: sequence, toByteOffset: 8, as: UInt64.self)
    unsafe place.storeBytes(of: now, toByteOffset: 16, as: UInt64.self)
    unsafe place.storeBytes(
      of: UInt32(clamping: microseconds), toByteOffset: 24, as: UInt32.self)
    unsafe place.storeBytes(of: UInt32(draft.count), toByteOffset: 28, as: UInt32.self)
    if let source = unsafe draft.buffer.baseAddress {
      unsafe (place + LogRecord.headByteCount).copyMemory(from: source, byteCount: draft.count)
    }
    if let source = unsafe end.caller.buffer.baseAddress {
      unsafe (place + LogRecord.headByteCount + draft.count)
        .copyMemory(from: source, byteCount: callerCount)
    }
    putCount &+= UInt64(count)
    lane.ring.publish(putCount: putCount)
    return true
  }

  /// Room for so many bytes in one piece, nil where there is none.
  @unsafe
  @inline(__always)
  private mutating func reserve(_ count: Int, _ ring: LogRing) -> UnsafeMutableRawPointer? {
    let piece = ring.pieceByteCount(putCount)
    let needed = UInt64(count <= piece ? count : piece &+ count)
    if putCount &+ needed &- takenCount > UInt64(ring.byteCount) {
      takenCount = ring.takenCount
      if putCount &+ needed &- takenCount > UInt64(ring.byteCount) { return nil }
    }
    if count > piece {
      // SAFETY: pieces are multiples of eight bytes, and this one was just found to be free.
      unsafe ring.place(putCount)
        .storeBytes(of: LogRecord.skip | UInt32(piece), as: UInt32.self)
      putCount &+= UInt64(piece)
    }
    return unsafe ring.place(putCount)
  }
}

/// What a loop and the writer share.
struct LogLane: Sendable {
  let ring: LogRing
  /// Requests that are told without a record.
  let untold = CountBoard()
  /// Requests whose record found no room.
  let dropped = CountBoard()

  init(ringByteCount: Int) { ring = LogRing(byteCount: ringByteCount) }

  /// Gives the memory back.
  @unsafe
  func free() {
    // SAFETY: the caller is the last who has the lane.
    unsafe ring.free()
    unsafe untold.free()
    unsafe dropped.free()
  }
}
