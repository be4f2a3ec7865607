internal import COpenSSL
public import VerdictModel

/// SHA-256 over and over with one context: for the hot path, which allocates nothing.
@safe
public struct SHA256Reuse: ~Copyable {
  private let context: OpaquePointer

  public init() {
    // SAFETY: a fresh context that this value alone owns and frees.
    guard let context = unsafe EVP_MD_CTX_new() else {
      preconditionFailure("no memory for a digest")
    }
    unsafe self.context = context
  }

  deinit {
    // SAFETY: nobody else has the pointer.
    unsafe EVP_MD_CTX_free(context)
  }

  /// The digest of `bytes`. Linear in their count.
  public mutating func digest(of bytes: ByteView) -> Digest {
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    // SAFETY: the context is live, OpenSSL reads the bytes during the call only, and the tuple has
    // the 32 bytes that SHA-256 writes.
    let done = unsafe withUnsafeMutableBytes(of: &words) { buffer in
      unsafe EVP_DigestInit_ex2(context, SHA256Algorithm.shared.pointer, nil) == 1
        && EVP_DigestUpdate(context, bytes.buffer.baseAddress, bytes.count) == 1
        && EVP_DigestFinal_ex(
          context, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), nil) == 1
    }
    precondition(done, "SHA-256 did not finish")
    return Digest(words: words)
  }

  /// 32 bytes in the order of a digest.
  public struct Digest {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    fileprivate init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    /// Calls `body` with the bytes; the view may not escape.
    public func withByteView<R>(_ body: (ByteView) -> R) -> R {
      // SAFETY: valid during the closure.
      unsafe withUnsafeBytes(of: words) { body(unsafe ByteView($0)) }
    }
  }
}
