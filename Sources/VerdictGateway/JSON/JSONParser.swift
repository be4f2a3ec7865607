internal import VerdictModel
internal import VerdictRPC

/// Turns JSON into nodes. A loop with a stack of what is open; see `JSONBody` for what it refuses.
@safe
struct JSONParser {
  private typealias Node = JSONBody.Node

  private enum Expected {
    case value
    /// After `[`.
    case valueOrEnd
    case name
    /// After `{`.
    case nameOrEnd
    case commaOrEnd
    case nothing
  }

  private let bytes: ByteView
  private let nodes: UnsafeMutablePointer<JSONBody.Node>
  private let capacity: Int
  private(set) var count = 0
  private var index = 0
  private var open = InlineArray<32, Int32>(repeating: -1)
  private var depth = 0
  private var name = ByteView()

  @unsafe
  init(_ bytes: ByteView, _ nodes: UnsafeMutablePointer<JSONBody.Node>, capacity: Int) {
    self.bytes = bytes
    unsafe self.nodes = nodes
    self.capacity = capacity
  }

  /// Reads everything; false where something is wrong.
  mutating func run(_ names: inout NameTable, _ arena: borrowing MessageArena) -> Bool {
    var expected = Expected.value
    while true {
      skipSpace()
      guard index < bytes.count else { return expected == .nothing }
      let byte = bytes[index]
      switch expected {
      case .nothing:
        return false
      case .value, .valueOrEnd:
        if byte == UInt8(ascii: "]"), expected == .valueOrEnd {
          expected = close()
        } else {
          guard let next = value(byte, &names, arena) else { return false }
          expected = next
        }
      case .name, .nameOrEnd:
        if byte == UInt8(ascii: "}"), expected == .nameOrEnd {
          expected = close()
        } else {
          guard member(arena) else { return false }
          expected = .value
        }
      case .commaOrEnd:
        guard let next = separator(byte) else { return false }
        expected = next
      }
    }
  }

  private mutating func skipSpace() {
    while index < bytes.count {
      switch bytes[index] {
      case 0x20, 0x09, 0x0a, 0x0d: index &+= 1
      default: return
      }
    }
  }

  private var parent: Int32 { depth > 0 ? open[depth &- 1] : -1 }

  private var isInObject: Bool {
    // SAFETY: what is open is a node that is written.
    unsafe depth > 0 && nodes[Int(parent)].kind == .object
  }

  private mutating func close() -> Expected {
    index &+= 1
    depth &-= 1
    return depth == 0 ? .nothing : .commaOrEnd
  }

  private mutating func separator(_ byte: UInt8) -> Expected? {
    if byte == UInt8(ascii: ",") {
      index &+= 1
      return isInObject ? .name : .value
    }
    guard byte == (isInObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { return nil }
    return close()
  }

  /// A member's name and the colon.
  private mutating func member(_ arena: borrowing MessageArena) -> Bool {
    guard let name = text(arena) else { return false }
    skipSpace()
    guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { return false }
    index &+= 1
    self.name = name
    return true
  }

  private mutating func value(
    _ byte: UInt8, _ names: inout NameTable, _ arena: borrowing MessageArena
  ) -> Expected? {
    switch byte {
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard depth < GatewayLimits.bodyDepthMax else { return nil }
      let isObject = byte == UInt8(ascii: "{")
      index &+= 1
      guard let node = add(isObject ? .object : .list, ByteView(), &names) else { return nil }
      open[depth] = node
      depth &+= 1
      return isObject ? .nameOrEnd : .valueOrEnd
    case UInt8(ascii: "\""):
      // The name is the member's, and reading the text does not touch it.
      guard let text = text(arena), add(.text, text, &names) != nil else { return nil }
    default:
      guard let scalar = scalar() else { return nil }
      let isNull = scalar.count == 4 && scalar[0] == UInt8(ascii: "n")
      guard add(isNull ? .null : .scalar, scalar, &names) != nil else { return nil }
    }
    return depth == 0 ? .nothing : .commaOrEnd
  }

  /// Writes a node and hangs it into its parent; nil where the parent has its name already.
  private mutating func add(
    _ kind: JSONBody.Node.Kind, _ text: ByteView, _ names: inout NameTable
  ) -> Int32? {
    let isMember = isInObject
    let parent = parent
    precondition(count < capacity, "as many nodes as were counted")
    let number = Int32(count)
    // SAFETY: inside the room, by the check; the parent and its last child are written.
    unsafe (nodes + count).initialize(
      to: Node(kind: kind, parent: parent, name: isMember ? name : ByteView(), text: text))
    if isMember {
      guard unsafe names.insert(count, parent: parent, name, nodes) else { return nil }
    }
    count &+= 1
    guard parent >= 0 else { return number }
    let last = unsafe nodes[Int(parent)].last
    if last >= 0 {
      unsafe nodes[Int(last)].next = number
    } else {
      unsafe nodes[Int(parent)].first = number
    }
    unsafe nodes[Int(parent)].last = number
    return number
  }

  // MARK: Scalars

  /// A number, `true`, `false` or `null`.
  private mutating func scalar() -> ByteView? {
    let start = index
    while index < bytes.count, JSONParser.isScalarSign(bytes[index]) { index &+= 1 }
    let text = bytes[start..<index]
    if JSONParser.isWord(text, "true") || JSONParser.isWord(text, "false")
      || JSONParser.isWord(text, "null") || JSONParser.isNumber(text)
    {
      return text
    }
    return nil
  }

  private static func isScalarSign(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "E"):
      true
    default: false
    }
  }

  private static func isWord(_ text: ByteView, _ word: StaticString) -> Bool {
    // SAFETY: a static string's bytes live as long as the process.
    unsafe text == ByteView(base: word.utf8Start, count: word.utf8CodeUnitCount)
  }

  /// `-?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?`
  private static func isNumber(_ text: ByteView) -> Bool {
    var index = 0
    func digits() -> Int {
      let start = index
      while index < text.count, text[index] &- 48 < 10 { index += 1 }
      return index - start
    }
    if index < text.count, text[index] == UInt8(ascii: "-") { index += 1 }
    let hasZero = index < text.count && text[index] == UInt8(ascii: "0")
    let whole = digits()
    guard whole > 0, !hasZero || whole == 1 else { return false }
    if index < text.count, text[index] == UInt8(ascii: ".") {
      index += 1
      guard digits() > 0 else { return false }
    }
    if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      if index < text.count, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") {
        index += 1
      }
      guard digits() > 0 else { return false }
    }
    return index == text.count
  }

  // MARK: Texts

  /// A text in quotes: the bytes between them, or a copy with its escapes undone.
  private mutating func text(_ arena: borrowing MessageArena) -> ByteView? {
    guard bytes[index] == UInt8(ascii: "\"") else { return nil }
    index &+= 1
    let start = index
    var hasEscapes = false
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\"") {
        let raw = bytes[start..<index]
        index &+= 1
        return hasEscapes ? JSONEscapes.undone(raw, in: arena) : raw
      }
      guard byte >= 0x20 else { return nil }
      if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        index &+= 1
      }
      index &+= 1
    }
    return nil
  }
}

