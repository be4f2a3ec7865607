/// The bounds of the decision log, with what happens when one is reached.
public enum LogLimits {
  /// Bytes of a loop's ring. What finds no room is dropped, counted, and stated as a gap.
  public static let ringByteCount = 4 << 20
  public static let ringByteCountRange = (256 << 10)...(1 << 30)
  /// Bytes of a file from which on the next one is begun.
  public static let fileByteCount = 64 << 20
  public static let fileByteCountRange = (64 << 10)...(1 << 40)
  /// Files that are kept, with the one that is written. The oldest is removed for the next.
  public static let fileCount = 8
  public static let fileCountRange = 2...1_000

  /// Bytes of what is said about one request, without who called. Where it gets longer, fewer
  /// checks are listed.
  static let draftByteCountMax = 48 << 10
  /// Checks that a record lists. Of a request with more, only those that were not allowed.
  public static let listedCheckCountMax = 100
  /// Bytes of a text. Ids are shorter; what is longer was none, and is cut.
  static let textByteCountMax = 512
  /// Bytes of who called. A longer name is cut.
  public static let callerByteCountMax = 255

  /// Lines that wait to be written. While the disk takes nothing, the rings fill instead.
  static let pendingByteCountMax = 1 << 20
  /// What is written in one go, about.
  static let writeByteCount = 256 << 10
  /// The longest line: each byte of a draft is at most six of JSON, the rest are names of members.
  static let lineByteCountMax = 512 << 10

  /// How long the writer sleeps: the longer the emptier the rings are. A loop that logs everything
  /// at full speed fills about half a ring while it sleeps longest.
  static let sleepMillisecondsRange: ClosedRange<Int32> = 2...20
  /// How often requests are told that have no record of their own.
  static let countsNanoseconds: UInt64 = 1_000_000_000
  /// How often operators are told that records are dropped.
  static let dropReportNanoseconds: UInt64 = 10_000_000_000
  /// How long the end of the log may take; what can't be written by then is lost, and told.
  public static let closeNanoseconds: UInt64 = 5_000_000_000

  /// Bytes of a key for hashed fields.
  public static let keyByteCountRange = 16...1_024
  /// What is read of a former file to find its last line.
  static let tailByteCountMax = 1 << 20
}
