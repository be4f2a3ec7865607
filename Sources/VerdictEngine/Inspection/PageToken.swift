internal import VerdictModel
internal import VerdictSnapshot

/// Where a page ended, as a text that is opaque to whoever hands it back: 48 hexadecimal digits of
/// the policies' digest, the question's hash, and the place from which to go on. A token is good
/// for one question over one snapshot; it is no secret and grants nothing.
struct PageToken {
  private static let byteCount = 24

  private let digest: UInt64
  private let question: UInt64

  /// - Parameters:
  ///   - list: tells the kinds of lists apart.
  ///   - parts: everything that tells the question from others, in order.
  init(_ view: SnapshotView, list: UInt64, _ parts: [ByteView]) {
    digest = view.contentDigest.load64(at: 0)
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ list
    for part in parts {
      for index in 0..<part.count { hash = (hash ^ UInt64(part[index])) &* 0x100_0000_01b3 }
      // Not a byte of any id.
      hash = (hash ^ 0x100) &* 0x100_0000_01b3
    }
    question = hash
  }

  /// The token that goes on at `place`.
  func text(place: Int) -> String {
    let words = [digest, question, UInt64(place)]
    return words.map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }.joined()
  }

  /// The place from which to go on: the first one for an empty text.
  ///
  /// - Parameter end: one behind the last place.
  func place(_ text: ByteView, upTo end: Int) throws(PageFault) -> Int {
    if text.isEmpty { return 0 }
    guard text.count == PageToken.byteCount * 2 else { throw .foreignToken }
    var words: [UInt64] = []
    for start in stride(from: 0, to: text.count, by: 16) {
      var word: UInt64 = 0
      for index in start..<start + 16 {
        guard let digit = PageToken.value(text[index]) else { throw .foreignToken }
        word = word << 4 | digit
      }
      words.append(word)
    }
    guard words[1] == question else { throw .foreignToken }
    guard words[0] == digest else { throw .staleToken }
    guard words[2] <= UInt64(end) else { throw .foreignToken }
    return Int(words[2])
  }

  private static func value(_ digit: UInt8) -> UInt64? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(digit - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(digit - UInt8(ascii: "a") + 10)
    default: nil
    }
  }
}
