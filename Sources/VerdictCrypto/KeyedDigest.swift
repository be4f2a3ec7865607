internal import COpenSSL
public import VerdictModel

/// HMAC with SHA-256: a digest that only those can make who have the key.
public enum KeyedDigest {
  /// The 32 bytes. Linear in the byte counts, and takes OpenSSL about a microsecond more.
  public static func sha256(of bytes: ByteView, key: [UInt8]) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: 32)
    var count: UInt32 = 0
    // SAFETY: OpenSSL reads key and bytes during the call only, and writes 32 bytes.
    let done = unsafe key.withUnsafeBytes { key in
      unsafe result.withUnsafeMutableBufferPointer { target in
        unsafe HMAC(
          EVP_sha256(), key.baseAddress, Int32(key.count),
          bytes.buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count,
          target.baseAddress, &count)
      }
    }
    precondition(unsafe done != nil && count == 32, "HMAC did not finish")
    return result
  }
}
