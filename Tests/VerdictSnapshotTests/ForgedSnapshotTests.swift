import Foundation
import Testing
import VerdictEngine
import VerdictModel
import VerdictTestKit

@testable import VerdictSnapshot

/// A digest says that a file is whole, not that an honest compiler wrote it: whatever the engine
/// relies on is a rule of the validator, and each rule refuses what breaks it, by its own words.
@Suite("Forged snapshots")
struct ForgedSnapshotTests {
  /// A rule's message with its numbers as `N`.
  static func rule(_ message: String) -> String {
    message.replacing(/[0-9]+/, with: "N").replacing("malformed snapshot: ", with: "")
  }

  @Test("what is taken apart and put together again is the same", arguments: Forgery.Base.allCases)
  func unforged(base: Forgery.Base) throws {
    let original = try base.snapshot()
    #expect(try Forgery(base, "") { _ in }.bytes() == original)
    #expect(!CorruptionTests.isRefused(original))
  }

  @Test("a snapshot with one thing forged is refused, and says which", arguments: Forgery.all)
  func isRefused(forgery: Forgery) throws {
    let bytes = try forgery.bytes()
    #expect {
      try bytes.withByteView { _ = try SnapshotView(validating: $0) }
    } throws: { error in
      guard let error = error as? SnapshotError else { return false }
      #expect(ForgedSnapshotTests.rule(error.message) == forgery.rule)
      return error.code == .malformed
    }
  }

  /// No document can say so, and the rules don't ask for it: the engine has to deny by itself.
  @Test("a resource whose only parent is left out is nobody's who needs the parent")
  func withoutParent() throws {
    let parentless = Forgery(.roles, "") {
      for index in 0..<$0.count(of: .linkedResources) {
        $0[.linkedResources, index, 4] = 0
        $0[.linkedResources, index, 8] = 0
      }
      $0[.links] = []
    }
    let texts = ["user:mia", "prod", "view", "streaming_destination/SD1", ""]
    for (bytes, isAllowed) in [
      (try Forgery.Base.roles.snapshot(), true), (try parentless.bytes(), false),
    ] {
      try bytes.withByteView { bytes in
        let view = try SnapshotView(validating: bytes)
        texts.map { Array($0.utf8) }.withViews { words in
          let question = Question(
            principal: words[0], workspace: words[1], action: words[2], resource: words[3],
            target: words[4])
          #expect(Engine.decide(question, in: view).isAllow == isAllowed)
        }
      }
    }
  }

  /// The rules are read from the validator's sources, so that none is added without a forgery.
  @Test("every rule of the validator has a forgery")
  func everyRule() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/VerdictSnapshot")
    let files = ["", "+Model", "+Tables", "+Provenance"]
    var rules: [String] = []
    for file in files {
      let source = try String(
        contentsOf: folder.appending(path: "SnapshotValidator\(file).swift"), encoding: .utf8)
      rules += source.matches(of: /"([^"\n]*?: [^"\n]*|[a-z ]+ \\\([a-z]+\)|bytes after[^"]*)"/)
        .map { String($0.1) }
        .filter { !$0.contains("snapshot") && !$0.contains("require") }
    }
    #expect(rules.count > 80)
    for rule in Set(rules) {
      let kinds = SectionKind.allCases.map { "\($0)" }
      let shapes = kinds.map {
        rule.replacing("\\(kind)", with: $0).replacing(/\\\([a-z.]+\)/, with: "N")
      }
      #expect(
        Forgery.all.contains { shapes.contains($0.rule) }, "no forgery breaks the rule: \(rule)")
    }
  }
}

/// One thing about a sound snapshot that is made wrong, and the rule that it breaks.
struct Forgery: CustomTestStringConvertible, Sendable {
  /// Small snapshots with something in every section, and of the two forms of lists of classes.
  enum Base: CaseIterable {
    case policies
    case roles
    case lists

