import Glibc
import Testing
import VerdictCrypto
import VerdictModel
import VerdictSnapshot

@testable import VerdictControl
@testable import VerdictSystem

/// Damage of every kind: the set is refused with its place, and mending it makes it load again.
@Suite("Refusing a damaged control directory")
struct RefusalTests {
  let directory = TestDirectory()
  var control: ControlDirectory { directory.control }

  /// The files of a set with one organization: its set, its manifest and its snapshot.
  private func blobs() throws -> [String] {
    let entry = try control.readIndex().manifests[0]
    let manifest = try control.currentSet.manifests[0]
    let snapshot = SHA256Digest(ofArray: SnapshotFixture.bytes("acme", version: 1))
    return [entry.digest, manifest.digest, snapshot.descriptor].map { control.blobPath($0) }
  }

  private func refusal() -> ControlError? {
    do {
      _ = try control.load()
      return nil
    } catch {
      return error
    }
  }

  @Test("a missing directory, and one without an index, are named")
  func missing() throws {
    #expect(refusal()?.code == .system && refusal()?.place == control.path)
    try File.createDirectories(control.path)
    #expect(refusal()?.code == .unsettled && refusal()?.place == control.indexPath)
  }

  @Test("an index cut short anywhere is unsettled and never loads")
  func halfIndex() throws {
    try control.publish([("acme", 1)])
    let whole = try File.read(control.indexPath, byteCountMax: 1 << 20)
    for count in stride(from: 0, to: whole.count, by: 37) {
      try control.rewrite(control.indexPath) { $0 = Array(whole[..<count]) }
      let error = #expect(throws: ControlError.self) {
        try LayoutReader(path: control.path).index()
      }
      #expect(error?.code == .unsettled)
    }
    #expect(refusal()?.place == control.indexPath)
    try control.rewrite(control.indexPath) { $0 = whole }
    #expect(refusal() == nil)
  }

  @Test("an index that nests without end, or is something else, is refused")
  func strangeIndex() throws {
    try control.publish([("acme", 1)])
    let nested = String(repeating: "[", count: 500_000)
    let inside = #"{"schemaVersion":2,"manifests":"# + String(repeating: "[", count: 100_000)
    for text in [
      nested, inside, "null", "[]", "{}", #"{"manifests":{}}"#, "\u{0}", "{\"manifests\":[1]}",
    ] {
      try control.rewrite(control.indexPath) { $0 = Array(text.utf8) }
      let error = #expect(throws: ControlError.self) {
        try LayoutReader(path: control.path).index()
      }
      #expect(error?.place == control.indexPath)
    }
  }

  @Test("the last set number is the last")
  func lastNumber() throws {
    try control.publish([("acme", 1)])
    try forge(set: { $0.annotations?["dev.verdict.set.number"] = "9007199254740992" })
    #expect(try control.load().setNumber == 1 << 53)
    #expect(code { try control.publish([("acme", 2)]) } == .limit)
  }

  @Test("an index that is being written is waited for")
  func settling() throws {
    try control.publish([("acme", 1)])
    let whole = try File.read(control.indexPath, byteCountMax: 1 << 20)
    try control.rewrite(control.indexPath) { $0.removeLast(30) }
    let path = control.indexPath
    let writer = TestThread {
      usleep(30_000)
      try? AtomicFile.replace(path, with: whole)
    }
    #expect(try control.load().setNumber == 1)
    writer.join()
  }

  @Test("a blob that is cut short, longer, flipped or missing refuses the set", arguments: 0..<3)
  func damagedBlob(which: Int) throws {
    try control.publish([("acme", 1)])
    let blob = try blobs()[which]
    let whole = try File.read(blob, byteCountMax: 1 << 20)
    let damages: [(inout [UInt8]) -> Void] = [
      { $0.removeLast() }, { $0.removeAll() }, { $0.append(0) }, { $0[$0.count / 2] ^= 1 },
      { $0[0] ^= 0x80 },
    ]
    for damage in damages {
      try control.rewrite(blob, damage)
      #expect(refusal()?.code == .blob)
      #expect(refusal()?.place == blob)
      try control.rewrite(blob) { $0 = whole }
      #expect(refusal() == nil)
    }
    try File.remove(blob)
    #expect(refusal()?.code == .blob)
    // Publishing the same content mends it.
    try control.publish([("acme", 1)])
    #expect(refusal() == nil)
  }

  @Test("a pipe, a directory or a link to elsewhere in a file's place is refused, not waited for")
  func wrongKind() throws {
    try control.publish([("acme", 1)])
    let outside = directory.path + "/outside"
    for file in try [control.indexPath] + blobs() {
      let whole = try File.read(file, byteCountMax: 1 << 20)
      try File.remove(file)
      #expect(unsafe mkfifo(file, 0o644) == 0)
      #expect(refusal()?.code == .layout && refusal()?.place == file)
      try File.remove(file)
      #expect(unsafe mkdir(file, 0o755) == 0)
      #expect(refusal()?.code == .layout)
      #expect(unsafe rmdir(file) == 0)
      // The right content does not help when it lies outside.
      try File.create(outside, with: whole)
      #expect(unsafe symlink(outside, file) == 0)
      #expect(refusal()?.code == .layout && refusal()?.place == file)
      try File.remove(file)
      try File.remove(outside)
      try File.create(file, with: whole)
      #expect(refusal() == nil)
    }
  }

  @Test("links that stay inside are followed, as Kubernetes mounts have them")
  func innerLinks() throws {
    try control.publish([("acme", 1)])
    try File.createDirectories(control.path + "/..2026")
    #expect(unsafe rename(control.indexPath, control.path + "/..2026/index.json") == 0)
    #expect(unsafe symlink("..2026", control.path + "/..data") == 0)
    #expect(unsafe symlink("..data/index.json", control.indexPath) == 0)
    #expect(refusal() == nil)
  }

  @Test("an index with another size for a blob, or an absurd one, is refused before reading")
  func wrongSize() throws {
    try control.publish([("acme", 1)])
    for (size, code) in [(1, ControlError.Code.blob), (0, .limit), (-1, .limit), (1 << 40, .limit)]
    {
      var index = try control.readIndex()
      index.manifests[0].size = size
      try control.rewrite(control.indexPath) { $0 = LayoutDocument.bytes(of: index) }
      #expect(refusal()?.code == code)
    }
  }

  @Test("an index of more than a mebibyte is refused")
  func longIndex() throws {
    try control.publish([("acme", 1)])
    try control.rewrite(control.indexPath) {
      $0.append(contentsOf: [UInt8](repeating: 32, count: 1 << 20))
    }
    #expect(refusal()?.code == .limit)
  }

  /// Publishes by hand what `change` makes of the documents, with digests that are right.
  private func forge(
    set changeSet: (inout ImageIndex) -> Void = { _ in },
    manifest changeManifest: (inout ImageManifest) -> Void = { _ in },
    index changeIndex: (inout ImageIndex) -> Void = { _ in }
  ) throws {
    let reader = try LayoutReader(path: control.path)
    var index = try reader.index().index
    let setBytes = try reader.document(index.manifests[0], byteCountMax: 1 << 20)
    var set = try LayoutDocument.value(
      ImageIndex.self, from: setBytes, place: "", unreadable: .document)
    let manifestBytes = try reader.document(set.manifests[0], byteCountMax: 1 << 20)
    var manifest = try LayoutDocument.value(
      ImageManifest.self, from: manifestBytes, place: "", unreadable: .document)
    let writer = try LayoutWriter(locking: control.path)
    changeManifest(&manifest)
    set.manifests[0] = try writer.writeBlob(
      LayoutDocument.bytes(of: manifest), mediaType: ImageLayout.manifestType)
    changeSet(&set)
    var entry = try writer.writeBlob(
      LayoutDocument.bytes(of: set), mediaType: ImageLayout.indexType)
    entry.annotations = index.manifests[0].annotations
    index.manifests[0] = entry
    changeIndex(&index)
    try writer.writeIndex(index, replacing: LayoutReader(path: control.path).indexBytes())
  }

  @Test("documents that are whole and say the wrong thing are refused with a reason")
  func forged() throws {
    func expect(_ code: ControlError.Code, _ text: String, _ change: () throws -> Void) throws {
      TestDirectory.remove(control.path)
      try control.publish([("acme", 1)])
      try change()
      let error = try #require(refusal())
      #expect(error.code == code && error.description.contains(text), "\(error)")
    }
    try expect(.document, "no ref `current`") {
      try forge(index: { $0.manifests.removeFirst() })
    }
    try expect(.document, "2 refs `current`") {
      try forge(index: { $0.manifests.append($0.manifests[0]) })
    }
    try expect(.document, "not a set") {
      try forge(index: { $0.manifests[0].mediaType = ImageLayout.manifestType })
    }
    try expect(.document, "starts with `sha256:`") {
      try forge(index: { $0.manifests[0].digest = "md5:00" })
    }
    try expect(.document, "dev.verdict.set.number") { try forge(set: { $0.annotations = nil }) }
    try expect(.document, "`01` is not a number") {
      try forge(set: { $0.annotations?["dev.verdict.set.number"] = "01" })
    }
    try expect(.document, "`yesterday` is not a time") {
      try forge(set: { $0.annotations?["org.opencontainers.image.created"] = "yesterday" })
    }
    for number in ["0", "-1", "9007199254740993", "18446744073709551615", "1e3", ""] {
      try expect(.document, "dev.verdict.set.number") {
        try forge(set: { $0.annotations?["dev.verdict.set.number"] = number })
      }
    }
    try expect(.document, "is not a time") {
      try forge(set: {
        $0.annotations?["org.opencontainers.image.created"] = "999999999999-01-01T00:00:00Z"
      })
    }
    try expect(.document, #"`two\nlines"#) {
      try forge(set: {
        $0.annotations?["dev.verdict.set.number"] =
          "two\nlines" + String(repeating: "x", count: 999)
      })
      #expect((refusal()?.description.utf8.count ?? 0) < 400)
    }
    try expect(.document, "two manifests for organization `acme`") {
      try forge(set: { $0.manifests.append($0.manifests[0]) })
    }
    try expect(.document, "not exactly one layer") { try forge(manifest: { $0.layers = [] }) }
    try expect(.document, "a layer of type `application/x-tar`") {
      try forge(manifest: { $0.layers[0].mediaType = "application/x-tar" })
    }
    try expect(.document, "has generation 2 in set 1") {
      try forge(manifest: { $0.annotations?["dev.verdict.generation"] = "2" })
    }
    try expect(.snapshot, "announced as `globex`") {
      try forge(manifest: { $0.annotations?["dev.verdict.organization"] = "globex" })
    }
    try expect(.snapshot, "and `huge`") {
      try forge(manifest: { $0.annotations?["dev.verdict.model"] = "huge" })
    }
    try expect(.document, "dev.verdict.organization") {
      try forge(manifest: { $0.annotations?["dev.verdict.organization"] = "" })
    }
  }

  @Test("a snapshot that is not valid is refused although its digest is right")
  func invalidSnapshot() throws {
    try control.publish([("acme", 1)])
    let writer = try LayoutWriter(locking: control.path)
    var bytes = SnapshotFixture.bytes("acme", version: 1)
    bytes[64] = 1
    SnapshotWriter.seal(&bytes)
    let layer = try writer.writeBlob(bytes, mediaType: ImageLayout.snapshotType)
    _ = consume writer
    try forge(manifest: { $0.layers[0] = layer })
    #expect(refusal()?.code == .snapshot)
    #expect(refusal()?.place == control.blobPath(layer.digest))
  }

  @Test("publishing over an unreadable index is refused, because the next number is unknown")
  func publishOverDamage() throws {
    for version in 1...3 { try control.publish([("acme", version)]) }
    let whole = try File.read(control.indexPath, byteCountMax: 1 << 20)
    try control.rewrite(control.indexPath) { $0.removeLast() }
    #expect(code { try control.publish([("acme", 4)]) } == .unsettled)
    try control.rewrite(control.indexPath) { $0 = whole }
    // A damaged set is mended: the history knows its number.
    try File.remove(control.blobPath(try control.readIndex().manifests[0].digest))
    #expect(try control.publish([("acme", 3)]).number == 4)
    #expect(try control.load().summary == ["acme 4"])
  }
}
