package import VerdictModel
package import VerdictRPC

/// A request's body as JSON, read once: its values in one array in the arena.
///
/// Strict, because somebody behind the gateway reads the same bytes: UTF-8 without NUL, one value
/// and nothing after it, no name twice in one object (by what it means, not by how it is escaped),
/// no half surrogates. Names that differ in case alone are two, unless a route looks for one of
/// them (`distinctMember`). Bounded by `GatewayLimits`, and without recursion.
@safe
package struct JSONBody {
  package struct Node {
    package enum Kind: UInt8 { case object, list, text, scalar, null }

    package let kind: Kind
    /// Index of the object or list around it; the root's is its own.
    let parent: Int32
    /// The next value of the same parent, or -1.
    var next: Int32 = -1
    /// The first and the last value in it, or -1.
    var first: Int32 = -1
    var last: Int32 = -1
    /// The member's name, escapes undone.
    let name: ByteView
    /// Of a text, escapes undone; of a number, `true` or `false` as written.
    package let text: ByteView
  }

  let nodes: UnsafeMutablePointer<Node>
  private(set) var count: Int

  /// Reads a body; nil where it is not as above.
  ///
  /// - Parameter seed: makes the places of names in the look-up for duplicates unforeseeable.
  package init?(_ bytes: ByteView, seed: UInt64, in arena: borrowing MessageArena) {
    guard bytes.count <= GatewayLimits.bodyByteCountMax, Identifier.isText(bytes) else {
      return nil
    }
    let most = JSONBody.valueCountMost(bytes)
    guard most <= GatewayLimits.bodyValueCountMax,
      let room = unsafe arena.allocate(byteCount: most * MemoryLayout<Node>.stride),
      var names = NameTable(capacity: most, seed: seed, in: arena)
    else { return nil }
    // SAFETY: room for as many nodes as there can be.
    unsafe nodes = room.bindMemory(to: Node.self, capacity: most)
    var parser = unsafe JSONParser(bytes, nodes, capacity: most)
    guard parser.run(&names, arena) else { return nil }
    count = parser.count
  }

  /// An upper bound of how many values there are: each but the first follows a sign.
  private static func valueCountMost(_ bytes: ByteView) -> Int {
    var count = 1
    var isInText = false
    var index = 0
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\""): isInText.toggle()
      case UInt8(ascii: "\\") where isInText: index += 1
      case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "{"): count += isInText ? 0 : 1
      default: break
      }
      index += 1
    }
    return count
  }

  package subscript(index: Int) -> Node {
    precondition(index >= 0 && index < count, "a value of the body")
    // SAFETY: the parser has written all of them.
    return unsafe nodes[index]
  }

  /// The member of an object, or -1. Complexity: linear in its members.
  package func member(_ name: ByteView, of node: Int) -> Int {
    guard self[node].kind == .object else { return -1 }
    var child = Int(self[node].first)
    while child >= 0 {
      if self[child].name == name { return child }
      child = Int(self[child].next)
    }
    return -1
  }

  /// The member of an object, or -1; nil where the object has the name in other cases as well, or
  /// instead: some readers take that for the name, and of two the last.
  ///
  /// - Parameter name: in ASCII.
  /// Complexity: linear in its members.
  func distinctMember(_ name: ByteView, of node: Int) -> Int? {
    guard self[node].kind == .object else { return -1 }
    var found = -1
    var child = Int(self[node].first)
    while child >= 0 {
      if self[child].name == name {
        found = child
      } else if LetterCase.isAlike(self[child].name, name) {
        return nil
      }
      child = Int(self[child].next)
    }
    return found
  }
}

/// Texts that are alike to whoever doesn't tell upper from lower case.
enum LetterCase {
  /// - Parameter word: in ASCII, two letters of which have a third form in Unicode's case folding:
  ///   U+017F is an `s`, and U+212A a `k`.
  static func isAlike(_ text: ByteView, _ word: ByteView) -> Bool {
    var place = 0
    for index in 0..<word.count {
      guard place < text.count else { return false }
      let letter = lower(word[index])
      if lower(text[place]) == letter {
        place += 1
      } else if letter == UInt8(ascii: "s"), has(text, 0xc5, 0xbf, at: place) {
        place += 2
      } else if letter == UInt8(ascii: "k"), text[place] == 0xe2,
        has(text, 0x84, 0xaa, at: place + 1)
      {
        place += 3
      } else {
        return false
      }
    }
    return place == text.count
  }

  private static func has(_ text: ByteView, _ first: UInt8, _ second: UInt8, at place: Int) -> Bool
  {
    text.count - place >= 2 && text[place] == first && text[place + 1] == second
  }

  @inline(__always)
  private static func lower(_ byte: UInt8) -> UInt8 {
    byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
  }
}

/// Finds names that an object has twice, in constant time each.
@safe
struct NameTable {
  private let slots: UnsafeMutablePointer<Int32>
  private let mask: Int
  private let seed: UInt64

  init?(capacity: Int, seed: UInt64, in arena: borrowing MessageArena) {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    guard let room = unsafe arena.allocate(byteCount: size * 4) else { return nil }
    // SAFETY: as large as asked for, and all of it initialised.
    unsafe slots = room.bindMemory(to: Int32.self, capacity: size)
    unsafe slots.initialize(repeating: -1, count: size)
    mask = size - 1
    self.seed = seed
  }

  /// Adds the name of a node; false if its parent has that name already.
  mutating func insert(
    _ node: Int, parent: Int32, _ name: ByteView, _ nodes: UnsafeMutablePointer<JSONBody.Node>
  ) -> Bool {
    var slot = hash(parent, name) & mask
    // SAFETY: slots hold numbers of nodes that are written; half of the slots stay empty.
    while unsafe slots[slot] >= 0 {
      let other = unsafe nodes[Int(slots[slot])]
      if other.parent == parent, other.name == name { return false }
      slot = (slot &+ 1) & mask
    }
    unsafe slots[slot] = Int32(node)
    return true
  }

  private func hash(_ parent: Int32, _ name: ByteView) -> Int {
    var hash = seed ^ (UInt64(UInt32(bitPattern: parent)) &* 0x9e37_79b9_7f4a_7c15)
    for index in 0..<name.count {
      let product = (hash ^ UInt64(name[index])).multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
      hash = product.high ^ product.low &+ seed
    }
    return Int(truncatingIfNeeded: hash >> 1)
  }
}
