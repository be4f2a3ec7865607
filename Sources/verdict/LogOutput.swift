internal import Logging
internal import VerdictModel
internal import VerdictSystem

/// Logs on standard error: for people on a terminal, one JSON object a line otherwise.
///
/// A line that can't be written is dropped: nobody is there to read it, and a server must not stop
/// for that.
struct LogOutput: LogHandler {
  enum Form: Sendable { case text, json }

  let form: Form
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?

  /// The logger of the process.
  static func logger(level: Logger.Level) -> Logger {
    let form: Form = StandardStream.error.isTerminal ? .text : .json
    return Logger(label: "verdict") { _ in LogOutput(form: form, logLevel: level) }
  }

  init(form: Form, logLevel: Logger.Level) {
    self.form = form
    self.logLevel = logLevel
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var all = metadata
    if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
    if let given = event.metadata { all.merge(given) { $1 } }
    if let error = event.error { all["error"] = "\(error)" }
    StandardStream.error.tell(
      line(
        level: event.level, message: event.message.description, all,
        realNanoseconds: SystemClock.realNanoseconds()))
  }

  /// One record without its line's end. Metadata stand in the order of their names.
  func line(
    level: Logger.Level, message: String, _ metadata: Logger.Metadata, realNanoseconds: Int64
  ) -> String {
    let time = Timestamp.text(realNanoseconds: realNanoseconds)
    let sorted = metadata.sorted { $0.key < $1.key }
    switch form {
    case .json:
      let head = [
        JSONValue.Member("time", time), JSONValue.Member("level", level.rawValue),
        JSONValue.Member("message", message),
      ]
      return JSONValue.object(head + sorted.map { .init($0.key, LogOutput.json($0.value)) }).line
    case .text:
      let facts = sorted.map { " \($0.key)=\(LogOutput.text($0.value))" }.joined()
      return "\(time) \(level.rawValue): \(TerminalText.escaped(message + facts))"
    }
  }

  private static func json(_ value: Logger.Metadata.Value) -> JSONValue {
    switch value {
    case .string(let text): .text(text)
    case .stringConvertible(let value):
      (value as? any FixedWidthInteger).flatMap { Int64(exactly: $0) }.map(JSONValue.number)
        ?? .text(value.description)
    case .array(let values): .list(values.map(json))
    case .dictionary(let members):
      .object(members.sorted { $0.key < $1.key }.map { .init($0.key, json($0.value)) })
    }
  }

  /// As JSON where it isn't a plain word.
  private static func text(_ value: Logger.Metadata.Value) -> String {
    if case .string(let text) = value, !text.isEmpty, !text.contains(where: { $0 == " " }) {
      return text
    }
    return json(value).line
  }
}

/// Times in logs.
enum Timestamp {
  /// RFC 3339 in UTC with milliseconds: `2026-01-31T12:00:00.000Z`.
  static func text(realNanoseconds: Int64) -> String {
    let seconds = Int(realNanoseconds.dividingFloor(by: 1_000_000_000))
    let milliseconds = Int(realNanoseconds - Int64(seconds) * 1_000_000_000) / 1_000_000
    let day = Int(Int64(seconds).dividingFloor(by: 86_400))
    let rest = seconds - day * 86_400
    let date = civil(day: day)
    return padded(date.year, 4) + "-" + padded(date.month, 2) + "-" + padded(date.day, 2) + "T"
      + padded(rest / 3_600, 2) + ":" + padded(rest / 60 % 60, 2) + ":" + padded(rest % 60, 2)
      + "." + padded(milliseconds, 3) + "Z"
  }

  /// Year, month and day of a day counted from 1970-01-01: Howard Hinnant's `civil_from_days`.
  private static func civil(day: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = day + 719_468
    let era = Int(Int64(shifted).dividingFloor(by: 146_097))
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
      dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    )
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

extension Int64 {
  fileprivate func dividingFloor(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
