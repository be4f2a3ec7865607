internal import VerdictModel
internal import VerdictSystem

/// Reads a log back and proves it: each line has the number after the one before it, and what the
/// lines of a process account for is what it says at its end.
///
/// | Line | Has to |
/// |---|---|
/// | any | be one, with the next number; a number that jumps is a line that somebody took away |
/// | `start` | follow the last line of the process before it, as it says itself |
/// | `continue` | account for as much as all lines of its process before it, as far as they are there |
/// | `close` | say as many requests and checks as the lines of its process account for |
/// | cut off | be the last one, or be followed by a `start` that says how many bytes it has |
public struct LogAudit: Sendable {
  /// What is wrong, and where.
  public struct Fault: Sendable, Equatable {
    public let path: String
    public let lineNumber: Int
    public let text: String
  }

  public private(set) var faults: [Fault] = []
  public private(set) var firstSequence: UInt64?
  public private(set) var lastSequence: UInt64 = 0
  public private(set) var lineCount: UInt64 = 0
  public private(set) var recordCount: UInt64 = 0
  public private(set) var startCount: UInt64 = 0
  /// Gaps whose size is known: how many, and of how many records.
  public private(set) var gapCount: UInt64 = 0
  public private(set) var gapRecordCount: UInt64 = 0
  /// Gaps of processes that were killed, each with its line's number of the log and its bound.
  public private(set) var unknownGaps: [(sequence: UInt64, recordCountMax: UInt64?)] = []
  /// Lines that were cut off, and that somebody has said so.
  public private(set) var tornCount: UInt64 = 0
  /// Bytes of a last line that was cut off.
  public private(set) var tornTailByteCount = 0
  public private(set) var isClosed = false
  /// Of all processes: by records, by `counts`, and in gaps.
  public private(set) var logged = LogCounts()
  public private(set) var counted = LogCounts()
  public private(set) var missed = LogCounts()
  /// All that the lines of the last process account for.
  public private(set) var lastRun = LogCounts()
  /// Whether the lines of the last process are there from its first one, or its sums.
  public private(set) var isLastRunWhole = false

  public let vocabulary: LogVocabulary
  private var path = ""
  private var lineNumber = 0
  /// Lines that were cut off in the middle of a file, the first of them and the bytes of all:
  /// whether that is fine, the next line says.
  private var openTorn: (lineNumber: Int, byteCount: Int)?

  /// Faults that are kept.
  private static let faultCountMax = 100

  public init(_ vocabulary: LogVocabulary) { self.vocabulary = vocabulary }

  private mutating func fail(_ text: String, line: Int? = nil) {
    if faults.count == LogAudit.faultCountMax { return }
    faults.append(Fault(path: path, lineNumber: line ?? lineNumber, text: text))
  }

  /// Begins a file.
  mutating func begin(_ path: String) {
    self.path = path
    lineNumber = 0
  }

  /// A whole line, without its end.
  mutating func take(_ line: [UInt8]) {
    lineNumber += 1
    guard let entry = LogEntry(line) else {
      openTorn = (openTorn?.lineNumber ?? lineNumber, (openTorn?.byteCount ?? 0) + line.count)
      return
    }
    if let torn = openTorn {
      if entry.kind == .start, LogAudit.tornByteCount(entry) == torn.byteCount {
        tornCount += 1
        openTorn = nil
      } else {
        failTorn()
      }
    }
    lineCount += 1
    if firstSequence == nil { firstSequence = entry.sequence }
    if lastSequence != 0, entry.sequence != lastSequence + 1 {
      let missing = entry.sequence > lastSequence ? entry.sequence - lastSequence - 1 : 0
      fail(
        "has number \(entry.sequence) after \(lastSequence): "
          + (missing > 0 ? "\(missing) lines are missing" : "the order is wrong"))
    }
    lastSequence = entry.sequence
    isClosed = entry.kind == .close
    account(entry)
  }

  /// What stands behind the last whole line of a file.
  mutating func end(tornByteCount: Int, isLastFile: Bool) {
    if tornByteCount > 0 {
      lineNumber += 1
      // A change of files is only made behind a whole line.
      if !isLastFile { fail("is cut off, and not the last") }
      if isLastFile { tornTailByteCount = tornByteCount }
    }
    if tornByteCount == 0 { failTorn() }
  }

  private mutating func failTorn() {
    guard let torn = openTorn else { return }
    openTorn = nil
    fail("is no line of a log", line: torn.lineNumber)
  }

  private static func tornByteCount(_ entry: LogEntry) -> Int? {
    for member in entry.object("previous") where member.name == "torn_bytes" {
      if case .number(let count) = member.value { return Int(count) }
    }
    return nil
  }

  private mutating func account(_ entry: LogEntry) {
    let counts =
      entry.kind == .decision ? entry.decision(vocabulary) : entry.counts(vocabulary)
    guard let counts else { return fail("names a method, status or reason that is not known") }
    switch entry.kind {
    case .start:
      startCount += 1
      lastRun = LogCounts()
      isLastRunWhole = true
    case .continue:
      if isLastRunWhole && counts != lastRun {
        fail("accounts for something else than the lines before it")
      }
      lastRun = counts
      isLastRunWhole = true
    case .decision:
      recordCount += 1
      logged += counts
      lastRun += counts
    case .counts:
      counted += counts
      lastRun += counts
    case .gap:
      take(gap: entry, counts)
    case .close:
      if isLastRunWhole && counts != lastRun {
        fail("says other sums than the lines of its process account for")
      }
    }
  }

  private mutating func take(gap entry: LogEntry, _ counts: LogCounts) {
    guard let records = entry.number("records") else {
      unknownGaps.append((entry.sequence, entry.recordCountMax))
      return
    }
    gapCount += 1
    // Whoever made the file may have written any number.
    gapRecordCount &+= records
    missed += counts
    lastRun += counts
  }
}
