internal import COpenSSL

/// Unpredictable bytes from OpenSSL's generator, which the kernel seeds.
public enum RandomBytes {
  /// `count` bytes, none to 2 GiB.
  public static func make(count: Int) -> [UInt8] {
    precondition(count >= 0 && count <= Int(Int32.max), "count outside what OpenSSL takes")
    guard count > 0 else { return [] }
    // SAFETY: OpenSSL fills the whole buffer or says that it did not.
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      let filled = unsafe RAND_bytes(buffer.baseAddress, Int32(count))
      precondition(filled == 1, "the random generator has no entropy")
      initializedCount = count
    }
  }
}
