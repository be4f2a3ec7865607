internal import CCjose
public import VerdictModel

/// The public keys of a JWK set (RFC 7517), by cjose. One thread at a time.
@safe
public struct SignatureKeys: ~Copyable {
  /// Keys of one set. More are refused.
  public static let keyCountMax = 64
  /// Bytes of a set. More are refused.
  public static let byteCountMax = 1 << 20
  /// Smaller RSA keys are refused: RFC 7518, 3.3.
  public static let rsaBitCountMin = 2_048

  @safe
  private struct Key {
    let pointer: OpaquePointer
    let id: [UInt8]?
    /// Of an elliptic curve; nil: RSA.
    let curveBitCount: Int?
    /// The only algorithm that it is for, where it says one.
    let algorithm: SignatureAlgorithm?

    func fits(_ algorithm: SignatureAlgorithm) -> Bool {
      curveBitCount == algorithm.curveBitCount
        && (self.algorithm == nil || self.algorithm == algorithm)
    }
  }

  private var keys: [Key] = []

  /// Reads a set. Keys for something else than signatures, and of kinds that are not public, are
  /// passed over.
  ///
  /// - Throws: that it is no set, that a key of it is broken or weak, that two keys can't be told
  ///   apart, or that none is left.
  public init(keySet: [UInt8]) throws(KeySetError) {
    guard keySet.count <= SignatureKeys.byteCountMax else {
      throw KeySetError("more than \(SignatureKeys.byteCountMax) bytes")
    }
    // SAFETY: the bytes live through the call, which copies what it keeps.
    let root = unsafe keySet.withUnsafeBytes { bytes in
      unsafe json_loadb(
        bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count,
        Int(JSON_REJECT_DUPLICATES), nil)
    }
    guard let root = unsafe root else { throw KeySetError("no JSON, or a name twice in an object") }
    // SAFETY: the value is ours until here, and what is read of it lives as long.
    defer { unsafe json_decref(root) }
    let list = unsafe json_object_get(root, "keys")
    let count = unsafe json_array_size(list)
    guard count > 0 else { throw KeySetError("no JWK set: no list `keys`, or an empty one") }
    guard count <= SignatureKeys.keyCountMax else {
      throw KeySetError("\(count) keys, at most \(SignatureKeys.keyCountMax) are taken")
    }
    do throws(KeySetError) {
      for index in 0..<count { try unsafe take(json_array_get(list, index), index) }
      guard !keys.isEmpty else { throw KeySetError("no public key for signatures") }
    } catch {
      release()
      throw error
    }
  }

  deinit { release() }

  private func release() {
    // SAFETY: each was imported once; nobody else has it.
    for key in keys { unsafe cjose_jwk_release(key.pointer) }
  }

  public var count: Int { keys.count }

  private mutating func take(
    _ json: UnsafeMutablePointer<json_t>?, _ index: Int
  ) throws(KeySetError) {
    let kind = unsafe SignatureKeys.text(json, "kty")
    guard kind == Array("RSA".utf8) || kind == Array("EC".utf8) else { return }
    if let use = unsafe SignatureKeys.text(json, "use"), use != Array("sig".utf8) { return }
    let named = unsafe SignatureKeys.text(json, "alg")
    let algorithm = named.flatMap {
      SignatureAlgorithm(rawValue: String(decoding: $0, as: UTF8.self))
    }
    // For another algorithm, as keys for encryption are.
    if named != nil && algorithm == nil { return }
    guard let pointer = unsafe cjose_jwk_import_json(json, nil) else {
      throw KeySetError("key \(index): not readable")
    }
    let bits = unsafe Int(cjose_jwk_get_keysize(pointer, nil))
    let key = unsafe Key(
      pointer: pointer, id: SignatureKeys.text(json, "kid"),
      curveBitCount: kind == Array("EC".utf8) ? bits : nil, algorithm: algorithm)
    keys.append(key)
    guard key.curveBitCount != nil || bits >= SignatureKeys.rsaBitCountMin else {
      throw KeySetError(
        "key \(index): \(bits) bits, RSA takes \(SignatureKeys.rsaBitCountMin) or more")
    }
    for other in keys.dropLast() where other.id == key.id && other.id != nil {
      let both = SignatureAlgorithm.allCases.first { other.fits($0) && key.fits($0) }
      guard both == nil else { throw KeySetError("key \(index): another one has its `kid`") }
    }
  }

  /// A member that is a text.
  @unsafe
  private static func text(_ json: UnsafeMutablePointer<json_t>?, _ name: String) -> [UInt8]? {
    let value = unsafe json_object_get(json, name)
    guard let bytes = unsafe json_string_value(value) else { return nil }
    // SAFETY: as many bytes as jansson says, alive as long as the value.
    return unsafe Array(
      UnsafeRawBufferPointer(start: bytes, count: json_string_length(value)))
  }

  /// Whether a token in its compact form was signed by a key of the set.
  ///
  /// The key is the one of that name; where the token names none, the only one that fits.
  ///
  /// - Parameters:
  ///   - keyID: `kid` of the token's header; nil: it has none.
  ///   - algorithm: `alg` of the token's header.
  public func verifies(
    _ token: ByteView, keyID: ByteView?, algorithm: SignatureAlgorithm
  ) -> Bool {
    let fitting = keys.filter { key in
      guard key.fits(algorithm) else { return false }
      guard let keyID else { return true }
      return key.id.map { id in id.withByteView { $0 == keyID } } ?? false
    }
    guard fitting.count == 1, let key = fitting.first, !token.isEmpty,
      let base = unsafe token.buffer.baseAddress
    else { return false }
    // SAFETY: the token's bytes live through the call, which copies them.
    let signed = unsafe cjose_jws_import(
      base.assumingMemoryBound(to: CChar.self), token.count, nil)
    guard let signed = unsafe signed else { return false }
    // SAFETY: imported just now.
    defer { unsafe cjose_jws_release(signed) }
    return unsafe cjose_jws_verify(signed, key.pointer, nil)
  }
}

/// What is wrong with a JWK set.
public struct KeySetError: Error, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
