public import VerdictCrypto
internal import VerdictSystem

/// The sets that a directory still has, and what is to become of it.
public struct SetHistory: Sendable {
  public struct Entry: Sendable {
    /// `g<N>`, or `staged`.
    public let ref: String
    public let digest: SHA256Digest
    public let number: UInt64
    public let createdSeconds: Int64
    public let author: String
    public let message: String
    /// Who claims to have signed it; nil: nobody.
    public let keyID: String?
    public let expiresSeconds: Int64?
    /// The number of the set whose content it brought back.
    public let rollback: UInt64?
    public let overrideReason: String?
    /// Organizations that differ from the set before in the history, in byte order; nil where that
    /// is gone or damaged.
    public let changed: [[UInt8]]?
    /// Likewise attachments.
    public let changedAttachments: [SetAttachment.Kind]
    public let organizationCount: Int
  }

  /// Newest first.
  public internal(set) var entries: [Entry] = []
  /// Refs whose set can't be read, with the reason.
  public internal(set) var damaged: [(ref: String, error: ControlError)] = []
  public internal(set) var currentDigest: SHA256Digest?
  public internal(set) var staged: Entry?
  public internal(set) var pin: DirectoryPin?
}

/// Why a directory stays at its current set.
public struct DirectoryPin: Sendable, Equatable {
  public let reason: String
  public let author: String
  public let createdSeconds: Int64

  /// ` since TIME by AUTHOR: REASON`, for a sentence.
  public var text: String {
    let by = author.isEmpty ? "" : " by \(quoted(author))"
    return " since \(LayoutDocument.timestamp(createdSeconds))\(by): \(quoted(reason))"
  }
}

extension ControlDirectory {
  /// What the directory holds. Reads sets and manifests, no snapshots.
  public func history() throws(ControlError) -> SetHistory {
    let reader = try LayoutReader(path: path)
    let index = try reader.index().index
    var history = SetHistory()
    history.pin = index.pin()
    history.currentDigest = try index.entry(Ref.current, place: path).parsedDigest(place: path)
    var before: SetRecord?
    let refs = index.manifests.compactMap { entry -> (number: UInt64, ref: String, Descriptor)? in
      let name = entry.annotations?[Annotation.refName] ?? ""
      return Ref.number(ofHistory: name).map { ($0, name, entry) }
    }
    for (_, ref, entry) in refs.sorted(by: { $0.number < $1.number }) {
      do throws(ControlError) {
        let record = try SetRecord(entry, reader, place: path)
        history.entries.insert(SetHistory.Entry(ref, record, after: before), at: 0)
        before = record
      } catch {
        history.damaged.append((ref, error))
        before = nil
      }
    }
    if let entry = try? index.entry(Ref.staged, place: path) {
      let record = try SetRecord(entry, reader, place: path)
      let current = try? SetRecord(index.entry(Ref.current, place: path), reader, place: path)
      history.staged = SetHistory.Entry(Ref.staged, record, after: current)
    }
    return history
  }

  /// Publishes the content of set `number` anew, as a set with a higher number. What differs from
  /// the current set gets a new generation.
  public func rollback(
    to number: UInt64, _ terms: SetTerms
  ) throws(ControlError) -> PublishedSet {
    var terms = terms
    terms.rollback = number
    return try republish(Ref.history(number), from: .current, terms)
  }

  /// Publishes the staged content as the next current set.
  public func deploy(_ terms: SetTerms) throws(ControlError) -> PublishedSet {
    try republish(Ref.staged, from: .staged, terms)
  }

  /// Publishes the content of the current set anew, for a new time and signature.
  ///
  /// - Parameter trustsContent: sign it whoever signed it before, because the operator says so.
  public func refresh(
    _ terms: SetTerms, trustsContent: Bool = false
  ) throws(ControlError) -> PublishedSet {
    var terms = terms
    terms.renews = true
    terms.isRefresh = true
    terms.trustsContent = trustsContent
    return try republish(terms.channel.rawValue, from: terms.channel, terms)
  }

  private func republish(
    _ ref: String, from channel: SetChannel, _ terms: SetTerms
  ) throws(ControlError) -> PublishedSet {
    try replace(terms) { before throws(ControlError) in
      let reader = try LayoutReader(path: path)
      let record = try SetRecord(
        before.index.entry(ref, place: "\(path)/\(ImageLayout.indexFile)"), reader, place: path)
      if !terms.trustsContent { try terms.checkSource(record, channel: channel, path: path) }
      var items: [SetPlan.Item] = []
      for entry in record.organizations {
        try reader.verify(entry.manifest)
        items.append(SetPlan.Item(manifest: .organization(entry.manifest), content: nil))
      }
      for entry in record.attachments {
        _ = try reader.document(
          entry.manifest.content, byteCountMax: ControlLimits.attachmentByteCountMax)
        items.append(SetPlan.Item(manifest: .attachment(entry.manifest), content: nil))
      }
      return items
    }
  }

  /// Keeps `current` as it is until `unpin`: publishing, deploying and rolling back are refused.
  public func pin(
    reason: String, author: String, createdSeconds: Int64
  ) throws(ControlError) {
    var terms = SetTerms(createdSeconds: createdSeconds)
    terms.message = reason
    terms.author = author
    try terms.check(path: path)
    try edit { index throws(ControlError) in
      _ = try index.entry(Ref.current, place: path)
      var annotations = index.annotations ?? [:]
      annotations[Annotation.pin] = reason
      annotations[Annotation.pinAuthor] = author
      annotations[Annotation.pinCreated] = LayoutDocument.timestamp(createdSeconds)
      index.annotations = annotations
    }
  }

  /// - Returns: the pin that was there, if any.
  public func unpin() throws(ControlError) -> DirectoryPin? {
    var pin: DirectoryPin?
    try edit { index throws(ControlError) in
      pin = index.pin()
      for key in [Annotation.pin, Annotation.pinAuthor, Annotation.pinCreated] {
        index.annotations?[key] = nil
      }
    }
    return pin
  }

  private func edit(
    _ change: (inout ImageIndex) throws(ControlError) -> Void
  ) throws(ControlError) {
    let writer = try LayoutWriter(locking: path)
    let read = try LayoutReader(path: path).index()
    var index = read.index
    try change(&index)
    if index != read.index { try writer.writeIndex(index, replacing: read.bytes) }
  }
}

extension ImageIndex {
  func pin() -> DirectoryPin? {
    guard let reason = annotations?[Annotation.pin] else { return nil }
    return DirectoryPin(
      reason: reason, author: annotations?[Annotation.pinAuthor] ?? "",
      createdSeconds: annotations?[Annotation.pinCreated].flatMap(
        LayoutDocument.seconds(ofTimestamp:)) ?? 0)
  }
}

extension SetHistory.Entry {
  fileprivate init(_ ref: String, _ record: SetRecord, after before: SetRecord?) {
    self.ref = ref
    digest = record.digest
    number = record.number
    createdSeconds = record.document.createdSeconds
    author = record.document.author
    message = record.document.message
    keyID = record.document.keyID
    expiresSeconds = record.document.expiresSeconds
    rollback = record.document.rollback
    overrideReason = record.document.overrideReason
    let changes = before.map { record.changes(since: $0.inventory) }
    changed = changes?.organizations
    changedAttachments = changes?.attachments ?? []
    organizationCount = record.organizations.count
  }
}
