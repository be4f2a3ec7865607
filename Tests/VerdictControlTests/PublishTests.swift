import Testing
import VerdictCrypto
import VerdictModel
import VerdictSnapshot

@testable import VerdictControl
@testable import VerdictSystem

@Suite("Publishing and loading")
struct PublishTests {
  let directory = TestDirectory()
  var control: ControlDirectory { directory.control }

  @Test("what was published is loaded, in byte order, with its digests")
  func roundTrip() throws {
    let published = try control.publish([("globex", 1), ("acme", 1)])
    #expect(published.isNew && published.number == 1 && published.removed.isEmpty)
    #expect(published.organizations.map(\.organization.text) == ["acme", "globex"])
    let loaded = try control.load()
    #expect(loaded.setNumber == 1 && loaded.createdSeconds == 1_700_000_000)
    #expect(loaded.digest == published.digest)
    #expect(loaded.summary == ["acme 1", "globex 1"])
    for (organization, other) in zip(loaded.organizations, published.organizations) {
      let bytes = SnapshotFixture.bytes(organization.organization.text, version: 1)
      #expect(organization.digest == SHA256Digest(ofArray: bytes))
      #expect(organization.digest == other.digest && organization.byteCount == other.byteCount)
      #expect(organization.model.text == "tiny")
      #expect(organization.view.organizationID.array == organization.organization)
    }
  }

  @Test("an organization that doesn't change keeps manifest, digest and generation")
  func unchangedOrganization() throws {
    try control.publish([("acme", 1), ("globex", 1)])
    let before = try control.currentSet.manifests
    let published = try control.publish([("acme", 2), ("globex", 1)])
    let after = try control.currentSet.manifests
    #expect(published.organizations.map(\.isChanged) == [true, false])
    #expect(published.organizations.map(\.generation) == [2, 1])
    #expect(before[0] != after[0] && before[1] == after[1])
    #expect(try control.load().summary == ["acme 2", "globex 1"])
    // Back to the old content: a change like any other, at a new generation.
    try control.publish([("acme", 1), ("globex", 1)])
    #expect(try control.load().summary == ["acme 3", "globex 1"])
  }

  @Test("publishing the same content again makes no new set and says so")
  func sameAgain() throws {
    let first = try control.publish([("acme", 1)])
    let index = try File.read(control.indexPath, byteCountMax: 1 << 20)
    let again = try control.publish([("acme", 1)])
    #expect(!again.isNew && again.number == 1 && again.digest == first.digest)
    #expect(again.organizations.map(\.isChanged) == [false])
    #expect(try File.read(control.indexPath, byteCountMax: 1 << 20) == index)
  }

  @Test("an organization that is left out goes, and the set says so")
  func removed() throws {
    try control.publish([("acme", 1), ("globex", 1), ("initech", 1)])
    let published = try control.publish([("globex", 1)])
    #expect(published.isNew && published.number == 2)
    #expect(published.removed.map(\.text) == ["acme", "initech"])
    #expect(try control.load().summary == ["globex 1"])
  }

  @Test("the last fifty sets stay reachable, and numbers go on")
  func history() throws {
    for version in 1...53 { try control.publish([("acme", version)]) }
    let names = try control.names()
    #expect(names == ["current"] + (4...53).map { "g\($0)" })
    let index = try control.readIndex()
    #expect(index.manifests[0].digest == index.manifests.last?.digest)
    #expect(try control.load().setNumber == 53)
  }

  @Test("other refs are kept, and a staged set's number is never used again")
  func foreignRefs() throws {
    let other = TestDirectory()
    for version in 1...7 { try other.control.publish([("acme", version)]) }
    try control.publish([("acme", 1)])
    var staged = try other.control.readIndex().manifests[0]
    staged.annotations = [Annotation.refName: "staged"]
    let set = try File.read(other.control.blobPath(staged.digest), byteCountMax: 1 << 20)
    try File.create(control.blobPath(staged.digest), with: set)
    var index = try control.readIndex()
    index.manifests.append(staged)
    try control.rewrite(control.indexPath) { $0 = LayoutDocument.bytes(of: index) }
    let published = try control.publish([("acme", 2)])
    #expect(published.number == 8)
    #expect(try control.names() == ["current", "staged", "g1", "g8"])
    #expect(try control.readIndex().manifests[1].digest == staged.digest)
  }

