internal import VerdictModel
internal import VerdictSystem

/// What a log that is gone on with says of whoever wrote it before.
struct LogPast {
  /// Of the last line that can be read; 0: there is none.
  var sequence: UInt64 = 0
  /// As it stands there.
  var time = ""
  /// Whether the log was closed in order.
  var isClosed = true
  /// Bytes of a last line that was cut off.
  var tornByteCount = 0
  /// Records that may have been in memory when its writer was killed; nil where nobody knows.
  var recordCountMax: UInt64?

  init() {}

  /// Reads the end of a log.
  ///
  /// - Throws: where the file can't be read, or is something else than a log.
  init(of path: String) throws(LogFailure) {
    if File.exists(path) { try read(path) }
    // Killed between two files, or before the first line of the next was whole.
    if sequence == 0, File.exists("\(path).1") { try read("\(path).1") }
  }

  private mutating func read(_ path: String) throws(LogFailure) {
    let tail: [UInt8]
    let head: [UInt8]
    do throws(SystemError) {
      tail = try File.readTail(path, byteCountMax: LogLimits.tailByteCountMax)
      head = try File.readHead(path, byteCountMax: 64 << 10)
    } catch {
      throw LogFailure("\(error)")
    }
    let newline = UInt8(ascii: "\n")
    var lines = tail.split(separator: newline, omittingEmptySubsequences: false)
    // What stands behind the last line's end; empty where nothing was cut off.
    var torn: [ArraySlice<UInt8>] = [lines.removeLast()].filter { !$0.isEmpty }
    var last: LogEntry?
    while last == nil, let line = lines.popLast() {
      last = LogEntry(Array(line))
      if last == nil { torn.append(line) }
    }
    guard torn.allSatisfy(LogPast.isBegun), last != nil || tail.count < LogLimits.tailByteCountMax
    else { throw LogPast.foreign(path) }
    tornByteCount += torn.reduce(0) { $0 + $1.count }
    isClosed = isClosed && torn.isEmpty && (last == nil || last?.kind == .close)
    guard let last else { return }
    sequence = last.sequence
    time = last.time
    if let first = head.firstIndex(of: newline), let entry = LogEntry(Array(head[..<first])) {
      recordCountMax = entry.recordCountMax
    }
  }

  /// Whether a line that can't be read is the beginning of one of a log's, and no more than that.
  private static func isBegun(_ line: ArraySlice<UInt8>) -> Bool {
    let start = Array("{\"kind\":\"".utf8)
    return line.starts(with: start.prefix(line.count))
      && LogLineReader.value(of: Array(line)) == nil
  }

  private static func foreign(_ path: String) -> LogFailure {
    LogFailure("`\(path)`: is no decision log; move it away, or name another file")
  }
}

/// Why a log can't be begun, in words for whoever runs the server.
public struct LogFailure: Error, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
