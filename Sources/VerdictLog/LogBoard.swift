internal import Synchronization

/// What a log has done so far, for metrics.
public struct LogStatus: Sendable, Equatable {
  /// Records put into lines.
  public var recordCount: UInt64 = 0
  /// Records stated in gaps.
  public var droppedCount: UInt64 = 0
  public var byteCount: UInt64 = 0
  /// Times that the disk did not take something.
  public var failureCount: UInt64 = 0
  /// Whether it takes nothing at present.
  public var isFailing = false

  public init() {}
}

/// The same while it changes: words that the log's thread writes, and anybody reads.
final class LogBoard: Sendable {
  enum Word { case records, dropped, bytes, failures }

  private let records = Atomic<UInt64>(0)
  private let dropped = Atomic<UInt64>(0)
  private let bytes = Atomic<UInt64>(0)
  private let failures = Atomic<UInt64>(0)
  private let failing = Atomic<Bool>(false)

  func add(_ count: UInt64, to word: Word) {
    switch word {
    case .records: records.wrappingAdd(count, ordering: .relaxed)
    case .dropped: dropped.wrappingAdd(count, ordering: .relaxed)
    case .bytes: bytes.wrappingAdd(count, ordering: .relaxed)
    case .failures: failures.wrappingAdd(count, ordering: .relaxed)
    }
  }

  func setFailing(_ flag: Bool) { failing.store(flag, ordering: .relaxed) }

  var status: LogStatus {
    var status = LogStatus()
    status.recordCount = records.load(ordering: .relaxed)
    status.droppedCount = dropped.load(ordering: .relaxed)
    status.byteCount = bytes.load(ordering: .relaxed)
    status.failureCount = failures.load(ordering: .relaxed)
    status.isFailing = failing.load(ordering: .relaxed)
    return status
  }
}
