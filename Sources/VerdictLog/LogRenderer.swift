internal import VerdictModel

/// Puts records into lines of JSON. docs/decision-log.md is their contract.
struct LogRenderer: ~Copyable {
  let vocabulary: LogVocabulary
  private let fields: LogFields
  private let methods: [[UInt8]]
  private let statuses: [[UInt8]]
  /// By reason: the members `effect` and `reason` of a check.
  private let outcomes: [[UInt8]]
  private let treatments: InlineArray<6, LogFields.Treatment>
  /// The second of the last time, and how it is written.
  private var second = Int64.min
  private var secondText: [UInt8] = []

  init(_ vocabulary: LogVocabulary, _ fields: LogFields) {
    self.vocabulary = vocabulary
    self.fields = fields
    methods = (0..<LogCounts.methodCountMax).map { number in
      Array((vocabulary.method(UInt8(number))?.name ?? "").utf8)
    }
    statuses = LogWords.statusNames.map { Array($0.utf8) }
    outcomes = LogWords.reasonNames.enumerated().map { number, name in
      Array("\"effect\":\"\(LogWords.effectName(UInt8(number)))\",\"reason\":\"\(name)\"".utf8)
    }
    treatments = [
      fields.treatment(of: .organization), fields.treatment(of: .principal),
      fields.treatment(of: .workspace), fields.treatment(of: .resource),
      fields.treatment(of: .target), fields.treatment(of: .caller),
    ]
  }

  /// Begins a line; its members follow, then `}` and the line's end.
  mutating func begin(
    _ line: inout LineBuffer, kind: StaticString, sequence: UInt64, realNanoseconds: Int64
  ) {
    line.append("{\"kind\":\"")
    line.append(kind)
    line.append("\",\"seq\":")
    line.append(decimal: sequence)
    line.append(",\"time\":\"")
    let (quotient, rest) = realNanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    let now = rest < 0 ? quotient - 1 : quotient
    if now != second {
      second = now
      secondText = Array(LogTime.text(realSeconds: now).utf8)
    }
    line.append(secondText)
    line.append(byte: UInt8(ascii: "."))
    line.append(microseconds: Int(realNanoseconds &- now &* 1_000_000_000) / 1_000)
    line.append("Z\"")
  }

  func end(_ line: inout LineBuffer) { line.append("}\n") }

  /// A line of another kind than `decision`, whole.
  mutating func append(
    _ kind: StaticString, _ members: [JSONValue.Member], to line: inout LineBuffer,
    sequence: UInt64, realNanoseconds: Int64
  ) {
    begin(&line, kind: kind, sequence: sequence, realNanoseconds: realNanoseconds)
    for member in members {
      line.append(",")
      line.append(member)
    }
    end(&line)
  }

  /// One record as one line.
  ///
  /// - Parameter realNanoseconds: when the request ended.
  mutating func append(
    _ record: LogRecord, to line: inout LineBuffer, sequence: UInt64, loop: Int,
    realNanoseconds: Int64
  ) {
    begin(&line, kind: "decision", sequence: sequence, realNanoseconds: realNanoseconds)
    line.append(",\"method\":\"")
    line.append(methods[Int(record.method)])
    line.append("\",\"status\":\"")
    line.append(statuses[Int(record.status)])
    line.append("\"")
    if let draft = record.draft { append(draft, to: &line) }
    line.append(",\"caller\":")
    append(record.caller, treatments[5], to: &line)
    line.append(",\"loop\":")
    line.append(decimal: UInt64(loop))
    line.append(",\"latency_us\":")
    line.append(decimal: UInt64(record.microseconds))
    end(&line)
  }

