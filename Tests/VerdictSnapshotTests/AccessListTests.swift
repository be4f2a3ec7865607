import Testing
import VerdictCompiler
import VerdictModel
import VerdictPolicy
import VerdictTestKit

@testable import VerdictSnapshot

@Suite("Access lists")
struct AccessListTests {
  @Test(
    "in a table each workspace has its own place, and no other is needed to find it",
    arguments: 1...AccessList.tableCountMax)
  func everyWorkspaceHasAPlace(count: Int) throws {
    var random = SeededRandom(seed: UInt64(count))
    var words: [UInt32] = []
    for _ in 0..<200 {
      var workspaces: Set<UInt32> = []
      while workspaces.count < count { workspaces.insert(UInt32(random.below(65_535))) }
      let classes = workspaces.sorted().enumerated().map {
        (workspace: $0.element, number: UInt32($0.offset))
      }
      let extra = try #require(AccessList.makeTable(classes, &words))
      #expect(words.count == 1 << Int(extra & 15))
      #expect(extra & 15 >= 1 && extra & 15 <= AccessList.tableBitsMax)
      for item in classes {
        #expect(words[AccessList.place(of: Int(item.workspace), extra: extra)] == item.number)
      }
      #expect(words.filter { $0 != AccessList.nothing }.count == count)
    }
  }

  @Test("more workspaces than a table takes stand in a list")
  func moreStandInAList() {
    let classes = (0...UInt32(AccessList.tableCountMax)).map { (workspace: $0, number: $0) }
    var words: [UInt32] = []
    #expect(AccessList.makeTable(classes, &words) == nil)
  }

  /// `many` is in twenty workspaces, which is a list, `few` in three, which is a table.
  static func snapshot() throws -> [UInt8] {
    let workspaces = (0..<20).map { "  w\($0): {members: [many\($0 < 3 ? ", few" : "")]}" }
    let text = """
      apiVersion: verdict/v1
      model: rudderstack
      organization: {id: acme, plan: enterprise, owner: olga, members: [many, few]}
      workspaces:
      \(workspaces.joined(separator: "\n"))
      """
    let models = try AccessModels.shipped()
    let parsed = try PolicyDocument.parse(
      bytes: Array(text.utf8), path: "acme.yaml", models: models)
    return try SnapshotCompiler.compile(parsed.document)
  }

  /// Where the slot of a user begins, and his words in section `accessLists`.
  private static func places(of user: String, _ bytes: [UInt8]) throws -> (slot: Int, words: Int) {
    try bytes.withByteView { bytes in
      let view = try SnapshotView(validating: bytes)
      let table = view.table(.principals)
      let slot = user.withByteView { table.find(tag: PrincipalKind.user.rawValue, $0) }
      let number = Int(slot.value & PrincipalValue.numberMax)
      return (
        view.offset(of: .principals) + table.offset(slot: slot.number),
        view.offset(of: .accessLists) + number * 4
      )
    }
  }

  /// Expects a word in the place of another to be refused, or taken.
  private static func expect(
    refused isRefused: Bool, _ original: [UInt8], _ word: UInt32, at place: Int
  ) {
    var bytes = original
    bytes.store(word, at: place)
    SnapshotWriter.seal(&bytes)
    let found = CorruptionTests.isRefused(bytes)
    #expect(found == isRefused, "\(word) at \(place)")
  }

  @Test("a list that is longer than its section is refused, and one that doesn't ascend")
  func damagedList() throws {
    let bytes = try AccessListTests.snapshot()
    let list = try AccessListTests.places(of: "many", bytes).words
    let count = bytes.withByteView { $0.load32(at: list) }
    #expect(count == 20)
    AccessListTests.expect(refused: false, bytes, count, at: list)
    for wrong: UInt32 in [1_000, 0x7fff_ffff, .max] {
      AccessListTests.expect(refused: true, bytes, wrong, at: list)
    }
    for place in 1...20 {
      AccessListTests.expect(refused: true, bytes, 20, at: list + place * 4)
      if place < 20 { AccessListTests.expect(refused: true, bytes, 19, at: list + place * 4) }
    }
  }

  @Test("a table is refused under another hash or size, and with a class in another's place")
  func damagedTable() throws {
    let bytes = try AccessListTests.snapshot()
    let (slot, words) = try AccessListTests.places(of: "few", bytes)
    let (head, extra) = bytes.withByteView { ($0.load32(at: slot + 4), $0.load16(at: slot + 6)) }
    let wordCount = 1 << Int(extra & 15)
    #expect(wordCount == 4)
    for size: UInt32 in [0, 5, 7, 8, 15] {
      let wrong = head & 0xffff | UInt32(extra & ~15) << 16 | size << 16
      AccessListTests.expect(refused: true, bytes, wrong, at: slot + 4)
    }
    for place in 0..<wordCount {
      let found = bytes.withByteView { $0.load32(at: words + place * 4) }
      AccessListTests.expect(refused: false, bytes, AccessList.nothing, at: words + place * 4)
      for wrong: UInt32 in [20, 1_000, .max - 1] {
        AccessListTests.expect(refused: true, bytes, wrong, at: words + place * 4)
      }
      // The classes of `w0` and `w1` have one place each.
      for other: UInt32 in 0..<2 where found != other {
        AccessListTests.expect(refused: true, bytes, other, at: words + place * 4)
      }
    }
  }
}
