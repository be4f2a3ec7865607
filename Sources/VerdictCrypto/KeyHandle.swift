internal import COpenSSL
internal import VerdictModel

/// One of OpenSSL's keys, with one owner.
@safe
struct KeyHandle: ~Copyable {
  let pointer: OpaquePointer

  /// Takes over a key; nil stays nil, and what OpenSSL has to say about it is forgotten.
  @unsafe
  init?(owning pointer: OpaquePointer?) {
    guard let pointer = unsafe pointer else {
      ERR_clear_error()
      return nil
    }
    unsafe self.pointer = pointer
  }

  deinit {
    // SAFETY: nobody else has the pointer.
    unsafe EVP_PKEY_free(pointer)
  }

  var isEd25519: Bool { unsafe EVP_PKEY_get_id(pointer) == EVP_PKEY_ED25519 }

  /// The public half as 32 bytes; nil where the key has no such form.
  var publicBytes: [UInt8]? { unsafe raw { unsafe EVP_PKEY_get_raw_public_key(pointer, $0, $1) } }

  /// The seed as 32 bytes; nil for a public key.
  var seed: [UInt8]? { unsafe raw { unsafe EVP_PKEY_get_raw_private_key(pointer, $0, $1) } }

  private func raw(
    _ get: (UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<Int>) -> Int32
  ) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 32)
    var count = bytes.count
    // SAFETY: OpenSSL writes at most `count` bytes.
    let got = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      unsafe get(buffer.baseAddress, &count)
    }
    guard got == 1, count == 32 else {
      ERR_clear_error()
      return nil
    }
    return bytes
  }
}

/// Bytes in OpenSSL's memory, with one owner: how it reads and writes PEM.
@safe
struct MemoryText: ~Copyable {
  let pointer: OpaquePointer

  /// An empty one, to be written to.
  init() {
    guard let pointer = unsafe BIO_new(BIO_s_mem()) else {
      preconditionFailure("no memory for a key's text")
    }
    unsafe self.pointer = pointer
  }

  /// A copy of `bytes`, to be read from.
  init(_ bytes: [UInt8]) {
    self.init()
    let count = Int32(clamping: bytes.count)
    // SAFETY: OpenSSL copies the bytes during the call.
    let written = unsafe bytes.withUnsafeBytes { unsafe BIO_write(pointer, $0.baseAddress, count) }
    precondition(written == count, "no memory for a key's text")
  }

  deinit {
    // SAFETY: nobody else has the pointer.
    _ = unsafe BIO_free(pointer)
  }

  /// What was written.
  var text: String {
    var bytes = [UInt8](repeating: 0, count: 4_096)
    // SAFETY: OpenSSL writes at most as many bytes as there are.
    let count = unsafe bytes.withUnsafeMutableBytes {
      unsafe BIO_read(pointer, $0.baseAddress, Int32($0.count))
    }
    return String(decoding: bytes.prefix(max(0, Int(count))), as: UTF8.self)
  }
}
