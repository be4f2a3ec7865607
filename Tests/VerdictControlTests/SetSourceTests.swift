import Glibc
import Synchronization
import Testing
import VerdictCrypto
import VerdictModel
import VerdictSnapshot

@testable import VerdictControl
@testable import VerdictSystem

/// What a source has called back with.
final class SourceLog: Sendable {
  private let sets = Mutex<[LoadedSet]>([])
  private let errors = Mutex<[ControlError]>([])

  private let closings = Mutex<[Bool]>([])

  @Sendable func activate(_ set: LoadedSet, _ isClosed: Bool) {
    sets.withLock { $0.append(set) }
    closings.withLock { $0.append(isClosed) }
  }
  @Sendable func rejected(_ error: ControlError) { errors.withLock { $0.append(error) } }

  var hooks: SetSource.Hooks {
    SetSource.Hooks(
      activate: activate, rejected: rejected,
      close: { [self] in closings.withLock { $0.append(true) } })
  }

  /// Of each activation and each closing: whether decisions are withheld.
  var closed: [Bool] { closings.withLock { $0 } }
  var summaries: [[String]] { sets.withLock { $0.map(\.summary) } }
  var numbers: [UInt64] { sets.withLock { $0.map(\.setNumber) } }
  var last: LoadedSet? { sets.withLock { $0.last } }
  var rejections: [ControlError] { errors.withLock { $0 } }

  /// Waits up to five seconds for `condition`.
  func wait(for condition: (SourceLog) -> Bool) -> Bool {
    for _ in 0..<1_000 {
      if condition(self) { return true }
      usleep(5_000)
    }
    return condition(self)
  }
}

@Suite("Sources of sets")
struct SetSourceTests {
  let directory = TestDirectory()
  let log = SourceLog()
  var control: ControlDirectory { directory.control }

  private func source(pollMilliseconds: Int32 = 1_000) throws -> SetSource {
    try SetSource(
      origin: ControlOrigin(directory: control),
      pace: SetSource.Pace(poll: pollMilliseconds, retryMax: 200), log.hooks)
  }

  @Test("a look activates what is new, once")
  func look() throws {
    let source = try source()
    #expect(!source.look())
    #expect(log.rejections.map(\.code) == [.system])
    try control.publish([("acme", 1)])
    #expect(source.look() && source.look())
    try control.publish([("acme", 2)])
    #expect(source.look(hinted: false))
    #expect(log.summaries == [["acme 1"], ["acme 2"]])
  }

