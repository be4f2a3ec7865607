import Testing
import VerdictJWT
import VerdictModel

@Suite("Sets of keys")
struct SignatureKeysTests {
  /// A key on the curve P-256, and one of RSA with 2,048 bits and one with 1,024.
  private static let curve =
    #""kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#
  private static let strong =
    #""kty": "RSA", "e": "AQAB", "n": ""# + "v" + String(repeating: "A", count: 340) + "Q\""
  private static let weak =
    #""kty": "RSA", "e": "AQAB", "n": ""# + "v" + String(repeating: "A", count: 169) + "Q\""

  private func fault(_ keys: String...) -> String? {
    let text = "{\"keys\": [" + keys.map { "{\($0)}" }.joined(separator: ", ") + "]}"
    return fault(ofText: text)
  }

  private func fault(ofText text: String) -> String? {
    do {
      _ = try SignatureKeys(keySet: Array(text.utf8))
      return nil
    } catch {
      return error.description
    }
  }

  @Test("keys for signatures are taken, others passed over")
  func taken() {
    #expect(fault(Self.curve) == nil)
    #expect(fault(Self.strong, Self.curve + #", "use": "sig", "kid": "a""#) == nil)
    #expect(fault(Self.curve, #""kty": "oct", "k": "c2VjcmV0""#) == nil)
    #expect(fault(Self.curve, #""kty": "OKP", "crv": "Ed25519", "x": "AA""#) == nil)
    #expect(fault(Self.curve, Self.strong + #", "use": "enc""#) == nil)
  }

  @Test("a set without a key for signatures is refused")
  func empty() {
    for keys in [
      #""kty": "oct", "k": "c2VjcmV0""#, Self.strong + #", "use": "enc""#,
      Self.strong + #", "alg": "RSA-OAEP""#, Self.curve + #", "alg": "none""#,
    ] {
      #expect(fault(keys)?.contains("no public key") == true)
    }
  }

  @Test("weak, broken and ambiguous keys are refused")
  func refused() {
    #expect(fault(Self.weak)?.contains("1024 bits") == true)
    #expect(fault(#""kty": "RSA", "e": "AQAB""#)?.contains("not readable") == true)
    #expect(
      fault(Self.curve + #", "kid": "a""#, Self.curve + #", "kid": "a""#)?.contains("kid") == true)
    #expect(fault(Self.curve + #", "kid": "a""#, Self.strong + #", "kid": "a""#) == nil)
  }

  @Test(
    "what is no set is refused",
    arguments: [
      "", "{", "[]", "{}", "{\"keys\": {}}", "{\"keys\": []}", "{\"keys\": [1]}",
      "{\"keys\": [], \"keys\": []}", "{\"keys\": [{}]}",
    ])
  func noSet(text: String) {
    #expect(fault(ofText: text) != nil)
  }

  @Test("sets beyond the bounds are refused")
  func bounds() {
    let many = Array(repeating: "{\(Self.curve)}", count: SignatureKeys.keyCountMax + 1)
    #expect(
      fault(ofText: "{\"keys\": [\(many.joined(separator: ","))]}")?.contains("at most") == true)
    let spaces = String(repeating: " ", count: SignatureKeys.byteCountMax + 1)
    #expect(fault(ofText: spaces)?.contains("more than") == true)
  }

  @Test("the example of RFC 7515, A.3, is verified, and a changed one is not")
  func verified() throws {
    let keys = try SignatureKeys(keySet: Array("{\"keys\": [{\(Self.curve)}]}".utf8))
    let token =
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    let isVerified = verifies(keys, token)
    #expect(isVerified)
    for algorithm in [SignatureAlgorithm.rs256, .es384, .ps256] {
      let isTaken = verifies(keys, token, algorithm)
      #expect(!isTaken, "\(algorithm)")
    }
    for index in stride(from: 0, to: token.utf8.count, by: 3) {
      var bytes = Array(token.utf8)
      bytes[index] = bytes[index] == UInt8(ascii: "B") ? UInt8(ascii: "C") : UInt8(ascii: "B")
      // The last digit has bits that say nothing; `TokenText` refuses those.
      if index == bytes.count - 1 { continue }
      let isTaken = verifies(keys, String(decoding: bytes, as: UTF8.self))
      #expect(!isTaken, "byte \(index)")
    }
    for text in ["", ".", "..", "a.b", "a.b.c", token + ".", "." + token] {
      let isTaken = verifies(keys, text)
      #expect(!isTaken, "\(text)")
    }
  }

  private func verifies(
    _ keys: borrowing SignatureKeys, _ token: String, _ algorithm: SignatureAlgorithm = .es256
  ) -> Bool {
    Array(token.utf8).withByteView {
      keys.verifies($0, keyID: nil, algorithm: algorithm)
    }
  }
}
