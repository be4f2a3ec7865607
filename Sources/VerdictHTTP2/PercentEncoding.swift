internal import VerdictModel

/// The encoding of `grpc-message`: bytes from space to tilde stand for themselves, all others and
/// `%` become `%` and two upper-case hexadecimal digits.
public enum PercentEncoding {
  /// Writes the encoded form of `bytes` to `target`, which has room for three times as many.
  /// - Returns: how many bytes were written.
  @unsafe
  static func encode(_ bytes: ByteView, to target: UnsafeMutablePointer<UInt8>) -> Int {
    var count = 0
    for index in 0..<bytes.count {
      let byte = bytes[index]
      // SAFETY: at most three bytes are written for each byte read.
      if byte >= 0x20 && byte <= 0x7E && byte != UInt8(ascii: "%") {
        unsafe target[count] = byte
        count += 1
      } else {
        unsafe target[count] = UInt8(ascii: "%")
        unsafe target[count + 1] = digit(byte >> 4)
        unsafe target[count + 2] = digit(byte & 15)
        count += 3
      }
    }
    return count
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? value + UInt8(ascii: "0") : value - 10 + UInt8(ascii: "A")
  }

  /// The original bytes; what is not a valid escape stands for itself, as the protocol asks.
  public static func decode(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
        let high = value(bytes[index + 1]), let low = value(bytes[index + 2])
      {
        result.append(high << 4 | low)
        index += 3
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return result
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
