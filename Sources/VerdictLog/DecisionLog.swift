internal import Synchronization
internal import VerdictModel
public import VerdictSystem

/// How a decision log is written.
public struct DecisionLogSettings: Sendable {
  public var path: String
  /// Of requests that were allowed; all others have records.
  public var sampling = LogSampling(share: 0.01)
  /// A power of two.
  public var ringByteCount = LogLimits.ringByteCount
  public var fileByteCount = LogLimits.fileByteCount
  public var fileCount = LogLimits.fileCount
  public var fields = LogFields()
  /// Of the program.
  public var version: String

  public init(path: String, version: String) {
    self.path = path
    self.version = version
  }
}

/// What operators are to know of a log.
public enum LogIncident: Sendable {
  /// Lines wait, and records will be dropped; told once.
  case failing(path: String, SystemError)
  case recovered(path: String)
  /// Since this was told last.
  case dropped(recordCount: UInt64)
  /// The log could not be ended in order.
  case notClosed(path: String)
}

/// The decision log of a process: who asked what, and how it came out, one line of JSON a request.
///
/// ```
/// loop --LogDraft, LogSource--> ring --LogScribe--> lines --> PATH, PATH.1, ...
/// ```
///
/// Loops never wait for it: what finds no room is dropped, counted, and stated. Each request of a
/// method in the vocabulary is accounted for exactly once, by a record, in a `counts` line, or in a
/// gap; the last line says what all of them have to add up to.
public final class DecisionLog: Sendable {
  public let settings: DecisionLogSettings
  private let vocabulary: LogVocabulary
  private let lanes: [LogLane]
  private let past: LogPast
  private let board = LogBoard()
  private let bell: EventSignal
  private let ended: EventSignal
  private let report: @Sendable (LogIncident) -> Void
  /// Until the log's thread takes it.
  private let file: Mutex<LogFile?>
  private let thread = Mutex<Thread?>(nil)
  /// What the lines have to add up to, once that is known.
  private let totals = Mutex<LogCounts?>(nil)
  /// Whether everything was written; nil before the end.
  private let outcome = Mutex<Bool?>(nil)

  /// Opens the file, goes on where a former process stopped, and starts to write.
  ///
  /// - Parameter report: told by the log's thread.
  /// - Throws: that the file can't be written, is another process's, or is no log.
  public init(
    _ settings: DecisionLogSettings, _ vocabulary: LogVocabulary, loopCount: Int,
    report: @escaping @Sendable (LogIncident) -> Void
  ) throws(LogFailure) {
    self.settings = settings
    self.vocabulary = vocabulary
    self.report = report
    // Before the file is touched: it may be no log at all.
    _ = try LogPast(of: settings.path)
    do throws(SystemError) {
      bell = try EventSignal()
      ended = try EventSignal()
      file = Mutex(
        try LogFile(
          settings.path, byteCountMax: settings.fileByteCount, fileCount: settings.fileCount))
    } catch {
      throw LogFailure("\(error)")
    }
    // Under the file's lock: whoever had it until now has written its last lines.
    past = try LogPast(of: settings.path)
    // Behind what may fail, where nobody would free them.
    lanes = (0..<loopCount).map { _ in LogLane(ringByteCount: settings.ringByteCount) }
    do throws(SystemError) {
      let started = try Thread(name: "verdict-log") { [self] in write() }
      thread.withLock { $0 = started }
    } catch {
      throw LogFailure("\(error)")
    }
  }

  deinit {
    // SAFETY: loops and thread have ended: the one holds the log, the others may not outlive it.
    for lane in lanes { unsafe lane.free() }
  }

  // MARK: For loops

  /// Loops that it has places for.
  var loopCount: Int { lanes.count }

  /// Where a loop puts what it has to say; one for each, from 0. Not to be used after the log.
  public func source(loop: Int) -> LogSource { LogSource(lanes[loop], vocabulary) }

  /// What the log has done so far.
  public var status: LogStatus { board.status }

  // MARK: The thread

  private func write() {
    guard let file = file.withLock({ $0.take() }) else {
      preconditionFailure("there is one thread, and it takes the file")
    }
    var scribe = LogScribe(settings, vocabulary, lanes, board, file, past, report)
    var sleepMilliseconds = LogLimits.sleepMillisecondsRange.upperBound
    while true {
      let totals = totals.withLock { $0 }
      if let totals {
        let end = SystemClock.monotonicNanoseconds() &+ LogLimits.closeNanoseconds
        let isWhole = scribe.close(totals, endNanoseconds: end)
        outcome.withLock { $0 = isWhole }
        return ended.ring()
      }
      scribe.pass()
      sleepMilliseconds = DecisionLog.sleep(after: sleepMilliseconds, fill: scribe.fill)
      _ = Readiness.wait(readable: [bell.rawDescriptor], timeoutMilliseconds: sleepMilliseconds)
      bell.clear()
    }
  }

  /// Shorter where the rings fill up meanwhile, and longer again where they don't.
  private static func sleep(after before: Int32, fill: Double) -> Int32 {
    let range = LogLimits.sleepMillisecondsRange
    if fill > 0.25 { return max(range.lowerBound, before / 2) }
    return fill < 0.125 ? min(range.upperBound, before * 2) : before
  }

  /// Ends the log, once no loop runs any more: everything that is left, then what all lines have to
  /// add up to. Waits for the disk, but not for ever.
  ///
  /// - Returns: whether everything was written.
  @discardableResult
  public func close(_ counts: LogCounts) -> Bool {
    guard let thread = thread.withLock({ $0.take() }) else { return false }
    totals.withLock { $0 = counts }
    bell.ring()
    let milliseconds = Int32(LogLimits.closeNanoseconds / 1_000_000) + 1_000
    guard
      Readiness.wait(readable: [ended.rawDescriptor], timeoutMilliseconds: milliseconds) != nil
    else {
      // The disk holds the thread; the process ends without it.
      report(.notClosed(path: settings.path))
      return false
    }
    thread.join()
    let isWhole = outcome.withLock { $0 } ?? false
    if !isWhole { report(.notClosed(path: settings.path)) }
    return isWhole
  }
}
