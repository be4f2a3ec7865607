import Testing
import VerdictCrypto
import VerdictModel

@testable import VerdictControl
@testable import VerdictSystem

@Suite("Ed25519")
struct Ed25519Tests {
  private func bytes(_ hex: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = hex[...]
    while let byte = UInt8(rest.prefix(2), radix: 16) {
      bytes.append(byte)
      rest = rest.dropFirst(2)
    }
    return bytes
  }

  /// The first three of RFC 8032, section 7.1.
  @Test(
    "seeds, keys and signatures are those of the standard",
    arguments: [
      (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
      ),
      (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
      ),
      (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
      ),
    ])
  func standard(seed: String, key: String, message: String, signature: String) throws {
    let signing = try SigningKey(seed: bytes(seed))
    #expect(signing.verifyingKey.bytes == bytes(key))
    #expect(signing.signature(of: bytes(message)) == bytes(signature))
    #expect(signing.verifyingKey.isSignature(bytes(signature), of: bytes(message)))
    for place in [0, 31, 32, 63] {
      var wrong = bytes(signature)
      wrong[place] ^= 1
      #expect(!signing.verifyingKey.isSignature(wrong, of: bytes(message)))
    }
    #expect(!signing.verifyingKey.isSignature(bytes(signature), of: bytes(message) + [0]))
    #expect(!signing.verifyingKey.isSignature([], of: bytes(message)))
    #expect(try SigningKey(pem: Array(signing.pem.utf8)).verifyingKey == signing.verifyingKey)
    #expect(
      try VerifyingKey(pem: Array(signing.verifyingKey.pem.utf8)) == signing.verifyingKey)
  }

  @Test("keys under which anybody can sign are refused, and what is no key")
  func weak() {
    let last = String(repeating: "0", count: 62)
    for key in [
      "00" + last, "01" + last, "00" + last.dropLast(2) + "80",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
      "ec" + String(repeating: "f", count: 60) + "7f", "ee" + String(repeating: "f", count: 62),
    ] {
      #expect(throws: KeyError.weak) { try VerifyingKey(bytes: bytes(key)) }
    }
    #expect(throws: KeyError.wrongByteCount(31)) {
      try VerifyingKey(bytes: Array(repeating: 9, count: 31))
    }
    #expect(throws: KeyError.unreadable) { try VerifyingKey(pem: Array("no key".utf8)) }
    #expect(throws: KeyError.unreadable) { try SigningKey(pem: []) }
  }
}

@Suite("Signed sets")
struct SignedSetTests {
  let directory = TestDirectory()
  let key = SigningKey()
  var control: ControlDirectory { directory.control }

  private func rules(_ keys: TrustedKey...) -> AcceptanceRules {
    var rules = AcceptanceRules()
    rules.trust = TrustedKeys(keys)
    return rules
  }

  private func trusted(_ key: SigningKey, _ organizations: String...) -> TrustedKey {
    TrustedKey(
      key: key.verifyingKey,
      organizations: organizations.isEmpty ? nil : Set(organizations.map { Array($0.utf8) }))
  }

  private func publish(
    _ organizations: [(String, Int)], _ key: SigningKey?, attachments: [SetAttachment] = [],
    after others: [TrustedKey] = []
  ) throws {
    try control.publish(organizations, attachments: attachments) {
      $0.signing = key.map { SetSigning(key: $0) }
      $0.trust = TrustedKeys([trusted(self.key)] + (key.map { [trusted($0)] } ?? []) + others)
    }
  }

