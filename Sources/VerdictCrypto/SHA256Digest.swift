public import VerdictModel

/// A SHA-256 digest: 32 bytes, held as four big-endian words so that comparing costs four compares.
public struct SHA256Digest: Hashable, Sendable {
  public static let byteCount = 32
  /// What comes before the hexadecimal digits in an OCI descriptor.
  public static let prefix = "sha256:"

  let words: (UInt64, UInt64, UInt64, UInt64)

  init(words: (UInt64, UInt64, UInt64, UInt64)) {
    self.words = words
  }

  /// The digest of `bytes`. Linear in their count.
  public init(of bytes: ByteView) {
    var hasher = SHA256Hasher()
    hasher.update(bytes)
    self = hasher.finish()
  }

  /// A digest that was stored as its 32 bytes.
  public init(bytes: ByteView) throws(SHA256DigestError) {
    guard bytes.count == Self.byteCount else { throw .wrongByteCount(bytes.count) }
    words = (
      bytes.load64(at: 0).byteSwapped, bytes.load64(at: 8).byteSwapped,
      bytes.load64(at: 16).byteSwapped, bytes.load64(at: 24).byteSwapped
    )
  }

  /// A digest from 64 lower-case hexadecimal digits, the only form that OCI allows: a blob's file
  /// is named by its digits, so that two spellings would be two names.
  public init(hex: String) throws(SHA256DigestError) {
    let digits = hex.utf8
    guard digits.count == Self.byteCount * 2 else { throw .wrongDigitCount(digits.count) }
    var bytes = [UInt8]()
    bytes.reserveCapacity(Self.byteCount)
    var high: UInt8?
    for digit in digits {
      guard let value = Self.value(ofDigit: digit) else { throw .notADigit(digit) }
      if let first = high {
        bytes.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    let parsed: Result<SHA256Digest, SHA256DigestError> = bytes.withByteView { view in
      Result { () throws(SHA256DigestError) in try SHA256Digest(bytes: view) }
    }
    self = try parsed.get()
  }

  /// A digest as OCI descriptors write it: `sha256:` and 64 lower-case hexadecimal digits.
  public init(descriptor: String) throws(SHA256DigestError) {
    guard descriptor.utf8.starts(with: Self.prefix.utf8) else { throw .notSHA256 }
    try self.init(hex: String(descriptor.dropFirst(Self.prefix.count)))
  }

  /// The 32 bytes.
  public var bytes: [UInt8] {
    [words.0, words.1, words.2, words.3].flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
    }
  }

  /// 64 lower-case hexadecimal digits.
  public var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// `sha256:` and 64 lower-case hexadecimal digits.
  public var descriptor: String { Self.prefix + hex }

  public static func == (a: Self, b: Self) -> Bool { a.words == b.words }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
    hasher.combine(words.2)
    hasher.combine(words.3)
  }

  private static func value(ofDigit digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}

extension SHA256Digest: CustomStringConvertible {
  public var description: String { descriptor }
}

/// Why something isn't a digest.
public enum SHA256DigestError: Error, Equatable, CustomStringConvertible {
  case notSHA256
  case wrongByteCount(Int)
  case wrongDigitCount(Int)
  case notADigit(UInt8)

  public var description: String {
    switch self {
    case .notSHA256: "a digest starts with `sha256:`"
    case .wrongByteCount(let count): "a digest has 32 bytes, not \(count)"
    case .wrongDigitCount(let count): "a digest has 64 hexadecimal digits, not \(count)"
    case .notADigit(let byte):
      "a digest has lower-case hexadecimal digits, not byte \(byte)"
    }
  }
}
