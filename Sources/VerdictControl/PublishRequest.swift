public import VerdictCrypto

/// What is to be published.
public struct PublishRequest: Sendable {
  /// In any order, one for each organization.
  public var snapshots: [OrganizationSnapshot]
  /// Organizations that were not compiled, because what they follow from is what the current set
  /// says it was: they stay as they are there.
  public var unchanged: [UnchangedOrganization] = []
  /// One of each kind at most.
  public var attachments: [SetAttachment] = []
  public var terms: SetTerms

  public init(snapshots: [OrganizationSnapshot], terms: SetTerms) {
    self.snapshots = snapshots
    self.terms = terms
  }
}

/// An organization that stays as the current set has it.
public struct UnchangedOrganization: Sendable {
  public let organization: [UInt8]
  /// What the current set must say that it follows from.
  public let source: SHA256Digest

  public init(organization: [UInt8], source: SHA256Digest) {
    self.organization = organization
    self.source = source
  }
}

/// What holds for a new set whatever is in it.
public struct SetTerms: Sendable {
  /// Why, for the history. Up to 4,096 bytes, may be empty.
  public var message = ""
  /// Who, for the history. Up to 4,096 bytes, may be empty.
  public var author = ""
  /// Now, in seconds since 1970.
  public var createdSeconds: Int64
  /// nil: unsigned.
  public var signing: SetSigning?
  /// Keys beside that of `signing` whose signatures count for content that is taken from the
  /// directory instead of being compiled.
  public var trust = TrustedKeys([])
  public var channel = SetChannel.current
  /// Why the servers' guard is to let the set pass; empty: it is not.
  public var overrideReason = ""
  /// How many sets stay reachable as `g<N>`, from 1 to `ControlLimits.historyCountMax`.
  public var keepCount = ControlLimits.historyCount
  /// Make a new set even of the content that is current already, for a new time and signature.
  public var renews = false
  /// Tell what would be published, and write nothing.
  public var isDryRun = false
  /// The number of the set whose content this is.
  var rollback: UInt64?
  /// The content is that of the current set.
  var isRefresh = false
  /// Sign content of the directory whoever has signed it before: an operator says so.
  var trustsContent = false

  public init(createdSeconds: Int64) { self.createdSeconds = createdSeconds }

  /// The texts are of bounded length. Of the control characters only tabs and line ends may be in
  /// them: all JSON writers spell those alike, and a set that a copying tool writes anew must keep
  /// its digest.
  func check(path: String) throws(ControlError) {
    for (name, text) in [("message", message), ("author", author), ("reason", overrideReason)] {
      guard text.utf8.count <= ControlLimits.messageByteCountMax else {
        throw ControlError(
          .limit, path, "\(name) longer than \(ControlLimits.messageByteCountMax) bytes")
      }
      for scalar in text.unicodeScalars where scalar.value < 32 && scalar != "\n" && scalar != "\t"
      {
        throw ControlError(
          .document, path, "\(name) \(quoted(text)): a control character; remove it")
      }
    }
    for seconds in [createdSeconds, signing?.notBeforeSeconds, signing?.expiresSeconds] {
      guard let seconds else { continue }
      let timestamp = LayoutDocument.timestamp(seconds)
      guard LayoutDocument.seconds(ofTimestamp: timestamp) == seconds else {
        throw ControlError(.limit, path, "`\(timestamp)` is no time to publish; set the clock")
      }
    }
    if let expires = signing?.expiresSeconds, expires <= createdSeconds {
      throw ControlError(.limit, path, "it would have expired already; let it expire later")
    }
    guard (1...ControlLimits.historyCountMax).contains(keepCount) else {
      throw ControlError(
        .limit, path, "keep from 1 to \(ControlLimits.historyCountMax) sets, not \(keepCount)")
    }
  }

  /// The annotations of a set under these terms, without its signature.
  func annotations(number: UInt64, previous: SHA256Digest?) -> [String: String] {
    var annotations = [
      Annotation.setNumber: String(number),
      Annotation.created: LayoutDocument.timestamp(createdSeconds),
    ]
    if !message.isEmpty { annotations[Annotation.message] = message }
    if !author.isEmpty { annotations[Annotation.authors] = author }
    if !overrideReason.isEmpty { annotations[Annotation.override] = overrideReason }
    annotations[Annotation.rollback] = rollback.map { String($0) }
    if channel == .staged || signing != nil { annotations[Annotation.channel] = channel.rawValue }
    guard let signing else { return annotations }
    annotations[Annotation.key] = signing.key.verifyingKey.id
    annotations[Annotation.previous] = previous?.descriptor
    annotations[Annotation.notBefore] = signing.notBeforeSeconds.map(LayoutDocument.timestamp)
    annotations[Annotation.expires] = signing.expiresSeconds.map(LayoutDocument.timestamp)
    return annotations
  }
}
