internal import Glibc
internal import VerdictSystem

/// Standard output and standard error, unbuffered.
enum StandardStream: Int32 {
  case output = 1
  case error = 2

  /// Writes everything, or says why not.
  func write(_ bytes: [UInt8]) throws(CommandFailure) {
    let descriptor = FileDescriptor(owning: rawValue)
    var failure: SystemError?
    do throws(SystemError) {
      // SAFETY: the span's bytes live for the call.
      try unsafe bytes.span.withUnsafeBytes { bytes throws(SystemError) in
        try unsafe descriptor.write(all: bytes)
      }
    } catch {
      failure = error
    }
    // The stream belongs to the process and stays open.
    _ = descriptor.release()
    if let failure { throw CommandFailure("\(self): \(failure)") }
  }

  func write(line: String) throws(CommandFailure) { try write(Array("\(line)\n".utf8)) }

  /// Writes a line if anybody is there to read it.
  func tell(_ line: String) { try? write(line: line) }

  var isTerminal: Bool { isatty(rawValue) == 1 }

  /// Gives the standard streams that the parent has closed to `/dev/null`: otherwise the next
  /// socket or file would get their numbers, and logs would be written into it.
  static func openMissing() {
    for number: Int32 in 0...2 where fcntl(number, F_GETFD) == -1 {
      // The lowest free number is this one. If even this fails, nothing can be opened at all.
      // SAFETY: a C string for the call alone.
      _ = unsafe open("/dev/null", O_RDWR)
    }
  }
}

extension StandardStream: CustomStringConvertible {
  var description: String { self == .output ? "standard output" : "standard error" }
}
