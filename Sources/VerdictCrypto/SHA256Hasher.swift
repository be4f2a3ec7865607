internal import COpenSSL
public import VerdictModel

/// SHA-256 over bytes that arrive in pieces.
///
/// The pieces' boundaries don't matter: feeding `ab` and `c` gives the digest of `abc`.
@safe
public struct SHA256Hasher: ~Copyable {
  private let context: OpaquePointer

  public init() {
    // SAFETY: a fresh context that this value alone owns and frees.
    guard let context = unsafe EVP_MD_CTX_new() else {
      preconditionFailure("no memory for a digest")
    }
    unsafe self.context = context
    // SAFETY: both pointers are live.
    let started = unsafe EVP_DigestInit_ex2(context, SHA256Algorithm.shared.pointer, nil)
    precondition(started == 1, "SHA-256 did not start")
  }

  deinit {
    // SAFETY: nobody else has the pointer.
    unsafe EVP_MD_CTX_free(context)
  }

  /// Adds `bytes`. Linear in their count: about half a nanosecond each.
  public mutating func update(_ bytes: ByteView) {
    // SAFETY: OpenSSL reads the bytes during the call only.
    let added = unsafe EVP_DigestUpdate(context, bytes.buffer.baseAddress, bytes.count)
    precondition(added == 1, "SHA-256 did not take bytes")
  }

  /// The digest of everything that was added.
  public consuming func finish() -> SHA256Digest {
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    // SAFETY: the tuple has the 32 bytes that SHA-256 writes.
    let finished = unsafe withUnsafeMutableBytes(of: &words) { buffer in
      unsafe EVP_DigestFinal_ex(
        context, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), nil)
    }
    precondition(finished == 1, "SHA-256 did not finish")
    return SHA256Digest(
      words: (
        UInt64(bigEndian: words.0), UInt64(bigEndian: words.1),
        UInt64(bigEndian: words.2), UInt64(bigEndian: words.3)
      ))
  }
}

/// OpenSSL's SHA-256, fetched once: a fetch takes locks and costs more than a short digest.
@safe
private struct SHA256Algorithm: @unchecked Sendable {
  // `EVP_MD` is immutable after the fetch and may be used by all threads at once.
  let pointer: OpaquePointer

  static let shared = SHA256Algorithm()

  private init() {
    // SAFETY: the default context and properties; the result is never freed.
    guard let pointer = unsafe EVP_MD_fetch(nil, "SHA256", nil) else {
      preconditionFailure("OpenSSL offers no SHA-256")
    }
    unsafe self.pointer = pointer
  }
}
