internal import VerdictModel

/// Values of JSON without the spaces that people like: lines of the log are looked for by programs,
/// and all look alike.
extension LineBuffer {
  mutating func append(_ member: JSONValue.Member) {
    append(JSONValue.text(member.name).bytes)
    append(":")
    append(member.value)
  }

  mutating func append(_ value: JSONValue) {
    switch value {
    case .text, .number, .bool: append(value.bytes)
    case .list(let values):
      append("[")
      for (index, value) in values.enumerated() {
        if index > 0 { append(",") }
        append(value)
      }
      append("]")
    case .object(let members):
      append("{")
      for (index, member) in members.enumerated() {
        if index > 0 { append(",") }
        append(member)
      }
      append("}")
    }
  }
}
