internal import VerdictModel
public import VerdictSystem

/// Reads the files of a log in their order, a line at a time.
public enum LogReader {
  private static let readByteCount = 1 << 20

  /// The files to read, oldest first: of a single one also those that came before it, `PATH.1` and
  /// so on; of several exactly those, by the number of their first line.
  public static func files(_ paths: [String]) throws(SystemError) -> [String] {
    if paths.count == 1 {
      let all = try LogFile.paths(paths[0])
      return all.contains(paths[0]) ? all : all + paths
    }
    var numbered: [(sequence: UInt64, path: String)] = []
    for path in paths {
      let head = try File.readHead(path, byteCountMax: LogLimits.lineByteCountMax)
      let line = head.prefix { $0 != UInt8(ascii: "\n") }
      // What is no log comes last, and is found to be none when it is read.
      numbered.append((LogEntry(Array(line))?.sequence ?? .max, path))
    }
    return numbered.sorted { $0.sequence < $1.sequence }.map(\.path)
  }

  /// Audits the files. Linear in their bytes; in memory a piece of a file at a time.
  public static func audit(
    _ paths: [String], _ vocabulary: LogVocabulary
  ) throws(SystemError) -> LogAudit {
    var audit = LogAudit(vocabulary)
    for (index, path) in paths.enumerated() {
      audit.begin(path)
      let torn = try read(path) { audit.take($0) }
      audit.end(tornByteCount: torn, isLastFile: index + 1 == paths.count)
    }
    return audit
  }

  /// - Returns: bytes behind the last line's end.
  private static func read(
    _ path: String, _ take: ([UInt8]) -> Void
  ) throws(SystemError) -> Int {
    let file = try FileDescriptor.reading(path)
    var piece = [UInt8](repeating: 0, count: readByteCount)
    var line: [UInt8] = []
    while true {
      // SAFETY: the array lives through the call.
      var span = piece.mutableSpan
      let count = try unsafe span.withUnsafeMutableBytes { buffer throws(SystemError) in
        try unsafe file.read(into: buffer)
      }
      if count == 0 { return line.count }
      var start = 0
      while let end = piece[start..<count].firstIndex(of: UInt8(ascii: "\n")) {
        line += piece[start..<end]
        take(line)
        line.removeAll(keepingCapacity: true)
        start = end + 1
      }
      line += piece[start..<count]
    }
  }
}