/// Escapes of JSON's texts.
enum JSONEscapes {
  /// A copy with every escape undone; nil where one is none, half a pair of surrogates, or a NUL.
  static func undone(_ raw: ByteView, in arena: borrowing MessageArena) -> ByteView? {
    guard let room = unsafe arena.allocate(byteCount: raw.count) else { return nil }
    let output = unsafe room.bindMemory(to: UInt8.self, capacity: raw.count)
    var count = 0
    var index = 0
    while index < raw.count {
      let byte = raw[index]
      index &+= 1
      // SAFETY of all stores: an escape is longer than what it stands for, so that no more bytes
      // come out than went in.
      guard byte == UInt8(ascii: "\\") else {
        unsafe output[count] = byte
        count &+= 1
        continue
      }
      guard index < raw.count else { return nil }
      let sign = raw[index]
      index &+= 1
      if sign == UInt8(ascii: "u") {
        guard let scalar = scalar(raw, &index) else { return nil }
        for unit in scalar.utf8 {
          unsafe output[count] = unit
          count &+= 1
        }
        continue
      }
      guard let plain = plain(sign) else { return nil }
      unsafe output[count] = plain
      count &+= 1
    }
    return unsafe ByteView(base: output, count: count)
  }

  private static func plain(_ sign: UInt8) -> UInt8? {
    switch sign {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): sign
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0c
    case UInt8(ascii: "n"): 0x0a
    case UInt8(ascii: "r"): 0x0d
    case UInt8(ascii: "t"): 0x09
    default: nil
    }
  }

  /// The scalar of one `\u` escape whose digits begin at `index`, or of a pair of surrogates; nil
  /// for a NUL, too, where some readers end the text.
  private static func scalar(_ raw: ByteView, _ index: inout Int) -> Unicode.Scalar? {
    guard let first = unit(raw, &index), first > 0 else { return nil }
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard (0xd800..<0xdc00).contains(first), raw.count - index >= 2,
      raw[index] == UInt8(ascii: "\\"), raw[index + 1] == UInt8(ascii: "u")
    else { return nil }
    index += 2
    guard let second = unit(raw, &index), (0xdc00..<0xe000).contains(second) else { return nil }
    return Unicode.Scalar(0x10000 + (UInt32(first) - 0xd800) << 10 + UInt32(second) - 0xdc00)
  }

  private static func unit(_ raw: ByteView, _ index: inout Int) -> UInt16? {
    guard raw.count - index >= 4 else { return nil }
    var unit: UInt16 = 0
    for place in index..<index + 4 {
      let digit: UInt8
      switch raw[place] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = raw[place] - 48
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = raw[place] - 87
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = raw[place] - 55
      default: return nil
      }
      unit = unit << 4 | UInt16(digit)
    }
    index += 4
    return unit
  }
}
