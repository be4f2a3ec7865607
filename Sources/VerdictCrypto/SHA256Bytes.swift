internal import COpenSSL
public import VerdictModel

/// SHA-256 at once and without allocating, for the hot path: OpenSSL's `EVP` functions take memory
/// for every digest, whatever is reused.
public struct SHA256Bytes {
  private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

  /// The digest of `bytes`. Linear in their count.
  public init(of bytes: ByteView) {
    var context = SHA256_CTX()
    // SAFETY: the context lives during the calls, OpenSSL reads the bytes during them only, and the
    // tuple has the 32 bytes that it writes.
    let done = unsafe withUnsafeMutableBytes(of: &words) { buffer in
      unsafe SHA256_Init(&context) == 1
        && SHA256_Update(&context, bytes.buffer.baseAddress, bytes.count) == 1
        && SHA256_Final(buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), &context) == 1
    }
    precondition(done, "SHA-256 did not finish")
  }

  /// Calls `body` with the 32 bytes; the view may not escape.
  public func withByteView<R>(_ body: (ByteView) -> R) -> R {
    // SAFETY: valid during the closure.
    unsafe withUnsafeBytes(of: words) { body(unsafe ByteView($0)) }
  }
}
