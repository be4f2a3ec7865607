/// A second reader of protocol buffers' wire format, written from its description alone: enough of
/// it for an `AuthorizeRequest` in its plain form.
enum WireRequest {
  struct Check {
    var action: [UInt8] = []
    var resource: [UInt8] = []
    var target: [UInt8] = []
    var principal: [UInt8] = []
    var workspace: [UInt8] = []
  }

  struct Plain {
    var organization: [UInt8] = []
    var principal: [UInt8] = []
    var workspace: [UInt8] = []
    var checks: [Check] = []
  }

  /// As any client would send it.
  case plain(Plain)
  /// Something else is in it, on which readers may differ.
  case unusual
  /// Cut off, or no message at all: nobody can read it.
  case broken

  init(_ bytes: [UInt8]) {
    var request = Plain()
    switch WireFields.each(bytes, { field in request.take(field) }) {
    case .whole: self = .plain(request)
    case .unusual: self = .unusual
    case .broken: self = .broken
    }
  }
}

extension WireRequest.Plain {
  /// False where the field is none that a client sends.
  fileprivate mutating func take(_ field: WireFields.Field) -> Bool {
    switch (field.number, field.content) {
    case (1, .bytes(let bytes)): organization = bytes
    case (2, .bytes(let bytes)): principal = bytes
    case (3, .bytes(let bytes)): workspace = bytes
    case (4, .bytes(let bytes)):
      var check = WireRequest.Check()
      guard WireFields.each(bytes, { check.take($0) }) == .whole else { return false }
      checks.append(check)
    case (6, .number): break
    default: return false
    }
    return true
  }
}

extension WireRequest.Check {
  fileprivate mutating func take(_ field: WireFields.Field) -> Bool {
    guard case .bytes(let bytes) = field.content else { return false }
    switch field.number {
    case 1: action = bytes
    case 2: resource = bytes
    case 3: target = bytes
    case 4: principal = bytes
    case 5: workspace = bytes
    default: return false
    }
    return true
  }
}

/// A message's fields, one after the other.
private enum WireFields {
  struct Field {
    let number: UInt64
    let content: Content
  }

  enum Content {
    case number(UInt64)
    case bytes([UInt8])
    case fixed
  }

  enum Result {
    case whole
    case unusual
    case broken
  }

  static func each(_ bytes: [UInt8], _ take: (Field) -> Bool) -> Result {
    var rest = bytes[...]
    var result = Result.whole
    while !rest.isEmpty {
      guard let key = number(&rest) else { return rest.isEmpty ? .broken : .unusual }
      // Field numbers take 29 bits; what readers make of more differs.
      if key >> 32 != 0 || key >> 3 == 0 { return .unusual }
      let content: Content
      switch key & 7 {
      case 0:
        guard let value = number(&rest) else { return rest.isEmpty ? .broken : .unusual }
        content = .number(value)
      case 1, 5:
        let count = key & 7 == 1 ? 8 : 4
        guard rest.count >= count else { return .broken }
        rest.removeFirst(count)
        content = .fixed
      case 2:
        guard let count = number(&rest) else { return rest.isEmpty ? .broken : .unusual }
        if count > 1 << 31 { return .unusual }
        guard rest.count >= count else { return .broken }
        content = .bytes(Array(rest.prefix(Int(count))))
        rest.removeFirst(Int(count))
      default: return .unusual
      }
      if !take(Field(number: key >> 3, content: content)) { result = .unusual }
    }
    return result
  }

  /// A variable-length number; nil where it is cut off, or longer than ten bytes.
  private static func number(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let byte = rest.popFirst() else { return nil }
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
    }
    return nil
  }
}
