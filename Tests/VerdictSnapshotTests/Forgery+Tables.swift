import Testing
import VerdictModel

@testable import VerdictSnapshot

extension Forgery {
  static let ofRights: [Forgery] = [
    Forgery(.policies, "classes: the length") {
      $0.pad(.classes, to: $0.count(of: .classes) + 1)
    },
    Forgery(.policies, "class starts: the number") { $0[.classStarts] = [] },
    Forgery(.policies, "class starts: the number") { $0.pad(.classStarts, to: 65_537) },
    Forgery(.policies, "class starts: the order") { $0[.classStarts, 0] = 1 },
    Forgery(.policies, "class starts: the order") { $0[.classStarts, 1] = 1_000 },
    Forgery(.policies, "class starts: the end") {
      $0[.classStarts, $0.count(of: .classStarts) - 1] += 1
    },
    Forgery(.policies, "class starts: the end") {
      $0[.classStarts, $0.count(of: .classStarts) - 1] -= 1
    },
    Forgery(.policies, "class N: an unknown flag") { $0[.classes, 0] = 2 },
    Forgery(.policies, "class N: a cell of an administrator") {
      $0[.classes, 1] = CellWord.administers
    },
    Forgery(.policies, "class N: a cell of an administrator") {
      $0[.classes, 0] ^= ClassFlag.administers
    },
    Forgery(.policies, "class N: the kind of a scope") { $0[.classes, 1] = 4 },
    Forgery(.policies, "class N: the kind of a scope") { $0[.classes, 1] = 9 },
    Forgery(.policies, "class N: a scope's place") {
      $0[.classes, 1] = UInt32($0.count(of: .scopes)) << 2 | 2
    },
    Forgery(.policies, "scopes N: the head") {
      $0[.classes, 1] = UInt32($0.count(of: .scopes) - 1) << 2 | 2
    },
    Forgery(.policies, "scopes N: the length") { $0.addScope([2, 0, 1]) },
    Forgery(.policies, "scopes N: the length") { $0.addScope([0xffff_ffff, 0, 1]) },
    Forgery(.policies, "scopes N: the second word") { $0.addScope([1, 1, 1]) },
    Forgery(.policies, "scopes N: the order") { $0.addScope([2, 0, 5, 5]) },
    Forgery(.policies, "scopes N: the order") { $0.addScope([3, 0, 5, 7, 6]) },
  ]

  static let ofTables: [Forgery] =
    [
      Forgery(.policies, "workspaces: the number") {
        let last = $0[.classStarts, $0.count(of: .classStarts) - 1]
        $0[.classStarts].append(integer: last)
      },
      Forgery(.policies, "names: the head") { $0[.names].removeLast($0[.names].count - 63) },
      Forgery(.policies, "names: the sizes") { $0[.names].store(UInt32(0), at: 0) },
      Forgery(.policies, "names: the sizes") { $0[.names].store(UInt32(1) << 30, at: 0) },
      Forgery(.policies, "names: the sizes") { $0[.names].store(UInt32(0), at: 4) },
      Forgery(.policies, "names: the sizes") { $0[.names].store(UInt32(17), at: 8) },
      Forgery(.policies, "names: the sizes") { $0[.names].store(UInt32(9_999), at: 12) },
      Forgery(.policies, "names: the sizes") { $0[.names][24] ^= 1 },
      Forgery(.policies, "names: the sizes") { $0[.names][32] ^= 64 },
      Forgery(.lists, "principals: the empty slot N") {
        let place = $0.place(.principals, slot: $0.emptySlot(.principals))
        $0[.principals][place] = 1
      },
      Forgery(.policies, "names: the number of entries") {
        $0[.names].store(UInt32($0[.names].withByteView { $0.load32(at: 12) }) - 1, at: 12)
      },
      Forgery(.policies, "resources: a long key's place") {
        let place = $0.place(.resources, slot: try $0.longSlot())
        $0[.resources].store(UInt64(1_000), at: place + 8)
      },
      Forgery(.policies, "resources: a long key's place") {
        let place = $0.place(.resources, slot: try $0.longSlot())
        $0[.resources].store(UInt64.max, at: place + 8)
      },
      Forgery(.policies, "resources: a key in the wrong slot") {
        let place = $0.place(.resources, slot: try $0.longSlot())
        $0[.resources][place + 16] ^= 1
      },
      Forgery(.policies, "workspaces: a key in the wrong slot") {
        try $0.swapSlots(.workspaces, "prod", "dev")
      },
      // The only key of its table is in the right slot under any tag.
      Forgery(.policies, "connections: a key in the wrong slot") {
        let place = $0.place(.connections, slot: try $0.slot(.connections, tag: 0, "C1"))
        $0[.connections][place + 4] = KeyTable.unusedTag
      },
      Forgery(.policies, "names: a key that is not text") {
        $0.add(.names, tag: 1, [0xff], value: 0)
      },
    ] + ofValues