  @Test("a failure is reported once, changes nothing, and what mends it is found")
  func failure() throws {
    let source = try source()
    try control.publish([("acme", 1)])
    source.look()
    try control.publish([("acme", 2)])
    let manifest = control.blobPath(try control.currentSet.manifests[0].digest)
    let whole = try File.read(manifest, byteCountMax: 1 << 16)
    try control.rewrite(manifest) { $0[5] ^= 1 }
    for _ in 0..<5 { #expect(source.look()) }
    #expect(log.rejections.map(\.code) == [.blob])
    #expect(log.numbers == [1])
    // A blob that arrives late does not change the index.
    try control.rewrite(manifest) { $0 = whole }
    source.look()
    #expect(log.numbers == [1, 2])
    // The same failure after a success is news again.
    try control.rewrite(control.indexPath) { $0.removeLast() }
    source.look()
    source.look()
    #expect(log.rejections.map(\.code) == [.blob, .unsettled])
    #expect(log.numbers == [1, 2])
  }

  @Test("without a hint, a failure is looked into again after a while")
  func retry() throws {
    let source = try source()
    try control.publish([("acme", 1)])
    let set = try control.readIndex().manifests[0]
    let whole = try File.read(control.blobPath(set.digest), byteCountMax: 1 << 16)
    try File.remove(control.blobPath(set.digest))
    source.look()
    try File.create(control.blobPath(set.digest), with: whole)
    source.look(hinted: false)
    #expect(log.numbers.isEmpty)
    usleep(250_000)
    source.look(hinted: false)
    #expect(log.numbers == [1])
  }

  @Test("the thread follows publishes long before it would poll")
  func hints() throws {
    try control.publish([("acme", 1)])
    let source = try source(pollMilliseconds: 600_000)
    try source.start()
    defer { source.stop() }
    #expect(log.wait { $0.numbers == [1] })
    for version in 2...4 {
      try control.publish([("acme", version)])
      #expect(log.wait { $0.last?.organizations[0].version == "version \(version)" })
    }
    #expect(log.rejections.isEmpty)
  }

  @Test("a directory that is removed and made again is followed, by the poll and by hints")
  func recreated() throws {
    let source = try source(pollMilliseconds: 50)
    try source.start()
    defer { source.stop() }
    #expect(log.wait { $0.rejections.count == 1 })
    try control.publish([("acme", 1)])
    #expect(log.wait { $0.numbers == [1] })
    try control.publish([("acme", 2)])
    #expect(log.wait { $0.numbers == [1, 2] })
    TestDirectory.remove(control.path)
    #expect(log.wait { $0.rejections.last?.code == .system })
    // Numbers begin anew, and are too low until they have caught up.
    try control.publish([("globex", 1)])
    #expect(log.wait { $0.rejections.last?.code == .older })
    for version in 2...3 { try control.publish([("globex", version)]) }
    #expect(log.wait { $0.last?.setNumber == 3 })
    #expect(log.last?.summary == ["globex 3"])
  }

  @Test("a change in place that keeps size, inode and time is seen by the poll")
  func inPlace() throws {
    try control.publish([("acme", 1)])
    try control.publish([("acme", 2)])
    var index = try control.readIndex()
    let newer = index.manifests[0]
    let older = try #require(index.manifests.first { $0.annotations?[Annotation.refName] == "g1" })
    index.manifests[0].digest = older.digest
    try control.rewrite(control.indexPath) { $0 = LayoutDocument.bytes(of: index) }
    let source = try source()
    source.look()
    index.manifests[0] = newer
    let bytes = LayoutDocument.bytes(of: index)
    let before = try #require(FileStatus(of: control.indexPath))
    let file = unsafe open(control.indexPath, O_WRONLY)
    let written = unsafe bytes.withUnsafeBytes {
      unsafe Glibc.write(file, $0.baseAddress, $0.count)
    }
    #expect(written == bytes.count)
    let seconds = before.modifiedNanoseconds / 1_000_000_000
    let times = Array(
      repeating: timespec(
        tv_sec: Int(seconds), tv_nsec: Int(before.modifiedNanoseconds - seconds * 1_000_000_000)),
      count: 2)
    #expect(unsafe futimens(file, times) == 0)
    close(file)
    #expect(FileStatus(of: control.indexPath) == before)
    source.look(hinted: false)
    #expect(log.numbers == [1, 2])
  }

  @Test("stopping ends the thread, and a source that never started stops too")
  func stop() throws {
    let source = try source(pollMilliseconds: 600_000)
    try source.start()
    source.stop()
    try control.publish([("acme", 1)])
    usleep(100_000)
    #expect(log.numbers.isEmpty)
    try self.source().stop()
  }
}

@Suite("Documents as a source")
struct DocumentOriginTests {
  let directory = TestDirectory()
  let log = SourceLog()

  /// The fixture's language: `ORGANIZATION VERSION` in each file.
  private func source() throws -> SetSource {
    let path = directory.path
    return try SetSource(
      origin: DocumentOrigin(paths: [path]) { () throws(ControlError) in
        var result: [OrganizationSnapshot] = []
        for name in (try? File.names(in: path)) ?? [] where !name.hasPrefix(".") {
          let text = ((try? File.read("\(path)/\(name)", byteCountMax: 99)) ?? []).text
          let words = text.split(separator: " ")
          guard words.count == 2, let version = Int(words[1]) else {
            throw ControlError(.documents, "\(path)/\(name):1:1", "`\(text)` is no policy")
          }
          result.append(
            OrganizationSnapshot(
              bytes: SnapshotFixture.bytes(String(words[0]), version: version),
              compilerVersion: "1"))
        }
        return result
      }, pace: SetSource.Pace(retryMax: 200), log.hooks)
  }

