internal import VerdictModel
internal import VerdictSystem

/// The file that is written, and those before it: `PATH`, then `PATH.1` and so on, the older the
/// higher.
struct LogFile: ~Copyable {
  static let mode: UInt32 = 0o600

  let path: String
  private let byteCountMax: Int
  private let fileCount: Int
  private var file: AppendedFile?
  private(set) var byteCount: Int

  /// Opens the file, or creates it.
  init(_ path: String, byteCountMax: Int, fileCount: Int) throws(SystemError) {
    self.path = path
    self.byteCountMax = byteCountMax
    self.fileCount = fileCount
    let opened = try AppendedFile(path, mode: LogFile.mode)
    byteCount = try opened.byteCount()
    file = consume opened
  }

  /// False after a change of files whose second half failed.
  var isOpen: Bool { file != nil }

  /// Whether the next file is to be begun.
  var isFull: Bool { byteCount >= byteCountMax }

  /// Begins the next file; may be tried again where it fails.
  mutating func change() throws(SystemError) {
    if file != nil {
      for number in (1..<fileCount).reversed() {
        let older = "\(path).\(number)"
        try File.rename(number == 1 ? path : "\(path).\(number - 1)", to: older)
      }
      // Nothing of it can be lost but by a power cut.
      file = nil
    }
    let opened = try AppendedFile(path, mode: LogFile.mode)
    byteCount = try opened.byteCount()
    file = consume opened
  }

  /// Writes everything that waits; what is left where it fails goes on where it stopped.
  mutating func write(_ buffer: inout LineBuffer) throws(SystemError) {
    while buffer.count > 0 {
      // SAFETY: the buffer does not change during the call.
      let count = try unsafe file?.write(buffer.bytes.buffer) ?? 0
      precondition(count > 0, "a file that is open takes something or says why not")
      byteCount += count
      buffer.drop(count)
    }
  }

  /// Makes what was written survive a power cut.
  func synchronize() throws(SystemError) { try file?.synchronize() }

  /// The files of a log that are there, oldest first.
  static func paths(_ path: String) throws(SystemError) -> [String] {
    let directory = AtomicFile.directory(of: path)
    let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map {
      String(path[path.index(after: $0)...])
    }
    let start = (name ?? path) + "."
    var numbers: [Int] = []
    for other in try File.names(in: directory) where other.hasPrefix(start) {
      let rest = other.dropFirst(start.count)
      if let number = Int(rest), number > 0, "\(number)" == rest { numbers.append(number) }
    }
    return numbers.sorted(by: >).map { "\(path).\($0)" } + (File.exists(path) ? [path] : [])
  }
}
