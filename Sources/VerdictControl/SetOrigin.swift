internal import VerdictCrypto

/// Where sets come from, as `SetSource` asks it. Only one thread at a time asks.
protocol SetOrigin: Sendable {
  /// Something that changes whenever loading might give another result. Cheap: it is asked for
  /// every second.
  mutating func fingerprint() -> SHA256Digest

  /// Loads the set that is there now; `active` is what was loaded last, to share with.
  mutating func load(reusing active: LoadedSet?) throws(ControlError) -> LoadedSet

  /// Directories in which something happens before the fingerprint changes.
  func watchedDirectories() -> [String]
}

/// A control directory as an origin.
struct ControlOrigin: SetOrigin {
  let directory: ControlDirectory

  /// The content of `index.json`: everything else follows from it. Its size, inode and times are
  /// not asked, because a file that is rewritten in place twice within one tick of the file
  /// system's clock would look untouched.
  mutating func fingerprint() -> SHA256Digest {
    let bytes = (try? LayoutReader(path: directory.path))?.indexBytes() ?? []
    return SHA256Digest(ofArray: bytes)
  }

  mutating func load(reusing active: LoadedSet?) throws(ControlError) -> LoadedSet {
    try directory.load(reusing: active)
  }

  /// `..data` is the link that Kubernetes flips; the blobs' directory tells of what arrives late.
  func watchedDirectories() -> [String] {
    [directory.path, "\(directory.path)/\(ImageLayout.blobDirectory)"]
  }
}
