internal import COpenSSL
internal import VerdictModel

/// Reads certificates and keys out of PEM bytes.
enum PEMReader {
  /// Calls `body` with each certificate of the file, in order; the pointer is valid for the call.
  /// - Throws: where there is none, or one that is not readable.
  @unsafe
  static func forEachCertificate(
    _ file: PEMFile, _ body: (OpaquePointer) throws(TLSError) -> Void
  ) throws(TLSError) {
    let source = try Source(file)
    var count = 0
    // SAFETY: the source lives until the end of the function; each certificate is freed here.
    while let certificate = unsafe PEM_read_bio_X509(source.bio, nil, nil, nil) {
      defer { unsafe X509_free(certificate) }
      try unsafe body(certificate)
      count += 1
    }
    // The end of the file is an error to OpenSSL too, the one that is expected here.
    let last = reason(of: ERR_peek_last_error())
    if last == PEM_R_NO_START_LINE && count > 0 {
      ERR_clear_error()
      return
    }
    ERR_clear_error()
    throw TLSError(
      file.path,
      count == 0
        ? "no certificate in PEM form"
        : "certificate \(count + 1) of the file is not readable")
  }

  /// The key of the file; the caller frees it.
  @unsafe
  static func key(_ file: PEMFile) throws(TLSError) -> OpaquePointer {
    let source = try Source(file)
    // SAFETY: the source lives until the end of the function. The callback answers that there is
    // no passphrase; without it OpenSSL would ask on the terminal.
    let key = unsafe PEM_read_bio_PrivateKey(source.bio, nil, { _, _, _, _ in -1 }, nil)
    guard let key = unsafe key else {
      ERR_clear_error()
      throw TLSError(file.path, "no private key in PEM form without a passphrase")
    }
    return unsafe key
  }

  /// When a certificate ends, as seconds since 1970.
  @unsafe
  static func endSeconds(_ certificate: OpaquePointer) -> Int64 {
    var days: Int32 = 0
    var seconds: Int32 = 0
    // SAFETY: a live certificate; its time belongs to it. 1970 is a valid time.
    let epoch = unsafe ASN1_TIME_set(nil, 0)
    defer { unsafe ASN1_STRING_free(epoch) }
    guard unsafe ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(certificate)) == 1
    else {
      ERR_clear_error()
      return 0
    }
    return Int64(days) * 86_400 + Int64(seconds)
  }

  /// OpenSSL's `ERR_GET_REASON`, whose definition Swift can't import.
  private static func reason(of code: UInt) -> Int32 { Int32(code & 0x7F_FFFF) }

  /// A reader of bytes in memory.
  @safe
  private struct Source: ~Copyable {
    let bio: OpaquePointer

    init(_ file: PEMFile) throws(TLSError) {
      if file.bytes.isEmpty { throw TLSError(file.path, "an empty file") }
      guard let bio = unsafe BIO_new(BIO_s_mem()) else { preconditionFailure("out of memory") }
      unsafe self.bio = bio
      // SAFETY: the bytes are copied into the reader.
      let written = unsafe file.bytes.span.withUnsafeBytes {
        unsafe BIO_write(bio, $0.baseAddress, Int32($0.count))
      }
      precondition(Int(written) == file.bytes.count, "out of memory")
    }

    deinit {
      // SAFETY: nobody else has it.
      unsafe BIO_free(bio)
    }
  }
}