  private static let ofValues: [Forgery] = [
    Forgery(.policies, "names: the value in slot N") {
      try $0.setValue(.names, tag: 0, "edit", UInt32($0.count(of: .actions)))
    },
    Forgery(.policies, "names: the value in slot N") {
      try $0.setValue(.names, tag: 1, "destination", UInt32($0.count(of: .types)))
    },
    Forgery(.policies, "names: the value in slot N") { $0.add(.names, tag: 2, [97], value: 0) },
    Forgery(.policies, "workspaces: the value in slot N") {
      try $0.setValue(.workspaces, tag: 0, "prod", 2)
    },
    Forgery(.policies, "resources: the value in slot N") {
      let place = $0.place(.resources, slot: try $0.source())
      $0[.resources].store(ResourceValue.linked | 1_000, at: place)
    },
    Forgery(.policies, "resources: the value in slot N") {
      let place = $0.place(.resources, slot: try $0.source())
      $0[.resources].store(UInt16(2), at: place + 6)
    },
    Forgery(.policies, "connections: the value in slot N") {
      try $0.setValue(.connections, tag: 0, "C1", 1)
    },
    Forgery(.policies, "secrets: the value in slot N") {
      let digest = [UInt8](repeating: 0xab, count: 32)
      let slot = $0[.secrets].withByteView { section in
        digest.withByteView { KeyTable(trusting: section).find(tag: 0, $0).number }
      }
      $0[.secrets].store(UInt32(1), at: $0.place(.secrets, slot: slot))
    },
    Forgery(.policies, "secrets: the value in slot N") {
      $0.add(.secrets, tag: 0, [97], value: 0)
    },
    Forgery(.policies, "secret N: the token") { $0[.secretHolders, 0] = 1_000 },
    Forgery(.lists, "secret N: the token") {
      $0.pad(.secretHolders, to: 1)
      $0[.secretHolders, 0] = UInt32($0.emptySlot(.principals))
    },
    Forgery(.policies, "secret N: the token") {
      $0[.secretHolders, 0] = UInt32(try $0.slot(.principals, tag: 0, "mia"))
    },
    Forgery.ofPrincipal("adam", tag: 0) { $0 | PrincipalValue.oneClass << 30 },
    // A rank, a form and a class that no principal has; a token's workspace; a token's table.
    Forgery.ofPrincipal("max", tag: 0) { $0 | 3 << PrincipalValue.rankShift },
    Forgery.ofPrincipal("max", tag: 0) { _ in PrincipalValue.oneClass << 30 | 1_000 },
    Forgery.ofPrincipal("max", tag: 0) { _ in PrincipalValue.classList << 30 | 1_000 },
    Forgery.ofPrincipal("ci", tag: 1) { _ in PrincipalValue.classTable << 30 },
    Forgery.ofPrincipal("ci", tag: 1) { _ in PrincipalValue.classList << 30 },
    Forgery(.policies, "principals: the value in slot N") {
      let place = $0.place(.principals, slot: try $0.slot(.principals, tag: 1, "ci"))
      $0[.principals].store(UInt16(2), at: place + 6)
    },
    Forgery(.policies, "principals: the value in slot N") {
      $0.add(.principals, tag: 3, [97], value: 0)
    },
    Forgery(.policies, "access table N: the size") {
      let place = $0.place(.principals, slot: try $0.slot(.principals, tag: 0, "max"))
      $0[.principals][place + 6] = $0[.principals][place + 6] & 0xf0 | 8
    },
    Forgery(.policies, "access table N: a class") { $0[.accessLists, 0] ^= 1 },
    Forgery(.lists, "access list N: the length") { $0[.accessLists, try $0.list()] = 1_000 },
    Forgery(.lists, "access list N: a class") {
      $0[.accessLists, try $0.list() + 20] = $0[.classStarts, 20]
    },
    Forgery(.lists, "access list N: the order") {
      let list = try $0.list()
      $0[.accessLists, list + 2] = $0[.accessLists, list + 1]
    },
  ]

