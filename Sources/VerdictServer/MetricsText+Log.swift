internal import VerdictLog

/// What the decision log has done.
extension MetricsText {
  mutating func add(_ log: LogStatus) {
    let counters: [(name: String, help: String, count: UInt64)] = [
      ("records", "Records written to the decision log.", log.recordCount),
      (
        "dropped_records", "Records that found no room; the decision log states them as gaps.",
        log.droppedCount
      ),
      ("written_bytes", "Bytes written to the decision log.", log.byteCount),
      ("write_failures", "Times that the decision log could not be written.", log.failureCount),
    ]
    for (name, help, count) in counters {
      family("verdict_log_\(name)_total", .counter, help)
      sample("verdict_log_\(name)_total", [], count)
    }
    family("verdict_log_failing", .gauge, "1 while the decision log can't be written.")
    sample("verdict_log_failing", [], log.isFailing ? 1 : 0)
  }
}