  private func append(_ draft: LogDraftView, to line: inout LineBuffer) {
    line.append(",\"id\":\"")
    line.append(hexadecimal: draft.id)
    line.append("\"")
    var cursor = draft.cursor
    append(",\"organization\":", cursor.text(), treatments[0], to: &line)
    appendPrincipal(cursor.text(), to: &line)
    append(",\"workspace\":", cursor.text(), treatments[2], to: &line)
    append(",\"route\":", cursor.text(), .plain, to: &line)
    if draft.checkCount > 1 || draft.pairCount > 0 {
      line.append(",\"check_count\":")
      line.append(decimal: UInt64(draft.checkCount))
      appendReasons(draft.pairCount, &cursor, to: &line)
    }
    line.append(",\"checks\":[")
    for index in 0..<draft.itemCount {
      if index > 0 { line.append(byte: UInt8(ascii: ",")) }
      appendItem(&cursor, hasIndex: draft.checkCount > 1, to: &line)
    }
    line.append("]")
    if draft.isTruncated {
      line.append(",\"truncated\":true,\"listed\":")
      line.append(decimal: UInt64(draft.itemCount))
    }
    if draft.hasOrigin {
      line.append(",\"generation\":")
      line.append(decimal: draft.generation)
      line.append(",\"digest\":\"")
      line.append(hexadecimal: draft.digest)
      line.append("\"")
    }
  }

  private func appendReasons(_ count: Int, _ cursor: inout LogCursor, to line: inout LineBuffer) {
    line.append(",\"reasons\":{")
    for index in 0..<count {
      let (reason, count) = cursor.pair()
      if index > 0 { line.append(byte: UInt8(ascii: ",")) }
      line.append("\"")
      LogWords.reasonNames[Int(reason)].withByteView { line.append($0) }
      line.append("\":")
      line.append(decimal: UInt64(count))
    }
    line.append("}")
  }

  private func appendItem(
    _ cursor: inout LogCursor, hasIndex: Bool, to line: inout LineBuffer
  ) {
    let (index, reason, operand) = cursor.item()
    line.append("{")
    if hasIndex {
      line.append("\"index\":")
      line.append(decimal: UInt64(index))
      line.append(",")
    }
    line.append(outcomes[Int(min(reason, 95))])
    appendPrincipal(cursor.text(), to: &line)
    append(",\"workspace\":", cursor.text(), treatments[2], to: &line)
    append(",\"action\":", cursor.text(), .plain, to: &line)
    append(",\"resource\":", cursor.text(), treatments[3], to: &line)
    append(",\"target\":", cursor.text(), treatments[4], to: &line)
    append(",\"permission\":", cursor.text(), .plain, to: &line)
    let related = cursor.text()
    switch operand {
    case 1: line.append(",\"operand\":\"self\"")
    case 2: line.append(",\"operand\":\"target\"")
    case 3: append(",\"related\":", related, treatments[3], to: &line)
    default: break
    }
    line.append("}")
  }

  /// With its kind in front, also where the caller left out `user:`: everybody has one name.
  private func appendPrincipal(_ bytes: ByteView, to line: inout LineBuffer) {
    if bytes.isEmpty { return }
    let name = PrincipalName(bytes)
    line.append(",\"principal\":")
    guard name.kind == .user, name.id.count == bytes.count else {
      return append(bytes, treatments[1], to: &line)
    }
    if case .plain = treatments[1], LineBuffer.isPlain(bytes) {
      line.append("\"user:")
      line.append(bytes)
      return line.append("\"")
    }
    let full = Array(PrincipalKind.user.prefix.utf8) + bytes.array
    full.withByteView { append($0, treatments[1], to: &line) }
  }

  /// A member, where its value is not empty.
  private func append(
    _ name: StaticString, _ bytes: ByteView, _ treatment: LogFields.Treatment,
    to line: inout LineBuffer
  ) {
    if bytes.isEmpty { return }
    line.append(name)
    append(bytes, treatment, to: &line)
  }

  private func append(
    _ bytes: ByteView, _ treatment: LogFields.Treatment, to line: inout LineBuffer
  ) {
    switch treatment {
    case .plain: line.append(quoted: bytes)
    case .masked: line.append("\"***\"")
    case .hashed:
      line.append("\"hmac:")
      fields.digest(of: bytes).withByteView { line.append(hexadecimal: $0) }
      line.append("\"")
    }
  }
}