  @Test("the statement has the fixed form, byte for byte")
  func statement() {
    let digest = SHA256Digest(ofArray: [])
    let statement = SetStatement(
      annotations: ["b": "2", "a\n": "\"1", Annotation.signature: "00"], channel: .staged,
      organizations: [(Array("acme".utf8), digest)], attachments: [(.routes, digest)])
    let hex = digest.descriptor
    #expect(
      statement.bytes.text == "verdict.dev/set-statement/v1\0channel \"staged\"\n"
        + #"annotation "a\n" "\"1""#
        + "\nannotation \"b\" \"2\"\norganization \"acme\" \"\(hex)\"\n"
        + "attachment \"application/vnd.verdict.routes.v1\" \"\(hex)\"\n")
  }

  @Test("a key with a limit may change its organizations, and nothing else")
  func limits() throws {
    let limited = SigningKey()
    let rules = rules(trusted(key), trusted(limited, "acme"))
    try publish([("acme", 1), ("globex", 1)], key)
    let first = try control.load(rules: rules)
    var inForce = rules
    inForce.base = AcceptanceRules.Base(
      numberMin: 1, digest: first.digest, inventory: first.inventory)
    try publish([("acme", 2), ("globex", 1)], limited)
    #expect(try control.load(rules: inForce).keyID == limited.verifyingKey.id)
    // Who begins anew finds the set before in the directory.
    #expect(try control.load(rules: rules).setNumber == 2)
    try publish([("acme", 2), ("globex", 2)], limited)
    #expect(code { try control.load(rules: inForce) } == .scope)
    try publish([("acme", 2)], limited)
    #expect(code { try control.load(rules: inForce) } == .scope)
    try publish([("acme", 2), ("globex", 1)], key, after: [trusted(limited)])
    try publish(
      [("acme", 2), ("globex", 1)], limited, attachments: [SetAttachment(.checks, bytes: [1])])
    #expect(code { try control.load(rules: inForce) } == .scope)
  }

  @Test("a slip in a key's file makes no key that may change everything")
  func slips() throws {
    let pem = key.verifyingKey.pem
    func limits(_ text: String) throws -> Set<[UInt8]>? {
      try TrustedKey(Array(text.utf8), place: "key").organizations
    }
    #expect(try limits(pem) == nil)
    #expect(try limits("organization keys: two\n# organization: acme\n" + pem) == nil)
    #expect(try limits("organization: acme\norganization: a b\n" + pem)?.count == 2)
    for text in [
      pem + "organization: acme\n", "Organization: acme\n" + pem, " organization: acme\n" + pem,
      "organisation: acme\n" + pem, "organizations: acme\n" + pem,
      "organization : acme\n" + pem, "\u{feff}organization: acme\n" + pem,
      "organization: acme\r\n" + pem, "organization: \n" + pem, "organization:\n" + pem,
    ] {
      #expect(code { try limits(text) } == .document, "\(text)")
    }
  }

  @Test("a key with a limit is believed across sets that were missed, and not back to old ones")
  func missed() throws {
    let limited = SigningKey()
    let rules = rules(trusted(key), trusted(limited, "acme"))
    try publish([("acme", 1), ("globex", 1)], key)
    let first = try control.load(rules: rules)
    try publish([("acme", 1), ("globex", 2)], key)
    let second = try control.load(rules: rules)
    try publish([("acme", 2), ("globex", 2)], limited)
    var base = rules
    base.base = AcceptanceRules.Base(
      numberMin: 1, digest: first.digest, inventory: first.inventory)
    #expect(try control.load(rules: base).setNumber == 3)
    // The same, but what the key with a limit builds on is older than what is in force.
    try publish([("acme", 3), ("globex", 1)], limited)
    base.base = AcceptanceRules.Base(
      numberMin: 2, digest: second.digest, inventory: second.inventory)
    #expect(code { try control.load(rules: base) } == .scope)
  }

  @Test("what a key with a limit has signed is believed after a restart, too")
  func restarted() throws {
    let limited = SigningKey()
    var settings = ControlSettings()
    settings.trust = TrustedKeys([trusted(key), trusted(limited, "acme")])
    settings.state = StateDirectory(path: directory.path + "/state")
    func origin() -> ControlOrigin { ControlOrigin(directory: control, settings: settings) }
    try publish([("acme", 1), ("globex", 1)], key)
    var first = origin()
    let before = try first.load(reusing: nil, nowSeconds: 1_700_000_000)
    try publish([("acme", 2), ("globex", 1)], limited)
    #expect(try first.load(reusing: before, nowSeconds: 1_700_000_000).setNumber == 2)
    var second = origin()
    #expect(try second.load(reusing: nil, nowSeconds: 1_700_000_000).setNumber == 2)
    // Without the directory, and without the last good set.
    var third = origin()
    #expect(try third.fallback()?.summary == ["acme 2", "globex 1"])
    for name in try File.names(in: directory.path + "/state/blobs/sha256") {
      try File.remove(directory.path + "/state/blobs/sha256/" + name)
    }
    var fourth = origin()
    #expect(try fourth.load(reusing: nil, nowSeconds: 1_700_000_000).setNumber == 2)
    // It may still not change what it may not.
    try publish([("acme", 2), ("globex", 2)], limited)
    var fifth = origin()
    #expect(code { _ = try fifth.load(reusing: nil, nowSeconds: 1_700_000_000) } == .scope)
  }

  @Test("what is taken from the directory is signed only if it was signed")
  func republished() throws {
    try publish([("acme", 1)], nil)
    var terms = SetTerms(createdSeconds: 1_700_000_001)
    terms.signing = SetSigning(key: key)
    #expect(code { try control.refresh(terms) } == .unsigned)
    #expect(code { try control.rollback(to: 1, terms) } == .unsigned)
    #expect(control.publishedSources(terms).isEmpty)
    #expect(try control.refresh(terms, trustsContent: true).number == 2)
    #expect(try control.refresh(terms).number == 3)
    let other = SigningKey()
    terms.signing = SetSigning(key: other)
    #expect(code { try control.refresh(terms) } == .untrusted)
    terms.trust = TrustedKeys([trusted(key)])
    #expect(try control.refresh(terms).number == 4)
    #expect(try control.load(rules: rules(trusted(other))).createdSeconds == 1_700_000_001)
  }

  @Test("what somebody else has put into the current set is not signed along")
  func forgedManifest() throws {
    try publish([("acme", 1), ("globex", 1)], key)
    // The manifest of acme as it was, but for what it says that it was compiled from.
    let record = try SetRecord(
      control.readIndex().manifests[0], LayoutReader(path: control.path), place: "")
    var manifest = try LayoutDocument.value(
      ImageManifest.self,
      from: File.read(
        control.blobPath(record.organizations[0].descriptor.digest), byteCountMax: 1 << 16),
      place: "", unreadable: .document)
    manifest.annotations?[Annotation.source] = SHA256Digest(ofArray: [1]).descriptor
    do {
      let writer = try LayoutWriter(locking: control.path)
      var forged = try writer.writeBlob(
        LayoutDocument.bytes(of: manifest), mediaType: ImageLayout.manifestType)
      forged.platform = Descriptor.Platform.none
      var set = ImageIndex(
        manifests: record.document.manifests, annotations: record.document.annotations)
      set.manifests[0] = forged
      var index = try control.readIndex()
      var entry = try writer.writeBlob(
        LayoutDocument.bytes(of: set), mediaType: ImageLayout.indexType)
      entry.annotations = index.manifests[0].annotations
      index.manifests[0] = entry
      try writer.writeIndex(index, replacing: LayoutReader(path: control.path).indexBytes())
    }
    var terms = SetTerms(createdSeconds: 1_700_000_004)
    terms.signing = SetSigning(key: key)
    #expect(control.publishedSources(terms).isEmpty)
    try publish([("acme", 1), ("globex", 1)], key)
    let loaded = try control.load(rules: rules(trusted(key)))
    #expect(loaded.setNumber == 2 && loaded.summary == ["acme 2", "globex 2"])
    #expect(loaded.organizations.allSatisfy { $0.origin?.manifest.source == nil })
  }

  @Test("a staged set is served by nobody, and deploying makes the next current set of it")
  func staging() throws {
    try publish([("acme", 1), ("globex", 1)], key)
    try control.publish([("acme", 2), ("globex", 1)]) {
      $0.signing = SetSigning(key: key)
      $0.channel = .staged
    }
    #expect(try control.load(rules: rules(trusted(key))).summary == ["acme 1", "globex 1"])
    var staged = rules(trusted(key))
    staged.channel = .staged
    #expect(try control.load(rules: staged).summary == ["acme 2", "globex 1"])
    var terms = SetTerms(createdSeconds: 1_700_000_002)
    terms.signing = SetSigning(key: key)
    let deployed = try control.deploy(terms)
    #expect(deployed.number == 3 && deployed.organizations.map(\.isChanged) == [true, false])
    #expect(try control.load(rules: rules(trusted(key))).summary == ["acme 3", "globex 1"])
  }

  @Test("attachments travel with the set, keep their generation, and are rolled back with it")
  func attachments() throws {
    let carried = SetAttachment(.checks, bytes: Array("[]".utf8))
    try publish([("acme", 1)], key, attachments: [carried])
    try publish([("acme", 2)], key, attachments: [carried])
    let loaded = try control.load(rules: rules(trusted(key)))
    #expect(loaded.attachment(.checks)?.bytes == carried.bytes)
    #expect(loaded.attachment(.checks)?.generation == 1 && loaded.attachment(.routes) == nil)
    try publish([("acme", 2)], key)
    #expect(try control.load(rules: rules(trusted(key))).attachments.isEmpty)
    var terms = SetTerms(createdSeconds: 1_700_000_003)
    terms.signing = SetSigning(key: key)
    #expect(try control.rollback(to: 1, terms).attachments == [.checks: true])
    let back = try control.load(rules: rules(trusted(key)))
    #expect(back.setNumber == 4 && back.summary == ["acme 4"])
    #expect(back.attachment(.checks)?.generation == 4)
  }
}
