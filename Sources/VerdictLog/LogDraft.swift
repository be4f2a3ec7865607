public import VerdictModel

/// What is to be said of the request that was decided last: how its checks came out, and, where it
/// is to have a record, the record without what the loop knows (`LogRecord` has the layout).
///
/// Of a thread's own. Its memory is taken once, and nothing is allocated after that.
@safe
public struct LogDraft: ~Copyable {
  // SAFETY: of `LogLimits.draftByteCountMax` bytes, given back by deinit alone; nil where there is
  // no log.
  private let base: UnsafeMutableRawPointer?
  private let sampling: LogSampling
  private var used = 0
  /// Checks whose outcome was noted; 0: none.
  public private(set) var checkCount: UInt32 = 0
  /// How the only check came out.
  private var single: UInt8 = 0
  private var hasMany = false
  // SAFETY: of `ReasonSet.capacity` elements, given back by deinit alone.
  /// How many came out by each reason, where `seen` has its bit; anything elsewhere.
  private let many: UnsafeMutablePointer<UInt32>
  /// By reason: whether it came up.
  private var seen = ReasonSet()
  private var itemCount: UInt16 = 0

  /// - Parameter sampling: nil: there is no log.
  public init(_ sampling: LogSampling?) {
    self.sampling = sampling ?? LogSampling(share: 0)
    unsafe base =
      sampling == nil
      ? nil : .allocate(byteCount: LogLimits.draftByteCountMax, alignment: 64)
    unsafe many = .allocate(capacity: ReasonSet.capacity)
    unsafe many.initialize(repeating: 0, count: ReasonSet.capacity)
  }

  deinit {
    // SAFETY: allocated by the initialiser.
    unsafe base?.deallocate()
    unsafe many.deallocate()
  }

  /// Whether there is a log.
  @inline(__always)
  public var isOn: Bool { unsafe base != nil }

  /// Whether there is to be a record.
  @inline(__always)
  var isDrafted: Bool { used > 0 }

  /// Forgets the request.
  @inline(__always)
  public mutating func clear() {
    used = 0
    checkCount = 0
  }

  // MARK: Counting

  /// Notes how the only check came out.
  @inline(__always)
  public mutating func count(_ reason: UInt8) {
    checkCount = 1
    single = reason
    hasMany = false
  }

  /// Notes how many checks came out, each by its reason. Complexity: linear in the checks.
  public mutating func count(_ reasons: ByteView) {
    checkCount = UInt32(truncatingIfNeeded: reasons.count)
    hasMany = true
    seen = ReasonSet()
    for index in 0..<reasons.count {
      let reason = min(Int(reasons[index]), ReasonSet.capacity - 1)
      // SAFETY: a place below the capacity. Not added to in place: the compiler breaks over that
      // under the thread sanitizer.
      unsafe many[reason] = seen.insert(reason) ? 1 : many[reason] &+ 1
    }
  }

  /// Calls `body` with every reason that came up, and how often.
  @inline(__always)
  public func forEachReason(_ body: (_ reason: UInt8, _ count: UInt32) -> Void) {
    if checkCount == 0 { return }
    guard hasMany else { return body(single, 1) }
    // SAFETY: only places below the capacity are seen.
    seen.visit { unsafe body(UInt8($0), many[$0]) }
  }

  /// Whether a request is to have a record: all that were not allowed are, and a share of others.
  @inline(__always)
  public func wants(_ id: ByteView) -> Bool { !isAllowed || sampling.takes(id) }

  private var isAllowed: Bool {
    guard hasMany else { return LogDraft.isAllowed(single) }
    var isAllowed = true
    seen.visit { isAllowed = isAllowed && LogDraft.isAllowed(UInt8($0)) }
    return isAllowed
  }

  /// Of a page's pair whose cells differ nobody can say more.
  @inline(__always)
  public static func isAllowed(_ reason: UInt8) -> Bool {
    Reason.effectByte(reason) == Effect.allow.rawValue
  }

  // MARK: Writing

  /// Begins a record, with what holds for the whole request.
  ///
  /// - Precondition: the checks were counted, and there is a log.
  public mutating func begin(_ head: LogHead) {
    guard let base = unsafe base else { preconditionFailure("drafts are for a log") }
    // SAFETY: the fixed part is within the memory.
    unsafe base.storeBytes(of: head.id.load64(at: 0), as: UInt64.self)
    unsafe base.storeBytes(of: head.id.load64(at: 8), toByteOffset: 8, as: UInt64.self)
    let digest = head.digest ?? (0, 0, 0, 0)
    unsafe base.storeBytes(of: digest.0, toByteOffset: 16, as: UInt64.self)
    unsafe base.storeBytes(of: digest.1, toByteOffset: 24, as: UInt64.self)
    unsafe base.storeBytes(of: digest.2, toByteOffset: 32, as: UInt64.self)
    unsafe base.storeBytes(of: digest.3, toByteOffset: 40, as: UInt64.self)
    unsafe base.storeBytes(of: head.generation, toByteOffset: 48, as: UInt64.self)
    unsafe base.storeBytes(of: checkCount, toByteOffset: 56, as: UInt32.self)
    let flags = head.digest == nil ? 0 : LogRecord.hasOrigin
    unsafe base.storeBytes(of: flags, toByteOffset: 63, as: UInt8.self)
    itemCount = 0
    unsafe base.storeBytes(of: itemCount, toByteOffset: 60, as: UInt16.self)
    used = LogRecord.draftHeadByteCount
    unsafe append(LogText(head.organization), base)
    unsafe append(head.principal, base)
    unsafe append(LogText(head.workspace), base)
    unsafe append(LogText(head.route), base)
    unsafe appendPairs(base)
  }

