public import VerdictModel

/// The path of a request in the one form in which it is matched and decided. Everything that reads
/// a path goes through here, so that no two places can disagree about one.
///
/// | Bytes | What becomes of them |
/// |---|---|
/// | before `?` | the path; the rest is the query, which stays as it is |
/// | `/` | begins a segment; the path begins with one |
/// | letters, digits, `-._~!$&'()*+,=:@` | stay |
/// | `%XX` | decoded, once |
/// | anything else: `;`, `\`, `#`, space, quotes, controls, bytes above 126 | refused |
///
/// Nothing is normalised: what a server behind the gateway could read otherwise is refused. That is
/// an empty segment but the last (`//`), a segment `.` or `..` in any spelling, an encoded `/`,
/// `\`, `%` or control byte, and bytes that decode to no UTF-8. A last empty segment (`/a/`) stays,
/// and fits no template.
@safe
public struct RequestPath {
  /// More segments, or bytes, are refused.
  public static var segmentCountMax: Int { 32 }
  public static var byteCountMax: Int { 8_192 }

  private let bytes: ByteView
  /// Offset << 16 + count of each segment.
  private var places = InlineArray<32, UInt32>(repeating: 0)
  public private(set) var count = 0
  /// What follows the first `?`, undecoded.
  public let query: ByteView

  /// - Parameters:
  ///   - target: path and query as on the request line.
  ///   - room: memory for `target.count` bytes, which the path then refers to.
  @unsafe
  public init(_ target: ByteView, room: UnsafeMutablePointer<UInt8>) throws(RequestPathFault) {
    guard target.count <= RequestPath.byteCountMax else { throw .tooLong }
    let mark = target.firstIndex(of: UInt8(ascii: "?"))
    let raw = mark < 0 ? target : target[0..<mark]
    query = mark < 0 ? ByteView() : target[mark + 1..<target.count]
    guard raw.count > 0, raw[0] == UInt8(ascii: "/") else { throw .noLeadingSlash }
    if raw.firstIndex(of: UInt8(ascii: "%")) < 0 {
      for index in 0..<raw.count where !RequestPath.isPlain(raw[index]) { throw .sign }
      bytes = raw
    } else {
      bytes = unsafe ByteView(base: room, count: try RequestPath.decode(raw, into: room))
      guard Identifier.isText(bytes) else { throw .encoding }
    }
    // The root has no segments.
    if bytes.count > 1 { try split() }
  }

  /// A segment, decoded.
  public subscript(index: Int) -> ByteView {
    precondition(index >= 0 && index < count, "a segment of the path")
    let start = Int(places[index] >> 16)
    return bytes[start..<start + Int(places[index] & 0xffff)]
  }

  /// Undoes percent-encoding and answers how many bytes it gave.
  @unsafe
  private static func decode(
    _ raw: ByteView, into room: UnsafeMutablePointer<UInt8>
  ) throws(RequestPathFault) -> Int {
    var count = 0
    var index = 0
    while index < raw.count {
      var byte = raw[index]
      if byte == UInt8(ascii: "%") {
        guard let decoded = PercentCode.byte(raw, at: index) else { throw .encoding }
        guard RequestPath.mayBeEncoded(decoded) else { throw .encodedSign }
        byte = decoded
        index &+= 2
      } else if !RequestPath.isPlain(byte) {
        throw .sign
      }
      // SAFETY: no more bytes come out than went in, and the caller made room for those.
      unsafe room[count] = byte
      count &+= 1
      index &+= 1
    }
    return count
  }

  private mutating func split() throws(RequestPathFault) {
    var start = 1
    for index in 1...bytes.count {
      if index < bytes.count, bytes[index] != UInt8(ascii: "/") { continue }
      let length = index &- start
      guard length > 0 || index == bytes.count else { throw .emptySegment }
      guard !isDots(start, length) else { throw .dotSegment }
      guard count < RequestPath.segmentCountMax else { throw .tooLong }
      places[count] = UInt32(start) << 16 | UInt32(length)
      count &+= 1
      start = index &+ 1
    }
  }

  private func isDots(_ start: Int, _ length: Int) -> Bool {
    guard length == 1 || length == 2 else { return false }
    for index in start..<start + length where bytes[index] != UInt8(ascii: ".") { return false }
    return true
  }

  /// Signs that stand for themselves in a path: one bit for each of the bytes 0 to 63, and 64 to
  /// 127. Source: `pchar` of RFC 3986 without `;`, at which some servers cut a segment off, and
  /// `/`.
  private static var plain: (UInt64, UInt64) { (0x27ff_ffd2_0000_0000, 0x47ff_fffe_87ff_ffff) }

  @inline(__always)
  static func isPlain(_ byte: UInt8) -> Bool {
    let word = byte < 64 ? plain.0 : byte < 128 ? plain.1 : 0
    return word & 1 &<< UInt64(byte & 63) != 0
  }

  /// Whether a byte may come out of `%XX`.
  private static func mayBeEncoded(_ byte: UInt8) -> Bool {
    switch byte {
    case 0..<0x20, 0x7f, UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: "%"): false
    default: true
    }
  }
}

/// Why a path is refused.
public enum RequestPathFault: UInt8, Error, Sendable, CaseIterable {
  case tooLong
  case noLeadingSlash
  case emptySegment
  case dotSegment
  case sign
  case encoding
  case encodedSign

  /// What is wrong, for people.
  public var message: StaticString {
    switch self {
    case .tooLong: "the path has more than 32 segments or 8192 bytes"
    case .noLeadingSlash: "the path does not begin with a slash"
    case .emptySegment: "the path has an empty segment (`//`)"
    case .dotSegment: "the path has a segment `.` or `..`"
    case .sign: "the path has a byte that has to be percent-encoded"
    case .encoding: "the path is not percent-encoded UTF-8"
    case .encodedSign: "the path has an encoded slash, backslash, percent sign or control byte"
    }
  }
}

/// `%XX`.
enum PercentCode {
  /// The byte that stands encoded at `index`, or nil where there are no two digits.
  static func byte(_ text: ByteView, at index: Int) -> UInt8? {
    guard text.count &- index > 2, let high = digit(text[index &+ 1]),
      let low = digit(text[index &+ 2])
    else { return nil }
    return high << 4 | low
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
