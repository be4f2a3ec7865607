internal import Logging
internal import VerdictLog
internal import VerdictModel
internal import VerdictServer
internal import VerdictSettings
internal import VerdictSystem

/// The decision log of `verdict serve`.
extension Sidecar {
  static func openLog(
    _ settings: DecisionLogSettings, loopCount: Int, _ logger: Logger
  ) throws(LogFailure) -> DecisionLog {
    let log = try DecisionLog(settings, .verdict, loopCount: loopCount) { tell($0, logger) }
    logger.info(
      "decision log",
      metadata: ["path": "\(settings.path)", "allows": "\(settings.sampling.share)"])
    return log
  }

  /// Called by the log's thread.
  private static func tell(_ incident: LogIncident, _ logger: Logger) {
    switch incident {
    case .failing(let path, let error):
      logger.error(
        "the decision log can't be written; records will be dropped, and counted",
        metadata: ["path": "\(path)", "error": "\(error)"])
    case .recovered(let path):
      logger.notice("the decision log is written again", metadata: ["path": "\(path)"])
    case .dropped(let count):
      logger.warning(
        "records of the decision log were dropped; it states them as gaps",
        metadata: ["records": .stringConvertible(count)])
    case .notClosed(let path):
      logger.error(
        "the decision log could not be ended in order; its last records are lost",
        metadata: ["path": "\(path)"])
    }
  }
}

extension Settings {
  /// - Throws: what is wrong with the key for hashed fields.
  func decisionLog() throws(CommandFailure) -> DecisionLogSettings? {
    guard let path = log.path else { return nil }
    var settings = DecisionLogSettings(path: path, version: ProductVersion.text)
    settings.sampling = LogSampling(share: log.allowedShare)
    settings.ringByteCount = Settings.powerOfTwo(log.ringByteCount.byteCount)
    settings.fileByteCount = log.fileByteCount.byteCount
    settings.fileCount = log.fileCount
    settings.fields = LogFields(
      masked: Set(log.masked), hashed: Set(log.hashed), key: try logKey())
    return settings
  }

  private static func powerOfTwo(_ count: Int) -> Int {
    count <= 1 ? 1 : 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount)
  }

  private func logKey() throws(CommandFailure) -> [UInt8] {
    guard let path = log.keyPath else { return [] }
    let range = LogLimits.keyByteCountRange
    var key: [UInt8]
    do throws(SystemError) {
      key = try File.read(path, byteCountMax: range.upperBound + 1)
    } catch {
      throw CommandFailure(lines: ["error: --log-hash-key \(error)"], status: .usage)
    }
    if key.last == UInt8(ascii: "\n") { key.removeLast() }
    guard range.contains(key.count) else {
      throw CommandFailure(
        lines: [
          "error: --log-hash-key `\(path)`: \(key.count) bytes, expected \(range.lowerBound) to "
            + "\(range.upperBound)"
        ], status: .usage)
    }
    return key
  }
}
