internal import VerdictCrypto
internal import VerdictSystem

/// What a directory holds before a publish.
struct PublishedState {
  /// A manifest of the current or the staged set.
  struct Kept<Manifest> {
    let descriptor: Descriptor
    let manifest: Manifest
  }

  /// A set that a ref points at, as far as it could be read.
  struct Head {
    let digest: SHA256Digest
    let document: SetDocument
    /// Those whose manifest is whole.
    var organizations: [[UInt8]: Kept<OrganizationManifest>] = [:]
    var attachments: [SetAttachment.Kind: Kept<AttachmentManifest>] = [:]

    private(set) var manifestDigests: [String]

    init(digest: SHA256Digest, document: SetDocument) {
      self.digest = digest
      self.document = document
      manifestDigests = document.manifests.map(\.digest)
    }

    mutating func forgetManifests() {
      organizations = [:]
      attachments = [:]
      manifestDigests = []
    }
  }

  /// `index.json` as it was read; nil before the first publish.
  private(set) var indexBytes: [UInt8]?
  private(set) var index = ImageIndex(manifests: [])
  /// The highest number that any set in the directory has.
  private(set) var numberMax: UInt64 = 0
  /// nil before the first publish, and when the set is damaged.
  private(set) var current: Head?
  private(set) var staged: Head?

  /// Keeps nothing of a set but its number.
  mutating func distrust(_ channel: SetChannel) {
    if channel == .current {
      current?.forgetManifests()
    } else {
      staged?.forgetManifests()
    }
  }

  func head(of channel: SetChannel) -> Head? { channel == .current ? current : staged }

  /// An unreadable `index.json` is an error: without it the next number is unknown, and a number
  /// that was used before would be taken for an old set. Damage further down is mended by
  /// publishing: what can't be read counts as changed.
  init(reading path: String) throws(ControlError) {
    guard File.exists("\(path)/\(ImageLayout.indexFile)") else { return }
    let reader = try LayoutReader(path: path)
    let read = try reader.index()
    index = read.index
    indexBytes = read.bytes
    for entry in index.manifests {
      let name = entry.annotations?[Annotation.refName] ?? ""
      numberMax = max(numberMax, Ref.number(ofHistory: name) ?? 0)
      guard let channel = SetChannel(rawValue: name) else { continue }
      let head: Head
      do {
        head = try Self.head(entry, reader)
      } catch {
        // The history may still say which number the damaged set had.
        guard index.hasHistory(of: entry) else { throw error }
        continue
      }
      numberMax = max(numberMax, head.document.number)
      if channel == .current { current = head } else { staged = head }
    }
  }

  private static func head(
    _ entry: Descriptor, _ reader: borrowing LayoutReader
  ) throws(ControlError) -> Head {
    let bytes = try reader.document(entry, byteCountMax: ControlLimits.setByteCountMax)
    let place = "\(reader.path)/\(entry.digest)"
    var head = Head(
      digest: try entry.parsedDigest(place: place), document: try SetDocument(bytes, place: place))
    for entry in head.document.manifests {
      guard
        let bytes = try? reader.document(
          entry, byteCountMax: ControlLimits.manifestByteCountMax),
        let manifest = try? SetManifest(bytes, place: entry.digest)
      else { continue }
      switch manifest {
      case .organization(let manifest) where manifest.generation <= head.document.number:
        head.organizations[manifest.organization] = Kept(descriptor: entry, manifest: manifest)
      case .attachment(let manifest) where manifest.generation <= head.document.number:
        head.attachments[manifest.kind] = Kept(descriptor: entry, manifest: manifest)
      // From the future: no server would take it.
      default: continue
      }
    }
    return head
  }
}

extension ImageIndex {
  /// Whether a history ref points at the same set.
  fileprivate func hasHistory(of entry: Descriptor) -> Bool {
    manifests.contains { other in
      other.digest == entry.digest
        && Ref.number(ofHistory: other.annotations?[Annotation.refName] ?? "") != nil
    }
  }

  /// The refs after a publish: `current`, then what others have put here, `staged` among it, then
  /// the history, oldest first, as far as it is kept.
  func replacing(
    _ channel: SetChannel, by set: Descriptor, number: UInt64, keepCount: Int
  ) -> ImageIndex {
    func ref(_ name: String) -> Descriptor {
      var entry = set
      entry.annotations = [Annotation.refName: name]
      return entry
    }
    var heads: [Descriptor] = []
    var kept: [Descriptor] = []
    var history: [(number: UInt64, entry: Descriptor)] = []
    if channel == .current { history.append((number, ref(Ref.history(number)))) }
    for entry in manifests {
      let name = entry.annotations?[Annotation.refName] ?? ""
      if let past = Ref.number(ofHistory: name) {
        history.append((past, entry))
      } else if name == Ref.current {
        heads.append(entry)
      } else if name != Ref.staged || channel != .staged {
        kept.append(entry)
      }
    }
    if channel == .current {
      heads = [ref(Ref.current)]
    } else {
      kept.insert(ref(Ref.staged), at: 0)
    }
    history.sort { $0.number < $1.number }
    var result = self
    result.manifests = heads + kept + history.suffix(keepCount).map(\.entry)
    return result
  }
}
