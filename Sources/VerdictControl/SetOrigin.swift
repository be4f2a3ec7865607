internal import VerdictCrypto

/// Where sets come from, as `SetSource` asks it. Only one thread at a time asks.
protocol SetOrigin: Sendable {
  /// Something that changes whenever loading might give another result. Cheap: it is asked for
  /// every second.
  mutating func fingerprint() -> SHA256Digest

  /// Loads the set that is there now.
  ///
  /// - Parameters:
  ///   - active: what is in force, to share with and to compare with.
  ///   - nowSeconds: the time at which it must be valid, in seconds since 1970.
  /// - Throws: where anything but everything is in order. Nothing has changed then.
  mutating func load(
    reusing active: LoadedSet?, nowSeconds: Int64
  ) throws(ControlError) -> LoadedSet

  /// What is to serve where the first load fails; nil: nothing is.
  mutating func fallback() throws(ControlError) -> LoadedSet?

  /// A time that is certainly not in the future, from before this process; 0: none is known.
  mutating func knownSeconds() -> Int64

  /// Directories in which something happens before the fingerprint changes.
  func watchedDirectories() -> [String]
}

extension SetOrigin {
  mutating func fallback() throws(ControlError) -> LoadedSet? { nil }
  mutating func knownSeconds() -> Int64 { 0 }
}