    func snapshot() throws -> [UInt8] {
      switch self {
      case .policies: try SnapshotProbe.snapshots()[0]
      case .roles: try SnapshotProbe.snapshots()[1]
      case .lists: try AccessListTests.snapshot()
      }
    }
  }

  let base: Base
  let rule: String
  private let change: @Sendable (inout SnapshotWriter) throws -> Void
  private let changeBytes: @Sendable (inout [UInt8]) -> Void

  init(
    _ base: Base, _ rule: String,
    change: @escaping @Sendable (inout SnapshotWriter) throws -> Void
  ) {
    self.base = base
    self.rule = rule
    self.change = change
    changeBytes = { _ in }
  }

  /// Of the file as a whole, which is sealed again afterwards.
  init(bytes rule: String, change: @escaping @Sendable (inout [UInt8]) -> Void) {
    base = .policies
    self.rule = rule
    self.change = { _ in }
    changeBytes = change
  }

  var testDescription: String { rule }

  func bytes() throws -> [UInt8] {
    var writer = SnapshotWriter()
    try base.snapshot().withByteView { bytes in
      let view = try SnapshotView(validating: bytes)
      writer.flags = view.flags
      writer.cellCount = view.cellCount
      for kind in SectionKind.allCases { writer[kind] = view.section(kind).array }
    }
    try change(&writer)
    var bytes = writer.finish()
    changeBytes(&bytes)
    SnapshotWriter.seal(&bytes)
    return bytes
  }

  static let all = ofTheFile + ofTheModel + ofRights + ofTables + ofLinks + ofSources + ofOrders
}

extension SnapshotWriter {
  /// A word of a record.
  subscript(kind: SectionKind, index: Int, field: Int = 0) -> UInt32 {
    get { self[kind].withByteView { $0.load32(at: index * kind.stride + field) } }
    set { self[kind].store(newValue, at: index * kind.stride + field) }
  }

  func count(of kind: SectionKind) -> Int { self[kind].count / kind.stride }

  /// Adds records of zeros.
  mutating func pad(_ kind: SectionKind, to count: Int) {
    let missing = count * kind.stride - self[kind].count
    self[kind] += [UInt8](repeating: 0, count: missing)
  }

  /// A byte of a record.
  mutating func set(_ kind: SectionKind, _ index: Int, byte: Int, to value: UInt8) {
    self[kind][index * kind.stride + byte] = value
  }

  /// Where the slot with a number begins in a section that is a key table.
  func place(_ kind: SectionKind, slot: Int) -> Int {
    self[kind].withByteView { KeyTable(trusting: $0).offset(slot: slot) }
  }

  /// The slot of a key.
  func slot(_ kind: SectionKind, tag: UInt8, _ key: String) throws -> Int {
    let slot = self[kind].withByteView { section in
      Array(key.utf8).withByteView { KeyTable(trusting: section).find(tag: tag, $0) }
    }
    try #require(slot.isFound)
    return slot.number
  }

  /// The number of an empty slot, one more than all where none is.
  func emptySlot(_ kind: SectionKind) -> Int {
    self[kind].withByteView { section in
      let table = KeyTable(trusting: section)
      return (0..<table.slotCount).first { !table.slot($0).isFound } ?? table.slotCount
    }
  }

  /// Adds a key to a table, which is built anew.
  mutating func add(_ kind: SectionKind, tag: UInt8, _ key: [UInt8], value: UInt32) {
    var builder = KeyTableBuilder()
    self[kind].withByteView { section in
      let table = KeyTable(trusting: section)
      for number in 0..<table.slotCount where table.slot(number).isFound {
        let slot = table.slot(number)
        builder.add(
          tag: slot.tag, table.key(slot: number), value: slot.value, extra: slot.extra)
      }
    }
    key.withByteView { builder.add(tag: tag, $0, value: value) }
    self[kind] = builder.build().section
  }
}