  @Test("a directory that was received by a copying tool, without history, is published to")
  func withoutHistory() throws {
    for version in 1...3 { try control.publish([("acme", version)]) }
    var index = try control.readIndex()
    index.manifests.removeLast(3)
    try control.rewrite(control.indexPath) { $0 = LayoutDocument.bytes(of: index) }
    #expect(try control.load().setNumber == 3)
    #expect(try control.publish([("acme", 4)]).number == 4)
  }

  @Test("the documents have the fixed form, byte for byte")
  func form() throws {
    try control.publish([("acme", 1)])
    let layout = try File.read(control.path + "/oci-layout", byteCountMax: 100)
    #expect(layout.text == #"{"imageLayoutVersion":"1.0.0"}"#)
    let snapshot = SnapshotFixture.bytes("acme", version: 1)
    let digest = SHA256Digest(ofArray: snapshot).descriptor
    let set = try control.currentSet
    let manifest = try File.read(control.blobPath(set.manifests[0].digest), byteCountMax: 1 << 16)
    #expect(
      manifest.text == #"{"schemaVersion":2,"#
        + #""mediaType":"application/vnd.oci.image.manifest.v1+json","#
        + #""artifactType":"application/vnd.verdict.organization.v1","#
        + #""config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"#
        + #""sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"#
        + #""layers":[{"mediaType":"application/vnd.verdict.snapshot.v1","#
        + #""digest":"\#(digest)","size":\#(snapshot.count)}],"#
        + #""annotations":{"dev.verdict.compiler.version":"1.0.0","#
        + #""dev.verdict.generation":"1","dev.verdict.model":"tiny","#
        + #""dev.verdict.organization":"acme","#
        + #""org.opencontainers.image.created":"2023-11-14T22:13:20Z"}}"#)
    let entry = try control.readIndex().manifests[0]
    let document = try File.read(control.blobPath(entry.digest), byteCountMax: 1 << 16)
    #expect(
      document.text == #"{"schemaVersion":2,"#
        + #""mediaType":"application/vnd.oci.image.index.v1+json","#
        + #""manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","#
        + #""digest":"\#(set.manifests[0].digest)","size":\#(manifest.count),"#
        + #""platform":{"architecture":"unknown","os":"unknown"}}],"#
        + #""annotations":{"dev.verdict.message":"why","#
        + #""dev.verdict.set.number":"1","org.opencontainers.image.authors":"who","#
        + #""org.opencontainers.image.created":"2023-11-14T22:13:20Z"}}"#)
    let index = try File.read(control.indexPath, byteCountMax: 1 << 20)
    let descriptor =
      #"{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"\#(entry.digest)","#
      + #""size":\#(document.count),"annotations":{"org.opencontainers.image.ref.name":"#
    #expect(
      index.text == #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","#
        + #""manifests":[\#(descriptor)"current"}},\#(descriptor)"g1"}}]}"#)
  }

