internal import VerdictModel

/// One line of a log, as far as its numbers go.
struct LogEntry {
  enum Kind: String { case start, `continue`, decision, counts, gap, close }

  let kind: Kind
  let sequence: UInt64
  let time: String
  let members: [JSONValue.Member]

  /// nil where the line is none of a log.
  init?(_ line: [UInt8]) {
    guard case .object(let members)? = LogLineReader.value(of: line) else { return nil }
    self.members = members
    guard case .text(let name)? = LogEntry.find("kind", members), let kind = Kind(rawValue: name),
      case .number(let sequence)? = LogEntry.find("seq", members), sequence > 0,
      case .text(let time)? = LogEntry.find("time", members)
    else { return nil }
    self.kind = kind
    self.sequence = UInt64(sequence)
    self.time = time
  }

  private static func find(_ name: String, _ members: [JSONValue.Member]) -> JSONValue? {
    members.first { $0.name == name }?.value
  }

  func text(_ name: String) -> String? {
    guard case .text(let text)? = LogEntry.find(name, members) else { return nil }
    return text
  }

  func number(_ name: String) -> UInt64? {
    guard case .number(let number)? = LogEntry.find(name, members) else { return nil }
    return UInt64(number)
  }

  func object(_ name: String) -> [JSONValue.Member] {
    guard case .object(let found)? = LogEntry.find(name, members) else { return [] }
    return found
  }

  /// Of the head of a file: how many records its writer's memory holds at most.
  var recordCountMax: UInt64? { number("records_max") }

  /// What happens with counters, of all kinds but `decision`; nil where a name is not known.
  func counts(_ vocabulary: LogVocabulary) -> LogCounts? {
    var counts = LogCounts()
    for member in object("requests") {
      guard let method = vocabulary.method(named: member.name),
        case .object(let statuses) = member.value
      else { return nil }
      for status in statuses {
        guard let number = LogWords.statusNames.firstIndex(of: status.name),
          case .number(let count) = status.value
        else { return nil }
        counts.add(UInt64(count), method: method.number, status: UInt8(number))
      }
    }
    for member in object("checks") {
      guard let group = vocabulary.groups.firstIndex(of: member.name),
        case .object(let reasons) = member.value
      else { return nil }
      guard LogEntry.add(reasons, group: UInt8(group), to: &counts) else { return nil }
    }
    return counts
  }

  /// What a decision counts for; nil where a name is not known.
  func decision(_ vocabulary: LogVocabulary) -> LogCounts? {
    guard let method = text("method").flatMap(vocabulary.method(named:)),
      let status = text("status").flatMap(LogWords.statusNames.firstIndex(of:))
    else { return nil }
    var counts = LogCounts()
    counts.add(1, method: method.number, status: UInt8(status))
    if LogEntry.find("reasons", members) != nil {
      return LogEntry.add(object("reasons"), group: method.group, to: &counts) ? counts : nil
    }
    guard case .list(let checks)? = LogEntry.find("checks", members) else { return counts }
    for case .object(let check) in checks {
      guard case .text(let reason)? = LogEntry.find("reason", check),
        let number = LogEntry.number(ofReason: reason)
      else { return nil }
      counts.add(1, group: method.group, reason: number)
    }
    return counts
  }

  private static func add(
    _ reasons: [JSONValue.Member], group: UInt8, to counts: inout LogCounts
  ) -> Bool {
    for reason in reasons {
      guard let number = number(ofReason: reason.name), case .number(let count) = reason.value
      else { return false }
      counts.add(UInt64(count), group: group, reason: number)
    }
    return true
  }

  static func number(ofReason name: String) -> UInt8? {
    name == LogWords.mixed ? 0 : Reason(name: name)?.rawValue
  }
}
