internal import VerdictCrypto
internal import VerdictSystem

/// A control directory as an origin.
///
/// A set gets into force by these steps; each that fails has its `ControlError.Code`, and leaves
/// everything as it was:
///
/// | Step | Codes |
/// |---|---|
/// | open what is there | `system`, `layout`, `owner`, `limit` |
/// | read `index.json`, the set and its manifests | `unsettled`, `absent`, `document`, `blob` |
/// | verify the signature | `unsigned`, `untrusted`, `signature` |
/// | and what it is for | `channel`, `scope` |
/// | compare number and times | `older`, `early`, `expired` |
/// | copy, digest and validate snapshots and routes | `blob`, `snapshot`, `routes`, `limit` |
/// | ask the embedded checks | `checks` |
/// | compare with the set in force | `guard` |
/// | keep it, and its number | `state` |
struct ControlOrigin: SetOrigin {
  let directory: ControlDirectory
  private let settings: ControlSettings
  /// From the state directory, where it could be used.
  private var lastGood: LoadedSet?
  private var lastGoodFailure: ControlError?
  private var hasReadState = false
  private var acceptsOlder: Bool

  init(directory: ControlDirectory, settings: ControlSettings = ControlSettings()) {
    self.directory = directory
    self.settings = settings
    acceptsOlder = settings.acceptsOlder
  }

  /// The content of `index.json`: everything else follows from it. Its size, inode and times are
  /// not asked, because a file that is rewritten in place twice within one tick of the file
  /// system's clock would look untouched.
  mutating func fingerprint() -> SHA256Digest {
    let bytes = (try? LayoutReader(path: directory.path))?.indexBytes() ?? []
    return SHA256Digest(ofArray: bytes)
  }

  mutating func load(
    reusing active: LoadedSet?, nowSeconds: Int64
  ) throws(ControlError) -> LoadedSet {
    readState()
    let before = active ?? lastGood
    var rules = AcceptanceRules()
    rules.trust = settings.trust
    rules.ownership = settings.trust == nil ? settings.ownership : nil
    rules.nowSeconds = nowSeconds
    rules.channel = settings.channel
    let live = settings.live?()
    if settings.channel == .staged {
      rules.base = AcceptanceRules.Base(inventory: live?.inventory)
    } else {
      rules.base = acceptsOlder ? nil : try base(before)
    }
    let set = try directory.load(reusing: before, and: live.map { [$0] } ?? [], rules: rules)
    // What was verified before needs no second look.
    if let before, set.digest == before.digest, !acceptsOlder { return set }
    try EmbeddedChecks(of: set)?.run(on: set)
    if let guarding = settings.guard, let before, set.overrideReason == nil {
      try guarding.check(from: before, to: set)
    }
    try settings.state?.keep(
      set, from: directory, resets: acceptsOlder, rewrites: lastGoodFailure != nil)
    lastGoodFailure = nil
    // From here on the active set is what counts.
    lastGood = nil
    acceptsOlder = false
    return set
  }

  mutating func fallback() throws(ControlError) -> LoadedSet? {
    readState()
    if let lastGoodFailure { throw lastGoodFailure }
    return lastGood
  }

  mutating func knownSeconds() -> Int64 {
    ((try? settings.state?.mark(trust: settings.trust)) ?? nil)?.createdSeconds ?? 0
  }

  /// `..data` is the link that Kubernetes flips; the blobs' directory tells of what arrives late.
  func watchedDirectories() -> [String] {
    [directory.path, "\(directory.path)/\(ImageLayout.blobDirectory)"]
  }

  private mutating func readState() {
    guard !hasReadState, let state = settings.state else { return }
    hasReadState = true
    do {
      lastGood = try state.lastGood(trust: settings.trust)
    } catch {
      lastGoodFailure = error
    }
  }

  /// What a set must not be older than: the set in force, and what the state directory remembers.
  private func base(_ before: LoadedSet?) throws(ControlError) -> AcceptanceRules.Base {
    var base = AcceptanceRules.Base()
    if let before, let digest = before.digest {
      base.numberMin = before.setNumber
      base.digest = digest
      base.inventory = before.inventory
    }
    if let mark = try settings.state?.mark(trust: settings.trust), mark.number > base.numberMin {
      base.numberMin = mark.number
      base.digest = mark.digest
    }
    return base
  }
}
