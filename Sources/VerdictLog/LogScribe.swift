internal import Synchronization
internal import VerdictModel
internal import VerdictSystem

/// Takes records out of the rings and writes them; on the log's own thread alone.
///
/// Every line has the next number. A line is never dropped: where the disk takes nothing, what was
/// put together waits, and the rings fill; what they had no room for is stated as a gap before the
/// next line of its loop.
struct LogScribe: ~Copyable {
  /// How far the writer is with one loop.
  private struct Lane {
    let shared: LogLane
    var takenCount: UInt64 = 0
    /// Of the next record.
    var sequence: UInt64 = 1
    var statedDropCount: UInt64 = 0
    var untold = LogCounts()
    var dropped = LogCounts()

    init(_ shared: LogLane) { self.shared = shared }
  }

  private let settings: DecisionLogSettings
  private let board: LogBoard
  private let report: @Sendable (LogIncident) -> Void
  private var lanes: [Lane]
  private var renderer: LogRenderer
  private var buffer = LineBuffer(capacity: LogLimits.pendingByteCountMax)
  private var file: LogFile
  private var sequence: UInt64
  /// All that the lines since the start account for.
  private var told = LogCounts()
  /// What to add to the monotonic clock for the time of day.
  private var realOffset: Int64 = 0
  private var nextCountsNanoseconds: UInt64 = 0
  private var isFailing = false
  private var unreportedDropCount: UInt64 = 0
  private var nextDropReportNanoseconds: UInt64 = 0
  /// The fullest ring of the last pass, from 0 to 1.
  private(set) var fill = 0.0

  init(
    _ settings: DecisionLogSettings, _ vocabulary: LogVocabulary, _ lanes: [LogLane],
    _ board: LogBoard, _ file: consuming LogFile, _ past: LogPast,
    _ report: @escaping @Sendable (LogIncident) -> Void
  ) {
    self.settings = settings
    self.lanes = lanes.map { Lane($0) }
    self.board = board
    self.report = report
    self.file = file
    renderer = LogRenderer(vocabulary, settings.fields)
    sequence = past.sequence
    setClock()
    begin(past)
  }

  private mutating func setClock() {
    realOffset =
      SystemClock.realNanoseconds() &- Int64(bitPattern: SystemClock.monotonicNanoseconds())
  }

  private var now: Int64 { SystemClock.realNanoseconds() }

  // MARK: Lines

  private mutating func tell(_ kind: StaticString, _ members: [JSONValue.Member]) {
    sequence += 1
    renderer.append(
      kind, members, to: &buffer, sequence: sequence, realNanoseconds: now)
  }

  /// The first lines: who writes from here on, and what may have been lost before.
  private mutating func begin(_ past: LogPast) {
    // A line that was cut off stays as it is, in a line of its own.
    if past.tornByteCount > 0 { buffer.append("\n") }
    var members = head
    if past.sequence > 0 || !past.isClosed {
      members.append(
        .init(
          "previous",
          .object([
            .init("seq", .number(Int64(clamping: past.sequence))), .init("time", past.time),
            .init("closed", .bool(past.isClosed)),
            .init("torn_bytes", .number(Int64(past.tornByteCount))),
          ])))
    }
    tell("start", members)
    if past.isClosed { return }
    var gap: [JSONValue.Member] = [.init("cause", "killed")]
    if let most = past.recordCountMax {
      gap.append(.init("records_max", .number(Int64(clamping: most))))
    }
    tell("gap", gap)
  }

  /// What a file begins with: how it is written.
  private var head: [JSONValue.Member] {
    func names(_ fields: Set<LogField>) -> JSONValue {
      .list(fields.map(\.rawValue).sorted().map { .text($0) })
    }
    return [
      .init("format", .number(1)), .init("version", settings.version),
      .init("log_allows", "\(settings.sampling.share)"),
      .init("loops", .number(Int64(lanes.count))),
      .init("records_max", .number(recordCountMax)),
      .init("masked", names(settings.fields.masked)),
      .init("hashed", names(settings.fields.hashed)),
    ]
  }

  /// Records that the memory of rings and writer can hold, at most.
  private var recordCountMax: Int64 {
    let bytes = lanes.reduce(LogLimits.pendingByteCountMax) { $0 + $1.shared.ring.byteCount }
    return Int64(bytes / LogRecord.headByteCount)
  }

  // MARK: A pass

  /// Takes what has come, and writes it as far as the disk takes it.
  mutating func pass(isLast: Bool = false) {
    fill = 0
    guard flush() else { return }
    setClock()
    for lane in lanes.indices {
      guard drain(lane) else { return }
    }
    let monotonic = SystemClock.monotonicNanoseconds()
    if monotonic >= nextCountsNanoseconds || isLast {
      nextCountsNanoseconds = monotonic &+ LogLimits.countsNanoseconds
      tellCounts()
    }
    _ = flush()
  }

