internal import VerdictCrypto

/// What a set must be beyond whole before it gets into force: signed, meant for this, valid now,
/// and not older than what was in force before.
public struct AcceptanceRules: Sendable {
  /// Keys of which one must have signed; nil: signatures are not asked for.
  public var trust: TrustedKeys?
  /// Whose the files must be; nil: anybody's.
  public var ownership: Ownership?
  /// The set may be meant for this channel alone.
  public var channel = SetChannel.current
  /// Seconds since 1970 at which the set must be valid; nil: its time is not asked for.
  public var nowSeconds: Int64?
  /// What was in force before; nil: nothing that is known.
  var base: Base?

  struct Base: Sendable {
    /// Numbers below are older; the same number must be the same set.
    var numberMin: UInt64 = 0
    var digest: SHA256Digest?
    /// The manifests of the set in force. Keys with a limit may change theirs among them.
    var inventory: SetRecord.Inventory?
  }

  /// No rules: whatever is whole.
  public init() {}

  /// Checks everything that can be told from the set and its manifests.
  func check(_ record: SetRecord, _ reader: borrowing LayoutReader) throws(ControlError) {
    let place = "\(reader.path)/\(LayoutReader.blobName(record.digest))"
    let key = try checkSignature(record, place: place)
    // A set that says nothing is for `current`, where also the unsigned ones of old are served.
    guard record.document.channel == channel else {
      throw ControlError(
        .channel, place,
        "meant for `\(record.document.channel)`, not for `\(channel)`; use `verdict deploy`")
    }
    try checkNumber(record, place: place)
    try checkTime(record.document, place: place)
    if let key { try checkScope(record, key, reader, place: place) }
  }

  /// The key that signed; nil where nobody has to.
  func checkSignature(_ record: SetRecord, place: String) throws(ControlError) -> TrustedKey? {
    guard let trust else { return nil }
    guard let id = record.document.keyID,
      let signature = record.document.annotations[Annotation.signature]
    else {
      throw ControlError(
        .unsigned, place, "set \(record.number) is not signed; publish it with `--key`")
    }
    guard let key = trust[id] else {
      throw ControlError(
        .untrusted, place,
        "set \(record.number) is signed by key \(quoted(id)), which is not trusted; sign it with"
          + " another, or add its file to `--trust`")
    }
    guard record.statement.isSigned(by: key.key, signature: signature) else {
      throw ControlError(
        .signature, place,
        "the signature by key \(id) is not one of this set; publish it again with `--key`")
    }
    return key
  }

  private func checkNumber(_ record: SetRecord, place: String) throws(ControlError) {
    guard let base else { return }
    guard record.number >= base.numberMin else {
      throw ControlError(
        .older, place,
        "set \(record.number), but set \(base.numberMin) was in force before; bring old content"
          + " back with `verdict rollback`, or start once with `--accept-older`")
    }
    if record.number == base.numberMin, let digest = base.digest, digest != record.digest {
      throw ControlError(
        .older, place,
        "another set \(record.number) than the one in force before; publish again for a new number,"
          + " or start once with `--accept-older`")
    }
  }

  private func checkTime(_ document: SetDocument, place: String) throws(ControlError) {
    guard let nowSeconds else { return }
    let skew = ControlLimits.clockSkewSeconds
    if let notBefore = document.notBeforeSeconds, notBefore - skew > nowSeconds {
      throw ControlError(
        .early, place,
        "valid from \(LayoutDocument.timestamp(notBefore)) on; it is tried again then")
    }
    if let expires = document.expiresSeconds, expires + skew <= nowSeconds {
      throw ControlError(
        .expired, place,
        "expired at \(LayoutDocument.timestamp(expires)); renew it with `verdict publish --refresh`"
      )
    }
  }

  // MARK: Keys with a limit

  /// A key with a limit has changed nothing but its organizations: since the set in force, or
  /// since the sets before this one, back to that one or to one that a key without limit signed.
  private func checkScope(
    _ record: SetRecord, _ key: TrustedKey, _ reader: borrowing LayoutReader, place: String
  ) throws(ControlError) {
    // What was in force before changes nothing; after a restart its manifests may not be known.
    guard let allowed = key.organizations, record.digest != base?.digest else { return }
    let direct = Self.excess(record, since: base?.inventory ?? .init(), allowed)
    guard let direct else { return }
    var newer = record
    var limit = allowed
    for _ in 0..<ControlLimits.historyCountMax {
      guard let previous = newer.document.previous,
        let older = try? SetRecord(
          Descriptor(
            mediaType: ImageLayout.indexType, digest: previous.descriptor,
            size: reader.byteCount(of: previous)), reader, place: place)
      else { break }
      guard Self.excess(newer, since: older.inventory, limit) == nil else { break }
      if older.digest == base?.digest { return }
      // Older than what is in force: it may bring back what was changed since.
      guard older.number > base?.numberMin ?? 0, older.document.channel == channel,
        let signer = try? checkSignature(older, place: place)
      else { break }
      guard let next = signer.organizations else { return }
      limit = next
      newer = older
    }
    throw ControlError(
      .scope, place,
      "key \(key.key.id) may not change \(direct); sign the set with a key that may")
  }

  /// What differs and may not, in words; nil: nothing.
  private static func excess(
    _ record: SetRecord, since other: SetRecord.Inventory, _ allowed: Set<[UInt8]>
  ) -> String? {
    let changes = record.changes(since: other)
    if let one = changes.organizations.first(where: { !allowed.contains($0) }) {
      return "organization \(quoted(one.text))"
    }
    return changes.attachments.first.map { "the set's \($0.name)" }
  }
}