  /// What Go's `encoding/json` makes of these strings.
  @Test(
    "strings are spelled as registries' tools spell them",
    arguments: [
      ("plain", #""plain""#), ("a\"b\\c/d", #""a\"b\\c/d""#), ("<a&b>", #""\u003ca\u0026b\u003e""#),
      ("tab\tline\nend\r", #""tab\tline\nend\r""#), ("\u{1}\u{1f}", #""\u0001\u001f""#),
      ("\u{2028}\u{2029}", #""\u2028\u2029""#), ("é e\u{301} 🜁\u{7f}", "\"é e\u{301} 🜁\u{7f}\""),
    ])
  func spelling(text: String, spelled: String) throws {
    #expect(Array(LayoutDocument.string(text).utf8) == Array(spelled.utf8))
    let index = ImageIndex(manifests: [], annotations: [text: text])
    let read = try LayoutDocument.value(
      ImageIndex.self, from: LayoutDocument.bytes(of: index), place: "", unreadable: .document)
    #expect(read.annotations?.values.map { Array($0.utf8) } == [Array(text.utf8)])
  }

  @Test("snapshots that a loaded set has already are shared, not loaded again")
  func sharing() throws {
    try control.publish([("acme", 1), ("globex", 1)])
    let first = try control.load()
    try control.publish([("acme", 2), ("globex", 1)])
    let second = try control.load(reusing: first)
    #expect(second.organizations[0].memory !== first.organizations[0].memory)
    #expect(second.organizations[1].memory === first.organizations[1].memory)
    #expect(second.organizations.map(\.version) == ["version 2", "version 1"])
    // The same set: nothing is looked at but the index.
    try File.remove(control.blobPath(first.organizations[1].digest.descriptor))
    #expect(
      try control.load(reusing: second).organizations[1].memory === first.organizations[1].memory)
    #expect(throws: ControlError.self) { try control.load() }
  }

  @Test("nothing, twice the same organization, and what is no snapshot are not published")
  func refusedInput() throws {
    #expect(code { try control.publish([]) } == .limit)
    #expect(code { try control.publish([("acme", 1), ("acme", 2)]) } == .document)
    let wrong = OrganizationSnapshot(bytes: [1, 2, 3], compilerVersion: "1")
    #expect(
      code {
        try control.publish(snapshots: [wrong], message: "", author: "", createdSeconds: 1)
      } == .snapshot)
    #expect(
      code {
        try control.publish(
          snapshots: [
            OrganizationSnapshot(
              bytes: SnapshotFixture.bytes("acme", version: 1), compilerVersion: "1")
          ], message: String(repeating: "x", count: 4_097), author: "", createdSeconds: 1)
      } == .limit)
    #expect(
      code {
        try control.publish(
          snapshots: [
            OrganizationSnapshot(
              bytes: SnapshotFixture.bytes("acme", version: 1), compilerVersion: "1")
          ], message: "", author: "a\u{8}", createdSeconds: 1)
      } == .document)
    for seconds in [Int64.max, .min, 1 << 45] {
      #expect(
        code {
          try control.publish(
            snapshots: [
              OrganizationSnapshot(
                bytes: SnapshotFixture.bytes("acme", version: 1), compilerVersion: "1")
            ], message: "", author: "", createdSeconds: seconds)
        } == .limit)
    }
    #expect(!File.exists(control.indexPath))
  }

  @Test("a directory with other things in it is not taken for a control directory")
  func foreignDirectory() throws {
    try File.createDirectories(control.path)
    try File.create(control.path + "/thesis.txt", with: [1])
    #expect(code { try control.publish([("acme", 1)]) } == .layout)
    #expect(try File.names(in: control.path) == ["thesis.txt"])
  }

  @Test("a second publisher is told, and the lock goes with its holder")
  func lock() throws {
    do {
      let writer = try LayoutWriter(locking: control.path)
      #expect(code { try control.publish([("acme", 1)]) } == .busy)
      _ = consume writer
    }
    #expect(try control.publish([("acme", 1)]).number == 1)
  }

  @Test("drafts of a publisher that was killed are removed by the next one")
  func drafts() throws {
    try control.publish([("acme", 1)])
    let draft = control.blobPath("sha256:" + String(repeating: "a", count: 64)) + ".1.2.tmp"
    try File.create(draft, with: [1])
    try File.create(control.indexPath + ".1.2.tmp", with: [1])
    try File.create(control.path + "/mine.tmp", with: [1])
    try control.publish([("acme", 2)])
    #expect(!File.exists(draft) && !File.exists(control.indexPath + ".1.2.tmp"))
    #expect(File.exists(control.path + "/mine.tmp"))
  }
}

/// The code of the control error that `body` throws; nil if it throws none.
func code(_ body: () throws -> some Any) -> ControlError.Code? {
  do {
    _ = try body()
    return nil
  } catch {
    return (error as? ControlError)?.code
  }
}