  private mutating func appendPairs(_ base: UnsafeMutableRawPointer) {
    var count: UInt8 = 0
    if hasMany {
      seen.visit { reason in
        // SAFETY: the head's texts and all pairs take a few thousand bytes at most.
        unsafe base.storeBytes(of: UInt8(reason), toByteOffset: used, as: UInt8.self)
        unsafe base.storeBytes(of: many[reason], toByteOffset: used &+ 1, as: UInt32.self)
        used &+= LogRecord.pairByteCount
        count &+= 1
      }
    }
    unsafe base.storeBytes(of: count, toByteOffset: 62, as: UInt8.self)
  }

  /// Adds a check to a record that was begun; false where no more find room.
  public mutating func append(_ item: borrowing LogItem) -> Bool {
    precondition(used > 0, "a draft is begun")
    guard let base = unsafe base else { return false }
    let texts = LogRecord.itemTextCount * (2 + LogLimits.textByteCountMax)
    guard itemCount < LogLimits.listedCheckCountMax,
      used &+ LogRecord.itemHeadByteCount &+ texts <= LogLimits.draftByteCountMax
    else { return false }
    // SAFETY: there is room, as was just seen.
    unsafe base.storeBytes(
      of: UInt32(truncatingIfNeeded: item.index), toByteOffset: used, as: UInt32.self)
    unsafe base.storeBytes(of: item.reason, toByteOffset: used &+ 4, as: UInt8.self)
    unsafe base.storeBytes(of: item.operand, toByteOffset: used &+ 5, as: UInt8.self)
    used &+= LogRecord.itemHeadByteCount
    unsafe append(item.principal, base)
    unsafe append(item.workspace, base)
    unsafe append(item.action, base)
    unsafe append(item.resource, base)
    unsafe append(item.target, base)
    unsafe append(item.permission, base)
    unsafe append(item.related, base)
    itemCount &+= 1
    unsafe base.storeBytes(of: itemCount, toByteOffset: 60, as: UInt16.self)
    return true
  }

  /// Ends a record: says whether checks are missing among its items.
  public mutating func end() {
    guard let base = unsafe base, UInt32(itemCount) < checkCount else { return }
    // SAFETY: within the fixed part.
    let flags = unsafe base.load(fromByteOffset: 63, as: UInt8.self)
    unsafe base.storeBytes(of: flags | LogRecord.isTruncated, toByteOffset: 63, as: UInt8.self)
  }

  @inline(__always)
  private mutating func append(_ text: LogText, _ base: UnsafeMutableRawPointer) {
    let count = text.keptByteCount
    // SAFETY: callers have room for the longest text.
    unsafe base.storeBytes(of: UInt16(count), toByteOffset: used, as: UInt16.self)
    used &+= 2
    if count == 0 { return }
    let first = min(text.first.count, count)
    if let source = unsafe text.first.buffer.baseAddress {
      unsafe (base + used).copyMemory(from: source, byteCount: first)
    }
    used &+= first
    if first == count { return }
    var second = count &- first
    if text.hasSlash {
      unsafe base.storeBytes(of: UInt8(ascii: "/"), toByteOffset: used, as: UInt8.self)
      used &+= 1
      second &-= 1
    }
    if let source = unsafe text.second.buffer.baseAddress {
      unsafe (base + used).copyMemory(from: source, byteCount: second)
    }
    used &+= second
  }

  // MARK: Handing on

  /// The record's bytes so far; valid until the draft changes.
  @inline(__always)
  var bytes: ByteView {
    guard let base = unsafe base, used > 0 else { return ByteView() }
    // SAFETY: as many bytes as were written.
    return unsafe ByteView(base: base, count: used)
  }

  /// For another thread's draft, and forgets it here; nil where there is nothing to say. Allocates.
  public mutating func detach() -> LogParcel? {
    guard checkCount > 0 else { return nil }
    defer { clear() }
    var reasons: [(UInt8, UInt32)] = []
    forEachReason { reasons.append(($0, $1)) }
    return LogParcel(
      bytes: bytes.array, checkCount: checkCount, hasMany: hasMany, reasons: reasons)
  }

  /// Takes over what another thread's draft had to say.
  public mutating func restore(_ parcel: LogParcel) {
    checkCount = parcel.checkCount
    hasMany = parcel.hasMany
    seen = ReasonSet()
    for (reason, count) in parcel.reasons {
      single = reason
      let place = min(Int(reason), ReasonSet.capacity - 1)
      _ = seen.insert(place)
      // SAFETY: a place below the capacity.
      unsafe many[place] = count
    }
    guard let base = unsafe base else { return }
    used = parcel.bytes.count
    parcel.bytes.withByteView {
      // SAFETY: as much as a draft holds.
      if let source = unsafe $0.buffer.baseAddress {
        unsafe base.copyMemory(from: source, byteCount: $0.count)
      }
    }
  }
}

/// A draft on its way from a worker to a loop.
public struct LogParcel: Sendable {
  let bytes: [UInt8]
  let checkCount: UInt32
  let hasMany: Bool
  /// Every reason that came up, and how often.
  let reasons: [(UInt8, UInt32)]
}
