internal import Testing
internal import VerdictModel
internal import VerdictSystem

@testable import VerdictLog

@Suite("A log is gone on with, and what was lost is stated")
struct LogPastTests {
  private func run(
    _ directory: TemporaryDirectory, requests: Int = 3, fileByteCount: Int = 1 << 20,
    fileCount: Int = 8
  ) throws {
    let settings = LogWorld.settings(directory.path("log")) {
      $0.fileByteCount = fileByteCount
      $0.fileCount = fileCount
    }
    let log = try DecisionLog(settings, LogWorld.vocabulary, loopCount: 1) { _ in }
    var source = log.source(loop: 0)
    var draft = LogDraft(log.settings.sampling)
    var totals = LogCounts()
    for number in 0..<requests {
      LogWorld.note(
        &source, &draft, number: UInt64(number), reason: LogWorld.missing)
      totals.add(1, method: 0, status: 0)
      totals.add(1, group: 0, reason: LogWorld.missing)
    }
    log.close(totals)
  }

  @Test("a log that was closed goes on without a gap")
  func closed() throws {
    let directory = try TemporaryDirectory()
    try run(directory)
    try run(directory)
    let lines = try directory.lines("log")
    #expect(lines.count == 10)
    #expect(lines[5].contains("\"seq\":6,") && lines[5].contains("\"closed\":true"))
    let audit = try LogWorld.audit(directory.path("log"))
    #expect(audit.faults.isEmpty && audit.unknownGaps.isEmpty && audit.startCount == 2)
  }

  @Test("a log whose writer is about to end goes on where that one stopped")
  func handedOver() throws {
    for _ in 0..<60 {
      let directory = try TemporaryDirectory()
      let settings = LogWorld.settings(directory.path("log"))
      let log = try DecisionLog(settings, LogWorld.vocabulary, loopCount: 1) { _ in }
      let closer = try Thread(name: "closer") { log.close(LogCounts()) }
      var next: DecisionLog?
      let end = SystemClock.monotonicNanoseconds() + 10_000_000_000
      while next == nil, SystemClock.monotonicNanoseconds() < end {
        // The other one has its lock until it has ended.
        next = try? DecisionLog(settings, LogWorld.vocabulary, loopCount: 1) { _ in }
      }
      closer.join()
      next?.close(LogCounts())
      let audit = try LogWorld.audit(directory.path("log"))
      #expect(audit.faults.isEmpty && audit.unknownGaps.isEmpty && audit.startCount == 2)
    }
  }

  @Test("numbers of a log that nobody wrote so don't stop whoever reads it")
  func hugeNumbers() throws {
    let directory = try TemporaryDirectory()
    let gap = #""time":"t","cause":"ring_full","loop":0,"records":9223372036854775807}"#
    try directory.write(
      (1...4).map { "{\"kind\":\"gap\",\"seq\":\($0),\(gap)\n" }.joined(), to: "log")
    #expect(try LogWorld.audit(directory.path("log")).gapCount == 4)
  }

  @Test("wherever a log was cut off, the next process states a gap of unknown size")
  func killed() throws {
    let whole = try TemporaryDirectory()
    try run(whole)
    let bytes = try whole.bytes("log")
    for count in stride(from: 1, to: bytes.count, by: 97) {
      let directory = try TemporaryDirectory()
      try directory.write(String(decoding: bytes[..<count], as: UTF8.self), to: "log")
      let torn = try LogWorld.audit(directory.path("log"))
      #expect(torn.faults.isEmpty)
      #expect(torn.tornTailByteCount > 0 || bytes[count - 1] == UInt8(ascii: "\n"))
      try run(directory)
      let audit = try LogWorld.audit(directory.path("log"))
      #expect(audit.faults.isEmpty, "cut off after \(count) bytes")
      #expect(audit.unknownGaps.count == 1 && audit.isClosed)
      if audit.startCount == 2 { #expect(audit.unknownGaps[0].recordCountMax == 40_960) }
    }
  }

  @Test("files change by size, so many are kept, and each says how it goes on")
  func rotation() throws {
    let directory = try TemporaryDirectory()
    for _ in 0..<4 { try run(directory, requests: 600, fileByteCount: 64 << 10, fileCount: 3) }
    #expect(try directory.names() == ["log", "log.1", "log.2"])
    for name in try directory.names() { #expect(try directory.mode(name) == 0o600) }
    let audit = try LogWorld.audit(directory.path("log"))
    #expect(audit.faults.isEmpty && (audit.firstSequence ?? 0) > 1)
    #expect(try directory.lines("log")[0].contains("\"kind\":\"continue\""))
  }

  @Test("what is no log is not written to")
  func foreign() throws {
    for text in ["hello\n", "hello", "{\"kind\":\"other\"}\n"] {
      let directory = try TemporaryDirectory()
      try directory.write(text, to: "log")
      #expect(throws: LogFailure.self) { try run(directory) }
      #expect(try directory.bytes("log") == Array(text.utf8))
    }
  }

  @Test("two processes don't write one log")
  func locked() throws {
    let directory = try TemporaryDirectory()
    let settings = LogWorld.settings(directory.path("log"))
    let first = try DecisionLog(settings, LogWorld.vocabulary, loopCount: 1) { _ in }
    #expect(throws: LogFailure.self) {
      _ = try DecisionLog(settings, LogWorld.vocabulary, loopCount: 1) { _ in }
    }
    first.close(LogCounts())
  }

  @Test("a line that was taken away, changed or added is found")
  func tampering() throws {
    let directory = try TemporaryDirectory()
    try run(directory)
    let lines = try directory.lines("log")
    func faults(_ lines: [String]) throws -> [LogAudit.Fault] {
      try directory.write(lines.map { $0 + "\n" }.joined(), to: "other")
      return try LogWorld.audit(directory.path("other")).faults
    }
    #expect(try faults(lines).isEmpty)
    var less = lines
    less.remove(at: 2)
    #expect(try faults(less).map(\.lineNumber) == [3, 4])
    #expect(try faults(less)[0].text == "has number 4 after 2: 1 lines are missing")
    var other = lines
    other[2] = other[2].replacing("missing_permission", with: "unknown_principal")
    #expect(try faults(other).map(\.lineNumber) == [5])
    other[2] = other[2].replacing("unknown_principal", with: "no_such_reason")
    #expect(try faults(other).map(\.lineNumber) == [3, 5])
    var broken = lines
    broken[1] = "{\"kind\":\"dec"
    #expect(try faults(broken).map(\.lineNumber) == [2, 3, 5])
    #expect(try faults(lines + ["{\"kind\":\"dec"]).count == 1)
    #expect(try faults(lines.reversed()).count >= 4)
  }
}
