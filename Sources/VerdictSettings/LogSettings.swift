public import VerdictLog

/// How decisions are logged. `LogSettings.options` has a row for each field.
public struct LogSettings: Sendable, Equatable {
  public var path: String?
  public var allowedShare = 0.01
  public var ringByteCount = ByteCount(LogLimits.ringByteCount)
  public var fileByteCount = ByteCount(LogLimits.fileByteCount)
  public var fileCount = LogLimits.fileCount
  public var masked: [LogField] = []
  public var hashed: [LogField] = []
  public var keyPath: String?

  public init() {}

  static let options: [SettingsOption<LogSettings>] = [
    SettingsOption(
      "decision-log", "file", \.path,
      """
      A file for the decision log: one line of JSON for each request that was not allowed, and for \
      a share of the others. Files before it are FILE.1, FILE.2 and so on.
      """, default: "no log"),
    SettingsOption(
      "log-allows", "share", \.allowedShare,
      """
      Of requests that were allowed the share that has records, from 0 to 1; the others are counted.
      """, check: within(0...1)),
    SettingsOption(
      "log-ring", "bytes", \.ringByteCount,
      """
      Memory of each loop for records that wait to be written, rounded up to a power of two. What \
      finds no room is dropped, counted, and stated as a gap.
      """, check: within(bytes(LogLimits.ringByteCountRange))),
    SettingsOption(
      "log-file", "bytes", \.fileByteCount,
      "Bytes of a file of the decision log from which on the next one is begun.",
      check: within(bytes(LogLimits.fileByteCountRange))),
    SettingsOption(
      "log-files", "n", \.fileCount,
      "Files of the decision log that are kept, with the one that is written.",
      check: within(LogLimits.fileCountRange)),
    SettingsOption(
      "log-mask", "field", list: \.masked,
      """
      Members of records whose values are not to be there: organization, principal, workspace, \
      resource, target or caller.
      """),
    SettingsOption(
      "log-hash", "field", list: \.hashed,
      "Members of records that have a keyed digest (HMAC with SHA-256) in place of their values."),
    SettingsOption(
      "log-hash-key", "file", \.keyPath,
      "The file with the key for --log-hash: 16 to 1024 bytes, without the line's end at its end."),
  ]

  private static func bytes(_ range: ClosedRange<Int>) -> ClosedRange<ByteCount> {
    ByteCount(range.lowerBound)...ByteCount(range.upperBound)
  }

  /// What does not fit together.
  var faults: [String] {
    var faults: [String] = []
    var other = LogSettings()
    other.path = path
    if path == nil && self != other {
      faults.append("--log-allows and its like go with --decision-log")
    }
    if !Set(masked).isDisjoint(with: hashed) {
      faults.append("--log-mask and --log-hash name the same field")
    }
    if hashed.isEmpty != (keyPath == nil) {
      faults.append("--log-hash and --log-hash-key go together")
    }
    return faults
  }
}

extension LogField: OptionValue {}
