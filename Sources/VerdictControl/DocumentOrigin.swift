internal import VerdictCrypto
internal import VerdictModel
internal import VerdictSystem

/// Policy documents, compiled in this process, as an origin.
struct DocumentOrigin: SetOrigin {
  private var files: DocumentFiles
  private let compile: @Sendable () throws(ControlError) -> [OrganizationSnapshot]

  init(
    paths: [String], compile: @escaping @Sendable () throws(ControlError) -> [OrganizationSnapshot]
  ) {
    files = DocumentFiles(paths: paths)
    self.compile = compile
  }

  mutating func fingerprint() -> SHA256Digest { files.fingerprint() }

  func watchedDirectories() -> [String] { files.directories }

  mutating func load(
    reusing active: LoadedSet?, nowSeconds: Int64
  ) throws(ControlError) -> LoadedSet {
    try LoadedSet(compiled: compile(), after: active, createdSeconds: nowSeconds)
  }
}

/// The files that documents may stand in, and whether they have changed.
struct DocumentFiles: Sendable {
  private let paths: [String]
  private var listing: SHA256Digest?
  private var content: SHA256Digest?
  private var changedAtNanoseconds: UInt64 = 0
  /// Every directory in which a file could change.
  private(set) var directories: [String] = []

  /// File systems tell the time of a change in steps, the coarsest of two seconds. For so long
  /// after a change an equal listing doesn't prove an equal content.
  private static let settlingNanoseconds: UInt64 = 3_000_000_000
  /// Below a directory; also the end of links that go in circles.
  private static let depthMax = 32

  init(paths: [String]) {
    self.paths = paths
    _ = survey()
  }

  /// Digest of names and contents. Reads the contents only if a name, size or time has changed, or
  /// has just changed.
  mutating func fingerprint() -> SHA256Digest {
    let (files, found) = survey()
    let now = SystemClock.monotonicNanoseconds()
    if found != listing {
      listing = found
      changedAtNanoseconds = now
    } else if let content, now - changedAtNanoseconds > Self.settlingNanoseconds {
      return content
    }
    var hasher = SHA256Hasher()
    for path in files {
      // A name and a content of their own digest each: no two listings look the same.
      hasher.add(Array(path.utf8))
      hasher.add((try? File.read(path, byteCountMax: .max)) ?? [])
    }
    let digest = hasher.finish()
    content = digest
    return digest
  }

  /// The files in byte order, and a digest of what their names and statuses are.
  private mutating func survey() -> (files: [String], listing: SHA256Digest) {
    var files: [String] = []
    var found: [String] = []
    var hasher = SHA256Hasher()
    for path in paths { Self.walk(path, depth: 0, isNamed: true, &files, &found) }
    for path in files {
      guard let status = FileStatus(of: path) else { continue }
      hasher.add(Array("\(path)\0\(status)".utf8))
    }
    directories = found
    return (files, hasher.finish())
  }

  private static func walk(
    _ path: String, depth: Int, isNamed: Bool, _ files: inout [String],
    _ directories: inout [String]
  ) {
    guard depth <= depthMax, let status = FileStatus(of: path) else { return }
    if status.isDirectory {
      directories.append(path)
      for name in (try? File.names(in: path)) ?? [] where !name.hasPrefix(".") {
        walk("\(path)/\(name)", depth: depth + 1, isNamed: false, &files, &directories)
      }
    } else if status.isRegular, isNamed || isDocument(path) {
      if isNamed { directories.append(AtomicFile.directory(of: path)) }
      files.append(path)
    }
  }

  /// By its name, as policies are looked for. Other files, logs perhaps, may change all the time.
  private static func isDocument(_ path: String) -> Bool {
    !path.hasSuffix(".test.yaml")
      && [".yaml", ".yml", ".json"].contains { path.hasSuffix($0) }
  }
}

extension SHA256Hasher {
  /// Adds the digest of `bytes`, so that the boundaries between pieces count.
  fileprivate mutating func add(_ bytes: [UInt8]) {
    SHA256Digest(ofArray: bytes).bytes.withByteView { update($0) }
  }
}
