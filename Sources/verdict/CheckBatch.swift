internal import VerdictModel
internal import VerdictSystem

/// A batch of checks: JSON lines in, JSON lines out, in order.
///
/// What has arrived is answered at once, up to `lineCountMax` lines together, so that a program may
/// also hold a conversation with the command through pipes.
struct CheckBatch {
  /// Lines that are answered together: no more than a server takes in one request.
  static let lineCountMax = Limits.plainCheckCountMax
  /// Longest line in bytes. A longer one is answered as malformed, without being kept.
  static let lineByteCountMax = 64 << 10
  private static let readByteCount = 256 << 10

  let source: CheckSource
  /// For the members that a line doesn't have.
  let defaults: CheckLine
  private var lineNumber = 0

  init(source: CheckSource, defaults: CheckLine) {
    self.source = source
    self.defaults = defaults
  }

  /// Answers every line of `input`, the last one also without an end.
  ///
  /// - Parameter write: is given the answers to what has been read so far.
  mutating func run(
    _ input: borrowing FileDescriptor, write: ([UInt8]) throws(CommandFailure) -> Void
  ) throws(CommandFailure) {
    var lines = LineSplitter(byteCountMax: CheckBatch.lineByteCountMax)
    var chunk = [UInt8](repeating: 0, count: CheckBatch.readByteCount)
    while true {
      let count = try CheckBatch.read(input, into: &chunk)
      if count == 0 { break }
      try answer(lines.split(chunk[..<count]), write)
    }
    if let last = lines.last { try answer([last], write) }
  }

  private static func read(
    _ input: borrowing FileDescriptor, into chunk: inout [UInt8]
  ) throws(CommandFailure) -> Int {
    do throws(SystemError) {
      var span = chunk.mutableSpan
      // SAFETY: the span is valid for the call, and the kernel writes inside it.
      return try unsafe span.withUnsafeMutableBytes { buffer throws(SystemError) in
        try unsafe input.read(into: buffer)
      }
    } catch {
      throw CommandFailure("the batch: \(error)")
    }
  }

  private mutating func answer(
    _ lines: [LineSplitter.Line], _ write: ([UInt8]) throws(CommandFailure) -> Void
  ) throws(CommandFailure) {
    var rest = lines[...]
    while !rest.isEmpty {
      try write(try answers(to: rest.prefix(CheckBatch.lineCountMax)))
      rest = rest.dropFirst(CheckBatch.lineCountMax)
    }
  }

  /// The answers to at most `lineCountMax` lines, as bytes.
  private mutating func answers(
    to lines: ArraySlice<LineSplitter.Line>
  ) throws(CommandFailure) -> [UInt8] {
    var answers: [CheckAnswer?] = []
    var checks: [Check] = []
    for line in lines {
      lineNumber += 1
      do throws(CheckLineError) {
        checks.append(try check(line))
        answers.append(nil)
      } catch {
        answers.append(.unreadable(lineNumber: lineNumber, error))
      }
    }
    var decided = try source.answer(checks)[...]
    precondition(decided.count == checks.count, "a source answers every check")
    var output: [UInt8] = []
    for answer in answers {
      output += (answer ?? decided.removeFirst()).json.bytes
      output.append(UInt8(ascii: "\n"))
    }
    return output
  }

  private func check(_ line: LineSplitter.Line) throws(CheckLineError) -> Check {
    guard case .whole(let bytes) = line else {
      throw CheckLineError("it is longer than \(CheckBatch.lineByteCountMax) bytes")
    }
    // `rethrows` knows no typed errors, so the result carries it.
    let parsed = bytes.withByteView { view in
      Result { () throws(CheckLineError) in try CheckLine(parsing: view) }
    }
    return try parsed.get().check(defaults: defaults)
  }
}

/// Splits what is read piece by piece into lines.
struct LineSplitter {
  enum Line: Equatable {
    /// Without its line feed.
    case whole([UInt8])
    /// Too long to be kept.
    case tooLong
  }

  private let byteCountMax: Int
  private var unfinished: [UInt8] = []
  private var isTooLong = false

  init(byteCountMax: Int) { self.byteCountMax = byteCountMax }

  /// The lines that end in `piece`, the first of which may have begun before.
  mutating func split(_ piece: ArraySlice<UInt8>) -> [Line] {
    var lines: [Line] = []
    var rest = piece
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      keep(rest[..<end])
      lines.append(isTooLong ? .tooLong : .whole(unfinished))
      unfinished = []
      isTooLong = false
      rest = rest[(end + 1)...]
    }
    keep(rest)
    return lines
  }

  /// What came after the last line feed, if anything.
  var last: Line? {
    if isTooLong { return .tooLong }
    return unfinished.isEmpty ? nil : .whole(unfinished)
  }

  private mutating func keep(_ bytes: ArraySlice<UInt8>) {
    if isTooLong || bytes.count > byteCountMax - unfinished.count {
      isTooLong = true
      unfinished = []
    } else {
      unfinished += bytes
    }
  }
}
