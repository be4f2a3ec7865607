import Testing
import VerdictCrypto
import VerdictModel

@Suite("SHA-256")
struct SHA256Tests {
  /// From FIPS 180-2, appendix B.
  @Test(
    "published examples",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
    ])
  func published(text: String, hex: String) {
    #expect(text.withByteView { SHA256Digest(of: $0) }.hex == hex)
  }

  @Test("a million bytes in uneven pieces give the published digest")
  func pieces() {
    let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    var hasher = SHA256Hasher()
    var at = 0
    var step = 1
    while at < bytes.count {
      let end = min(at + step, bytes.count)
      bytes.withByteView { hasher.update($0[at..<end]) }
      at = end
      step = step * 3 % 9_973 + 1
    }
    #expect(
      hasher.finish().hex == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test("bytes, digits and descriptor lead back to the same digest")
  func roundTrip() throws {
    let digest = "abc".withByteView { SHA256Digest(of: $0) }
    #expect(try SHA256Digest(hex: digest.hex) == digest)
    #expect(try SHA256Digest(descriptor: digest.descriptor) == digest)
    #expect(try digest.bytes.withByteView { try SHA256Digest(bytes: $0) } == digest)
    #expect(digest.descriptor == "sha256:" + digest.hex)
    #expect(digest != "abd".withByteView { SHA256Digest(of: $0) })
  }

  @Test("other spellings are refused")
  func refused() {
    let hex = "abc".withByteView { SHA256Digest(of: $0) }.hex
    #expect(throws: SHA256DigestError.wrongDigitCount(63)) {
      try SHA256Digest(hex: String(hex.dropLast()))
    }
    #expect(throws: SHA256DigestError.notADigit(UInt8(ascii: "B"))) {
      try SHA256Digest(hex: "B" + hex.dropFirst())
    }
    #expect(throws: SHA256DigestError.notADigit(UInt8(ascii: "/"))) {
      try SHA256Digest(hex: hex.dropLast() + "/")
    }
    #expect(throws: SHA256DigestError.notSHA256) { try SHA256Digest(descriptor: "sha512:" + hex) }
    #expect(throws: SHA256DigestError.wrongByteCount(3)) {
      try [1, 2, 3].withByteView { try SHA256Digest(bytes: $0) }
    }
  }

  @Test("random bytes have the asked length and differ")
  func random() {
    #expect(RandomBytes.make(count: 0).isEmpty)
    let first = RandomBytes.make(count: 32)
    #expect(first.count == 32)
    #expect(first != RandomBytes.make(count: 32))
  }
}
