internal import Synchronization
internal import Testing
internal import VerdictModel
internal import VerdictSystem

@testable import VerdictLog

@Suite("The decision log says what was decided, and what it does not say")
struct DecisionLogTests {
  private func open(_ settings: DecisionLogSettings, loops: Int = 1) throws -> DecisionLog {
    try DecisionLog(settings, LogWorld.vocabulary, loopCount: loops) { _ in }
  }

  @Test("a record is one line of JSON, with everything that was noted")
  func oneRecord() throws {
    let directory = try TemporaryDirectory()
    let log = try open(LogWorld.settings(directory.path("log")))
    var source = log.source(loop: 0)
    var draft = LogDraft(log.settings.sampling)
    LogWorld.note(&source, &draft, number: 1, reason: LogWorld.missing)
    var totals = LogCounts()
    totals.add(1, method: 0, status: 0)
    totals.add(1, group: 0, reason: LogWorld.missing)
    #expect(log.close(totals))
    let lines = try directory.lines("log")
    #expect(lines.count == 3)
    #expect(lines[1].hasPrefix("{\"kind\":\"decision\",\"seq\":2,\"time\":\"20"))
    #expect(
      lines[1].contains(
        """
        "method":"Authorize","status":"OK","id":"07000000000000000000000000000001",\
        "organization":"edit","principal":"user:mia@acme.example","checks":[{"effect":"deny",\
        "reason":"missing_permission","action":"edit","resource":"destination/D1"}],\
        "generation":9,"digest":"01\(String(repeating: "0", count: 14))02
        """))
    #expect(lines[1].contains("\"caller\":\"uid:1000\",\"loop\":0,\"latency_us\":"))
    let audit = try LogWorld.audit(directory.path("log"))
    #expect(audit.faults.isEmpty && audit.isClosed && audit.recordCount == 1)
    #expect(try directory.mode("log") == 0o600)
  }

  @Test("a failed request has a record without checks")
  func failure() throws {
    let directory = try TemporaryDirectory()
    let log = try open(LogWorld.settings(directory.path("log"), share: 0))
    var source = log.source(loop: 0)
    var draft = LogDraft(log.settings.sampling)
    LogWorld.end(&source, &draft, status: 4)
    LogWorld.end(&source, &draft, status: 0, method: 5)
    var totals = LogCounts()
    totals.add(1, method: 0, status: 4)
    log.close(totals)
    let audit = try LogWorld.audit(directory.path("log"))
    #expect(audit.faults.isEmpty && audit.recordCount == 1)
    #expect(try directory.lines("log")[1].contains("\"status\":\"DEADLINE_EXCEEDED\",\"caller\""))
  }

  @Test("allows that are not chosen are counted, denials always have a record")
  func sampling() throws {
    let directory = try TemporaryDirectory()
    let log = try open(LogWorld.settings(directory.path("log"), share: 0.1))
    var source = log.source(loop: 0)
    var draft = LogDraft(log.settings.sampling)
    var totals = LogCounts()
    for number in 1...2_000 as ClosedRange<UInt64> {
      let reason = number % 100 == 0 ? LogWorld.missing : LogWorld.granted
      LogWorld.note(&source, &draft, number: number, reason: reason)
      totals.add(1, method: 0, status: 0)
      totals.add(1, group: 0, reason: reason)
    }
    log.close(totals)
    let audit = try LogWorld.audit(directory.path("log"))
    #expect(audit.faults.isEmpty)
    #expect((150...290).contains(audit.recordCount))
    #expect(audit.recordCount + audit.counted.requestCount == 2_000)
    let denied = try directory.lines("log").filter {
      $0.contains("missing_permission") && $0.contains("\"decision\"")
    }
    #expect(denied.count == 20)
  }

  @Test("a batch lists what was not allowed, and counts everything")
  func batch() throws {
    let directory = try TemporaryDirectory()
    let log = try open(LogWorld.settings(directory.path("log")))
    var source = log.source(loop: 0)
    var draft = LogDraft(log.settings.sampling)
    let reasons = (0..<1_000).map { $0 % 5 == 0 ? LogWorld.missing : LogWorld.granted }
    LogWorld.note(&source, &draft, number: 1, reasons: reasons)
    var totals = LogCounts()
    totals.add(1, method: 0, status: 0)
    totals.add(800, group: 0, reason: LogWorld.granted)
    totals.add(200, group: 0, reason: LogWorld.missing)
    log.close(totals)
    let line = try directory.lines("log")[1]
    #expect(
      line.contains(
        "\"check_count\":1000,\"reasons\":{\"granted\":800,\"missing_permission\":200}"))
    #expect(line.contains("\"truncated\":true,\"listed\":100"))
    #expect(line.contains("{\"index\":495,") && !line.contains("{\"index\":500,"))
    #expect(try LogWorld.audit(directory.path("log")).faults.isEmpty)
  }

  @Test("fields are masked, or stand there as a keyed digest")
  func fields() throws {
    let directory = try TemporaryDirectory()
    let key = Array("0123456789abcdef".utf8)
    let settings = LogWorld.settings(directory.path("log")) {
      $0.fields = LogFields(masked: [.resource], hashed: [.principal, .caller], key: key)
    }
    let log = try open(settings)
    var source = log.source(loop: 0)
    var draft = LogDraft(log.settings.sampling)
    LogWorld.note(&source, &draft, number: 1, reason: LogWorld.missing)
    log.close(LogCounts())
    let line = try directory.lines("log")[1]
    // printf user:mia@acme.example | openssl dgst -sha256 -hmac 0123456789abcdef
    #expect(line.contains("\"principal\":\"hmac:\(DecisionLogTests.mia)\""))
    #expect(line.contains("\"resource\":\"***\"") && !line.contains("D1"))
    #expect(!line.contains("mia") && !line.contains("uid"))
  }

  private static let mia = "e5d67afd1bc8925f8a50b12c63aea808"

  @Test("many loops that outrun the disk: records and gaps add up to what they did")
  func gaps() throws {
    let directory = try TemporaryDirectory()
    let settings = LogWorld.settings(directory.path("log")) {
      $0.fileByteCount = 1 << 20
      $0.fileCount = 100
    }
    let log = try open(settings, loops: 2)
    let sums = Mutex(LogCounts())
    let threads = try (0..<2).map { loop in
      try Thread(name: "test-loop") {
        var source = log.source(loop: loop)
        var draft = LogDraft(log.settings.sampling)
        var totals = LogCounts()
        for number in 0..<20_000 as Range<UInt64> {
          let reason = number % 3 == 0 ? LogWorld.missing : LogWorld.granted
          let resource = String(repeating: "r", count: Int(number % 300))
          LogWorld.note(&source, &draft, number: number, reason: reason, resource: resource)
          totals.add(1, method: 0, status: 0)
          totals.add(1, group: 0, reason: reason)
        }
        sums.withLock { $0 += totals }
      }
    }
    for thread in threads { thread.join() }
    #expect(log.close(sums.withLock { $0 }))
    let audit = try LogWorld.audit(directory.path("log"))
    #expect(audit.faults.isEmpty)
    #expect(audit.recordCount + audit.gapRecordCount == 40_000 && audit.gapCount > 0)
    #expect(log.status.droppedCount == audit.gapRecordCount)
    #expect(try directory.names().count > 3)
  }
}