  /// A principal whose slot has another value.
  private static func ofPrincipal(
    _ id: String, tag: UInt8, _ change: @escaping @Sendable (UInt32) -> UInt32
  ) -> Forgery {
    Forgery(.policies, "principals: the value in slot N") { writer in
      let place = writer.place(.principals, slot: try writer.slot(.principals, tag: tag, id))
      let value = writer[.principals].withByteView { $0.load32(at: place) }
      writer[.principals].store(change(value), at: place)
    }
  }

  static let ofLinks: [Forgery] = [
    Forgery(.policies, "linked resource N: first link") { $0[.linkedResources, 0, 4] = 1 },
    Forgery(.policies, "linked resource N: number of links") { $0[.linkedResources, 0, 8] = 99 },
    Forgery(.policies, "links: the number") { $0.pad(.links, to: $0.count(of: .links) + 1) },
    Forgery(.policies, "link N: the relation") {
      $0[.links, 0] = UInt32($0.count(of: .relations))
    },
    Forgery(.policies, "link N: the resource") { $0[.links, 0, 4] = 1_000 },
    Forgery(.policies, "link N: the resource") {
      // One of another type than the relation leads to.
      $0[.links, 0, 4] = UInt32(try $0.source())
    },
    Forgery(.policies, "connection N: an end") { $0[.connectionEnds, 0] = 1_000 },
    Forgery(.policies, "connection N: an end") { $0[.connectionEnds, 0, 4] = 1_000 },
    Forgery(.policies, "display name N: the resource") { $0[.displayNames, 0] = 1_000 },
    Forgery(.policies, "display name N: the resource") {
      $0[.displayNames] += $0[.displayNames]
    },
    Forgery(.policies, "display name N: the place") { $0[.displayNames, 0, 8] = 1_000 },
    Forgery(.policies, "display name N: not text") { $0[.displayTexts][0] = 0xff },
  ]
}

extension SnapshotWriter {
  /// Makes a scope the last of its section, and one of the first class.
  fileprivate mutating func addScope(_ words: [UInt32]) {
    self[.classes, 1] = UInt32(count(of: .scopes)) << 2 | 2
    for word in words { self[.scopes].append(integer: word) }
  }

  fileprivate func longSlot() throws -> Int {
    let id = "a-destination-with-an-id-of-more-than-fifty-six-bytes-in-all"
    return try slot(.resources, tag: UInt8(try type("destination")), id)
  }

  /// The slot of a source without links.
  func source() throws -> Int {
    try slot(.resources, tag: UInt8(try type("event_stream_source")), "S1")
  }

  /// The number of a type of resources.
  fileprivate func type(_ name: String) throws -> UInt32 {
    let place = place(.names, slot: try slot(.names, tag: 1, name))
    return self[.names].withByteView { $0.load32(at: place) }
  }

  fileprivate mutating func setValue(
    _ kind: SectionKind, tag: UInt8, _ key: String, _ value: UInt32
  ) throws {
    let place = place(kind, slot: try slot(kind, tag: tag, key))
    self[kind].store(value, at: place)
  }

  /// Each of two keys in the other's slot.
  fileprivate mutating func swapSlots(_ kind: SectionKind, _ one: String, _ other: String) throws {
    let places = (
      place(kind, slot: try slot(kind, tag: 0, one)),
      place(kind, slot: try slot(kind, tag: 0, other))
    )
    let stride = 8 + self[kind].withByteView { Int($0.load32(at: 8)) }
    for byte in 0..<stride { self[kind].swapAt(places.0 + byte, places.1 + byte) }
  }

  /// Where the words of the user with a list of classes begin.
  fileprivate func list() throws -> Int {
    let place = place(.principals, slot: try slot(.principals, tag: 0, "many"))
    return Int(self[.principals].withByteView { $0.load32(at: place) } & PrincipalValue.numberMax)
  }
}
