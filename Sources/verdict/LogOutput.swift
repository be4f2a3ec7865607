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
    let time = LogTime.text(realNanoseconds: realNanoseconds)
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