  private func write(_ name: String, _ text: String) throws {
    try File.remove("\(directory.path)/\(name)")
    try File.create("\(directory.path)/\(name)", with: Array(text.utf8))
  }

  @Test("compiles are counted, and generations are those of the last change")
  func counts() throws {
    try write("a.yaml", "acme 1")
    try write("b.yaml", "globex 1")
    let source = try source()
    #expect(source.look() && source.look())
    try write("b.yaml", "globex 2")
    source.look()
    try write("a.yaml", "acme  1")
    source.look()
    try write("c.yaml", "initech 1")
    source.look()
    try File.remove(directory.path + "/a.yaml")
    source.look()
    #expect(
      log.summaries == [
        ["acme 1", "globex 1"], ["acme 1", "globex 2"], ["acme 1", "globex 2", "initech 3"],
        ["globex 2", "initech 3"],
      ])
    #expect(log.numbers == [1, 2, 3, 4])
    #expect(log.last?.digest == nil && (log.last?.createdSeconds ?? 0) > 1_700_000_000)
  }

  @Test("documents that don't compile change nothing and are reported once")
  func failure() throws {
    try write("a.yaml", "acme 1")
    let source = try source()
    source.look()
    try write("a.yaml", "acme one")
    source.look()
    source.look()
    #expect(log.rejections.map(\.code) == [.documents])
    #expect(
      log.rejections[0].description == "`\(directory.path)/a.yaml:1:1`: `acme one` is no policy")
    try write("a.yaml", "acme 2")
    source.look()
    #expect(log.summaries == [["acme 1"], ["acme 2"]])
  }

  @Test("two documents of one organization are an error")
  func twice() throws {
    try write("a.yaml", "acme 1")
    try write("b.yaml", "acme 2")
    try source().look()
    #expect(log.rejections.map(\.code) == [.documents] && log.numbers.isEmpty)
  }

  @Test("the thread sees a changed file below a new directory")
  func nested() throws {
    let files = DocumentFilesProbe(path: directory.path)
    try write("a.yaml", "acme 1")
    let first = files.fingerprint()
    #expect(first == files.fingerprint())
    try File.createDirectories(directory.path + "/deep/er")
    try write("deep/er/b.yaml", "globex 1")
    let second = files.fingerprint()
    #expect(second != first)
    // The same length, at once.
    try write("deep/er/b.yaml", "globex 2")
    #expect(second != files.fingerprint())
    #expect(files.directories.contains(directory.path + "/deep/er"))
    let third = files.fingerprint()
    try write(".b.yaml.swp", "x")
    try write("server.log", "x")
    try write("a.test.yaml", "x")
    #expect(files.fingerprint() == third)
    try File.createDirectories(directory.path + "/loop")
    #expect(unsafe symlink("..", directory.path + "/loop/again") == 0)
    _ = files.fingerprint()
  }

  @Test("a named file is watched through its directory, where editors replace it")
  func namedFile() throws {
    try write("a.yaml", "acme 1")
    var files = DocumentFiles(paths: [directory.path + "/a.yaml"])
    #expect(files.directories == [directory.path])
    let first = files.fingerprint()
    try write("b.yaml", "other 1")
    #expect(files.fingerprint() == first)
    try write("a.yaml", "acme 2")
    #expect(files.fingerprint() != first)
  }
}

/// `DocumentFiles` behind a reference, for tests.
private final class DocumentFilesProbe {
  private var files: DocumentFiles
  init(path: String) { files = DocumentFiles(paths: [path]) }
  func fingerprint() -> [UInt8] { files.fingerprint().bytes }
  var directories: [String] { files.directories }
}
