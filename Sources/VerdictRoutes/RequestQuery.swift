public import VerdictModel

/// The query of a request, read for the parameters that routes name.
///
/// Pairs stand between `&`; names and values are percent-decoded once. A parameter that somebody
/// behind the gateway could read otherwise is refused: one that comes twice or as `name[...]`, a
/// value with `+` (a space to some), a `;` (`&` to some), and what is not percent-encoded UTF-8.
public struct RequestQuery {
  public enum Parameter {
    case absent
    case value(ByteView)
    case refused
  }

  private let bytes: ByteView

  public init(_ query: ByteView) { bytes = query }

  /// The value of a parameter.
  ///
  /// - Parameter room: memory for as many bytes as the query has, which the value then refers to.
  /// Complexity: linear in the query.
  @unsafe
  public func parameter(_ name: ByteView, room: UnsafeMutablePointer<UInt8>) -> Parameter {
    guard bytes.firstIndex(of: UInt8(ascii: ";")) < 0 else { return .refused }
    var found: ByteView?
    var start = 0
    while start <= bytes.count {
      let rest = bytes[start..<bytes.count]
      let mark = rest.firstIndex(of: UInt8(ascii: "&"))
      let pair = mark < 0 ? rest : rest[0..<mark]
      start += pair.count + 1
      let equals = pair.firstIndex(of: UInt8(ascii: "="))
      switch unsafe isNamed(equals < 0 ? pair : pair[0..<equals], name, room) {
      case .none: return .refused
      case false: continue
      case true: if found != nil { return .refused }
      }
      found = equals < 0 ? ByteView() : pair[equals + 1..<pair.count]
    }
    guard let found else { return .absent }
    guard found.firstIndex(of: UInt8(ascii: "+")) < 0, let count = unsafe decode(found, into: room)
    else { return .refused }
    let value = unsafe ByteView(base: room, count: count)
    return Identifier.isText(value) ? .value(value) : .refused
  }

  /// Whether a parameter is the one; nil where it could be to somebody else.
  private func isNamed(
    _ raw: ByteView, _ name: ByteView, _ room: UnsafeMutablePointer<UInt8>
  ) -> Bool? {
    // SAFETY: a name is no longer than the query, for which there is room.
    guard let count = unsafe decode(raw, into: room) else { return nil }
    let decoded = unsafe ByteView(base: room, count: count)
    guard decoded.count > name.count else { return decoded == name }
    guard decoded[0..<name.count] == name else { return false }
    return decoded[name.count] == UInt8(ascii: "[") ? nil : false
  }

  /// Undoes percent-encoding and answers how many bytes it gave, or nil.
  @unsafe
  private func decode(_ raw: ByteView, into room: UnsafeMutablePointer<UInt8>) -> Int? {
    var count = 0
    var index = 0
    while index < raw.count {
      var byte = raw[index]
      if byte == UInt8(ascii: "%") {
        guard let decoded = PercentCode.byte(raw, at: index) else { return nil }
        byte = decoded
        index += 2
      } else if byte <= 0x20 || byte >= 0x7f {
        return nil
      }
      // SAFETY: no more bytes come out than went in.
      unsafe room[count] = byte
      count += 1
      index += 1
    }
    return count
  }
}
