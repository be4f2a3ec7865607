import Logging
import Testing
import VerdictModel

@testable import verdict

@Suite("the log")
struct LogTests {
  static let metadata: Logger.Metadata = [
    "set": .stringConvertible(3), "organizations": .array(["acme", "b\nc"]),
    "address": "127.0.0.1:7070", "error": "`x y`: no",
  ]

  @Test("a record is one JSON object on one line, with its facts in order")
  func json() {
    let line = LogOutput(form: .json, logLevel: .info).line(
      level: .error, message: "policies\nrefused", Self.metadata, realNanoseconds: 0)
    #expect(
      line
        == #"{"time": "1970-01-01T00:00:00.000Z", "level": "error", "message": "policies\nrefused", "#
        + #""address": "127.0.0.1:7070", "error": "`x y`: no", "organizations": ["acme", "b\nc"], "#
        + #""set": 3}"#)
  }

  @Test("on a terminal a record is one line too, whatever its facts hold")
  func text() {
    let line = LogOutput(form: .text, logLevel: .info).line(
      level: .info, message: "x\u{1b}[2J\r\n", Self.metadata, realNanoseconds: 0)
    #expect(
      line
        == #"1970-01-01T00:00:00.000Z info: x\u{1b}[2J\u{d}\u{a} address=127.0.0.1:7070 "#
        + #"error="`x y`: no" organizations=["acme", "b\nc"] set=3"#)
    #expect(!TerminalText.escaped("a\u{202e}b\u{85}\u{2028}").contains("\u{202e}"))
  }

  @Test(
    "times are RFC 3339 in UTC",
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"),
      (1_709_210_096_789, "2024-02-29T12:34:56.789Z"),
      (951_782_400_000, "2000-02-29T00:00:00.000Z"),
      (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
      (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
      (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
      (-1, "1969-12-31T23:59:59.999Z"),
    ])
  func times(milliseconds: Int64, text: String) {
    #expect(LogTime.text(realNanoseconds: milliseconds * 1_000_000) == text)
  }
}