  /// - Returns: false where the disk takes nothing.
  private mutating func drain(_ index: Int) -> Bool {
    let ring = lanes[index].shared.ring
    // Before the records, so that whatever is counted here and in none of their sequences comes
    // behind them.
    let droppedCount = ring.droppedCount
    let putCount = ring.putCount
    var takenCount = lanes[index].takenCount
    fill = max(fill, Double(putCount &- takenCount) / Double(ring.byteCount))
    while takenCount < putCount {
      // SAFETY: between what was taken and what was put in the loop doesn't write.
      let place = unsafe ring.place(takenCount)
      let word = unsafe place.load(as: UInt32.self)
      if word & LogRecord.skip != 0 {
        takenCount &+= UInt64(word & ~LogRecord.skip)
        continue
      }
      if buffer.count >= LogLimits.writeByteCount {
        take(index, takenCount)
        guard flush() else { return false }
      }
      tell(LogRecord(bytes: unsafe ByteView(base: place, count: Int(word))), index)
      takenCount &+= UInt64(word)
    }
    take(index, takenCount)
    if droppedCount > lanes[index].statedDropCount {
      let count = droppedCount - lanes[index].statedDropCount
      tellGap(index, count)
      lanes[index].sequence &+= count
    }
    return true
  }

  private mutating func take(_ index: Int, _ takenCount: UInt64) {
    lanes[index].takenCount = takenCount
    lanes[index].shared.ring.publish(takenCount: takenCount)
  }

  private mutating func tell(_ record: LogRecord, _ index: Int) {
    let missing = record.sequence &- lanes[index].sequence
    if missing > 0 { tellGap(index, missing) }
    lanes[index].sequence = record.sequence &+ 1
    sequence += 1
    renderer.append(
      record, to: &buffer, sequence: sequence, loop: index,
      realNanoseconds: realOffset &+ Int64(bitPattern: record.endNanoseconds))
    count(record)
    board.add(1, to: .records)
  }

  private mutating func count(_ record: LogRecord) {
    told.add(1, method: record.method, status: record.status)
    guard let draft = record.draft, let method = renderer.vocabulary.method(record.method) else {
      return
    }
    var cursor = draft.cursor
    for _ in 0..<4 { _ = cursor.text() }
    if draft.pairCount == 0 {
      if draft.itemCount > 0 { told.add(1, group: method.group, reason: cursor.item().reason) }
      return
    }
    for _ in 0..<draft.pairCount {
      let (reason, count) = cursor.pair()
      told.add(UInt64(count), group: method.group, reason: reason)
    }
  }

  private mutating func tellGap(_ index: Int, _ count: UInt64) {
    let dropped = lanes[index].shared.dropped.read()
    let difference = dropped - lanes[index].dropped
    lanes[index].dropped = dropped
    lanes[index].statedDropCount &+= count
    told += difference
    board.add(count, to: .dropped)
    reportDrops(count)
    tell(
      "gap",
      [
        .init("cause", "ring_full"), .init("loop", .number(Int64(index))),
        .init("records", .number(Int64(clamping: count))),
      ] + difference.json(renderer.vocabulary))
  }

  /// Once in a while: under load there may be a gap in each pass.
  private mutating func reportDrops(_ count: UInt64) {
    unreportedDropCount += count
    let monotonic = SystemClock.monotonicNanoseconds()
    guard monotonic >= nextDropReportNanoseconds else { return }
    report(.dropped(recordCount: unreportedDropCount))
    unreportedDropCount = 0
    nextDropReportNanoseconds = monotonic &+ LogLimits.dropReportNanoseconds
  }

  /// Tells the requests that have no record of their own.
  private mutating func tellCounts() {
    var counts = LogCounts()
    for index in lanes.indices {
      let untold = lanes[index].shared.untold.read()
      counts += untold - lanes[index].untold
      lanes[index].untold = untold
    }
    if counts.isZero { return }
    told += counts
    tell("counts", counts.json(renderer.vocabulary))
  }

  // MARK: The disk

  /// Writes what waits, and begins the next file where this one is long enough.
  /// - Returns: false where the disk does not take it.
  private mutating func flush(isEnd: Bool = false) -> Bool {
    do throws(SystemError) {
      // Only after everything was written is a file closed: nothing waits for the old one.
      if !file.isOpen { try change() }
      let count = buffer.count
      try file.write(&buffer)
      board.add(UInt64(count), to: .bytes)
      if file.isFull && !isEnd { try change() }
    } catch {
      board.add(1, to: .failures)
      if !isFailing { report(.failing(path: file.path, error)) }
      setFailing(true)
      return false
    }
    if isFailing { report(.recovered(path: file.path)) }
    setFailing(false)
    return true
  }

  private mutating func setFailing(_ flag: Bool) {
    guard flag != isFailing else { return }
    isFailing = flag
    board.setFailing(flag)
  }

  /// Begins the next file with how it is written, and with what all before it account for.
  private mutating func change() throws(SystemError) {
    try file.change()
    tell("continue", head + told.json(renderer.vocabulary))
  }

  // MARK: The end

  /// The last lines, once nothing more can come: what is left, and what it has to add up to.
  mutating func close(_ totals: LogCounts, endNanoseconds: UInt64) -> Bool {
    pass(isLast: true)
    while isFailing && SystemClock.monotonicNanoseconds() < endNanoseconds {
      SystemClock.sleep(nanoseconds: 50_000_000)
      pass(isLast: true)
    }
    if isFailing { return false }
    tell("close", totals.json(renderer.vocabulary))
    guard flush(isEnd: true) else { return false }
    do throws(SystemError) {
      try file.synchronize()
    } catch {
      report(.failing(path: file.path, error))
      return false
    }
    return true
  }
}
