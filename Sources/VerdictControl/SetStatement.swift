public import VerdictCrypto

/// What a signature of a set is about, as bytes. They are made anew from the set by whoever
/// verifies, so that nothing is signed but what is also read.
///
/// ```
/// verdict.dev/set-statement/v1 NUL
/// channel "current"
/// annotation "KEY" "VALUE"                one line each, in byte order of the keys: all of the
///                                         set's but the signature; number, created, not-before,
///                                         expires and key id among them
/// organization "ID" "sha256:..."          one line each, in byte order: the manifest's digest
/// attachment "MEDIA TYPE" "sha256:..."    one line each: the routes', and others' manifests
/// ```
///
/// Texts are JSON strings. The first line keeps a signature for something else from being taken
/// for one of these, and the channel one for the staging area from being served.
struct SetStatement {
  let bytes: [UInt8]

  /// - Parameter organizations: in byte order of their ids.
  init(
    annotations: [String: String], channel: SetChannel,
    organizations: [(id: [UInt8], manifest: SHA256Digest)],
    attachments: [(kind: SetAttachment.Kind, manifest: SHA256Digest)]
  ) {
    func line(_ name: String, _ values: String...) -> [UInt8] {
      Array(([name] + values.map(LayoutDocument.string)).joined(separator: " ").utf8) + [10]
    }
    var bytes = Array("verdict.dev/set-statement/v1\0".utf8)
    bytes += line("channel", channel.rawValue)
    let sorted = annotations.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    for (key, value) in sorted where key != Annotation.signature {
      bytes += line("annotation", key, value)
    }
    for organization in organizations {
      bytes += line("organization", organization.id.text, organization.manifest.descriptor)
    }
    for attachment in attachments {
      bytes += line("attachment", attachment.kind.rawValue, attachment.manifest.descriptor)
    }
    self.bytes = bytes
  }

  /// The signature as the annotation has it: 128 hexadecimal digits.
  func signature(by key: SigningKey) -> String {
    key.signature(of: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// Whether an annotation is the signature of these bytes.
  func isSigned(by key: VerifyingKey, signature: String) -> Bool {
    guard let bytes = Self.bytes(ofHex: signature) else { return false }
    return key.isSignature(bytes, of: self.bytes)
  }

  private static func bytes(ofHex text: String) -> [UInt8]? {
    let digits = text.utf8.map { digit -> UInt8? in
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
      default: nil
      }
    }
    guard digits.count == VerifyingKey.signatureByteCount * 2 else { return nil }
    var bytes: [UInt8] = []
    for place in stride(from: 0, to: digits.count, by: 2) {
      guard let high = digits[place], let low = digits[place + 1] else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }
}

/// How a new set is signed.
public struct SetSigning: Sendable {
  public let key: SigningKey
  /// From when on it is valid; nil: at once.
  public var notBeforeSeconds: Int64?
  /// Until when; nil: without end.
  public var expiresSeconds: Int64?

  public init(key: SigningKey, notBeforeSeconds: Int64? = nil, expiresSeconds: Int64? = nil) {
    self.key = key
    self.notBeforeSeconds = notBeforeSeconds
    self.expiresSeconds = expiresSeconds
  }
}
