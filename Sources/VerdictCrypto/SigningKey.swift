internal import COpenSSL
internal import VerdictModel

/// The public half of an Ed25519 key: tells whether a signature is its owner's.
public struct VerifyingKey: Hashable, Sendable {
  public static let byteCount = 32
  public static let signatureByteCount = 64

  public let bytes: [UInt8]

  /// A key of 32 bytes.
  /// - Throws: a wrong number of bytes, and the few keys under which anybody can sign.
  public init(bytes: [UInt8]) throws(KeyError) {
    guard bytes.count == Self.byteCount else { throw .wrongByteCount(bytes.count) }
    guard !Self.isWeak(bytes) else { throw .weak }
    self.bytes = bytes
  }

  /// The key in a PEM text (`BEGIN PUBLIC KEY`), as `openssl pkey -pubout` writes it.
  public init(pem: [UInt8]) throws(KeyError) {
    let text = MemoryText(pem)
    // SAFETY: a live text; the key is a fresh one.
    guard let key = unsafe KeyHandle(owning: PEM_read_bio_PUBKEY(text.pointer, nil, nil, nil))
    else { throw .unreadable }
    guard key.isEd25519, let bytes = key.publicBytes else { throw .otherKind }
    try self.init(bytes: bytes)
  }

  public var pem: String {
    let key = handle
    let text = MemoryText()
    // SAFETY: both live through the call.
    let written = unsafe PEM_write_bio_PUBKEY(text.pointer, key.pointer)
    precondition(written == 1, "a public key has a text")
    return text.text
  }

  /// 32 hexadecimal digits that name the key: half of the SHA-256 of its bytes.
  public var id: String {
    String(bytes.withByteView { SHA256Digest(of: $0) }.hex.prefix(32))
  }

  /// Whether `signature` was made over exactly `message` by the owner of this key.
  public func isSignature(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    guard signature.count == Self.signatureByteCount else { return false }
    let key = handle
    let context = DigestContext()
    // SAFETY: all pointers live through the calls, and OpenSSL only reads the bytes.
    let isStarted =
      unsafe EVP_DigestVerifyInit(context.pointer, nil, nil, nil, key.pointer) == 1
    let isGood =
      unsafe isStarted
      && signature.withUnsafeBufferPointer { signature in
        unsafe message.withUnsafeBufferPointer { message in
          unsafe EVP_DigestVerify(
            context.pointer, signature.baseAddress, signature.count, message.baseAddress,
            message.count) == 1
        }
      }
    if !isGood { ERR_clear_error() }
    return isGood
  }

  private var handle: KeyHandle {
    // SAFETY: OpenSSL copies the bytes, of which there are 32.
    guard
      let key = unsafe KeyHandle(
        owning: EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count))
    else { preconditionFailure("32 bytes are a public key") }
    return key
  }

  /// Points of small order: a signature for one message under them holds for others too. Their
  /// y-coordinates, the bit for the sign of x left out, the ones beyond the modulus included.
  private static func isWeak(_ bytes: [UInt8]) -> Bool {
    var y = bytes
    y[31] &= 0x7f
    let order8 = [
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ]
    let hex = y.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    if order8.contains(hex) { return true }
    let isSmall = y[0] < 2 && y.dropFirst().allSatisfy { $0 == 0 }
    let isAtModulus = (0xec...0xee).contains(y[0]) && y[1...30].allSatisfy { $0 == 0xff }
    return isSmall || isAtModulus && y[31] == 0x7f
  }
}

/// An Ed25519 key that signs.
public struct SigningKey: Sendable {
  private let seed: [UInt8]
  public let verifyingKey: VerifyingKey

  /// A new key from the system's random source.
  public init() {
    let seed = RandomBytes.make(count: VerifyingKey.byteCount)
    guard let key = try? SigningKey(seed: seed) else {
      preconditionFailure("a random seed makes a key")
    }
    self = key
  }

  /// The key of a seed of 32 bytes.
  public init(seed: [UInt8]) throws(KeyError) {
    guard seed.count == VerifyingKey.byteCount else { throw .wrongByteCount(seed.count) }
    guard let key = Self.handle(seed), let bytes = key.publicBytes else { throw .unreadable }
    self.seed = seed
    verifyingKey = try VerifyingKey(bytes: bytes)
  }

  /// The key in a PEM text (`BEGIN PRIVATE KEY`) without a passphrase, as `openssl genpkey
  /// -algorithm ed25519` writes it.
  public init(pem: [UInt8]) throws(KeyError) {
    let text = MemoryText(pem)
    // SAFETY: a live text; the key is a fresh one. The callback keeps OpenSSL from asking the
    // terminal for a passphrase.
    guard
      let key = unsafe KeyHandle(
        owning: PEM_read_bio_PrivateKey(text.pointer, nil, { _, _, _, _ in -1 }, nil))
    else { throw .unreadable }
    guard key.isEd25519, let seed = key.seed else { throw .otherKind }
    try self.init(seed: seed)
  }

  public var pem: String {
    guard let key = Self.handle(seed) else { preconditionFailure("the seed made a key before") }
    let text = MemoryText()
    // SAFETY: both live through the call; no passphrase.
    let written = unsafe PEM_write_bio_PrivateKey(
      text.pointer, key.pointer, nil, nil, 0, nil, nil)
    precondition(written == 1, "a private key has a text")
    return text.text
  }

  /// The 64 bytes of the signature of `message`. The same message gives the same signature.
  public func signature(of message: [UInt8]) -> [UInt8] {
    guard let key = Self.handle(seed) else { preconditionFailure("the seed made a key before") }
    let context = DigestContext()
    var signature = [UInt8](repeating: 0, count: VerifyingKey.signatureByteCount)
    var count = signature.count
    // SAFETY: all pointers live through the calls; OpenSSL writes at most `count` bytes.
    let isStarted = unsafe EVP_DigestSignInit(context.pointer, nil, nil, nil, key.pointer) == 1
    let isSigned =
      unsafe isStarted
      && signature.withUnsafeMutableBufferPointer { signature in
        unsafe message.withUnsafeBufferPointer { message in
          unsafe EVP_DigestSign(
            context.pointer, signature.baseAddress, &count, message.baseAddress, message.count)
            == 1
        }
      }
    precondition(isSigned && count == signature.count, "Ed25519 signs every message")
    return signature
  }

  private static func handle(_ seed: [UInt8]) -> KeyHandle? {
    // SAFETY: OpenSSL copies the bytes.
    unsafe KeyHandle(
      owning: EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count))
  }
}

/// A context for one signature, with one owner.
@safe
private struct DigestContext: ~Copyable {
  let pointer: OpaquePointer

  init() {
    guard let pointer = unsafe EVP_MD_CTX_new() else {
      preconditionFailure("no memory for a signature")
    }
    unsafe self.pointer = pointer
  }

  deinit {
    // SAFETY: nobody else has the pointer.
    unsafe EVP_MD_CTX_free(pointer)
  }
}

/// Why something isn't a key for Ed25519. The text is part of a sentence.
public enum KeyError: Error, Equatable, CustomStringConvertible {
  case unreadable
  case otherKind
  case wrongByteCount(Int)
  case weak

  public var description: String {
    switch self {
    case .unreadable: "no readable key in PEM form without a passphrase; see `verdict keygen`"
    case .otherKind: "a key of another kind than Ed25519; make one with `verdict keygen`"
    case .wrongByteCount(let count): "a key has 32 bytes, not \(count)"
    case .weak: "a key under which anybody can sign; make another with `verdict keygen`"
    }
  }
}
