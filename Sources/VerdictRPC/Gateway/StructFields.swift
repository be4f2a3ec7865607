public import VerdictModel

/// Reads a `google.protobuf.Struct` from its bytes along one path, without recursion: what is not
/// on the path is passed over by its length, however deep it is.
public struct StructFields {
  private let bytes: ByteView

  public init(_ bytes: ByteView) { self.bytes = bytes }

  /// What a member is, as far as anybody here asks.
  public enum Member {
    case absent
    case text(ByteView)
    case fields(StructFields)
    case number
    /// Something else, or a member that comes twice, or bytes that are no struct.
    case other
  }

  /// Fields that one look-up passes over. One more, and nothing is found.
  static var fieldCountMax: Int { 4_096 }

  /// The member of a name. Complexity: linear in the struct's own fields.
  public func member(_ name: ByteView) -> Member {
    var reader = WireReader(bytes)
    var found: ByteView?
    for _ in 0..<StructFields.fieldCountMax {
      guard let field = reader.next() else {
        guard reader.isAtEnd else { return .other }
        return found.map { StructFields.value($0) } ?? .absent
      }
      guard field.number == 1, field.isBytes else { continue }
      guard let entry = MapEntry(field.bytes) else { return .other }
      if entry.key == name {
        guard found == nil else { return .other }
        found = entry.value
      }
    }
    return .other
  }

  /// The one field of a `google.protobuf.Value`.
  private static func value(_ bytes: ByteView) -> Member {
    var reader = WireReader(bytes)
    guard let field = reader.next(), reader.isAtEnd else { return .other }
    switch (field.number, field.isBytes) {
    case (2, false): return .number
    case (3, true): return .text(field.bytes)
    case (5, true): return .fields(StructFields(field.bytes))
    default: return .other
    }
  }
}

/// Key and value of an entry of a map whose both are bytes on the wire.
struct MapEntry {
  private(set) var key = ByteView()
  private(set) var value = ByteView()

  /// Reads an entry; nil where it is malformed.
  init?(_ bytes: ByteView) {
    // The key and then the value, as everybody writes them.
    var short = FieldReader(bytes)
    if !short.isAtEnd, short.tag() == 1 << 3 | 2, let key = short.field(), !short.isAtEnd,
      short.tag() == 2 << 3 | 2, let value = short.field(), short.isAtEnd
    {
      self.key = key
      self.value = value
      return
    }
    var reader = WireReader(bytes)
    while let field = reader.next() {
      guard field.isBytes else { continue }
      if field.number == 1 { key = field.bytes }
      if field.number == 2 { value = field.bytes }
    }
    guard reader.isAtEnd else { return nil }
  }
}

/// The fields of a message, one after the other.
struct WireReader {
  struct Field {
    let number: UInt64
    let isBytes: Bool
    /// Of a field that is bytes.
    let bytes: ByteView
  }

  private let bytes: ByteView
  private var index = 0

  init(_ bytes: ByteView) { self.bytes = bytes }

  /// Whether every byte was read: a reader that stopped elsewhere has met something malformed.
  var isAtEnd: Bool { index == bytes.count }

  mutating func next() -> Field? {
    let start = index
    guard index < bytes.count, let tag = varint() else { return stop(at: start) }
    let number = tag >> 3
    guard number > 0 else { return stop(at: start) }
    switch tag & 7 {
    case 0:
      guard varint() != nil else { return stop(at: start) }
      return Field(number: number, isBytes: false, bytes: ByteView())
    case 1, 5:
      let length = tag & 7 == 1 ? 8 : 4
      guard bytes.count - index >= length else { return stop(at: start) }
      index += length
      return Field(number: number, isBytes: false, bytes: ByteView())
    case 2:
      guard let length = varint(), length <= UInt64(bytes.count - index) else {
        return stop(at: start)
      }
      let content = bytes[index..<index + Int(length)]
      index += Int(length)
      return Field(number: number, isBytes: true, bytes: content)
    default:
      return stop(at: start)
    }
  }

  /// Nothing more: at the end, or at something malformed, of which at least one byte stays unread.
  private mutating func stop(at start: Int) -> Field? {
    index = start
    return nil
  }

  private mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: 0, to: 64, by: 7) {
      guard index < bytes.count else { return nil }
      let byte = bytes[index]
      index += 1
      value |= UInt64(byte & 0x7f) << UInt64(shift)
      if byte < 0x80 { return value }
    }
    return nil
  }
}

/// Writes a `google.protobuf.Struct` of texts into memory with a bound.
@safe
public struct StructWriter {
  private let base: UnsafeMutablePointer<UInt8>
  private let capacity: Int
  private var count = 0

  /// Room for so many bytes, or nil where the arena is full.
  public init?(capacity: Int, in arena: borrowing MessageArena) {
    guard let room = unsafe arena.allocate(byteCount: capacity) else { return nil }
    // SAFETY: as large as asked for.
    unsafe base = room.bindMemory(to: UInt8.self, capacity: capacity)
    self.capacity = capacity
  }

  /// The struct so far.
  public var bytes: ByteView { unsafe ByteView(base: base, count: count) }

  /// Adds a member, unless there is no room for it.
  public mutating func add(_ name: StaticString, _ text: ByteView) {
    // SAFETY: a static string's bytes live as long as the process.
    let name = unsafe ByteView(base: name.utf8Start, count: name.utf8CodeUnitCount)
    let value = 1 + StructWriter.size(text.count) + text.count
    let entry =
      1 + StructWriter.size(name.count) + name.count + 1 + StructWriter.size(value) + value
    guard capacity - count >= 1 + StructWriter.size(entry) + entry else { return }
    put(0x0a)
    put(varint: entry)
    put(0x0a)
    put(varint: name.count)
    put(name)
    put(0x12)
    put(varint: value)
    put(0x1a)
    put(varint: text.count)
    put(text)
  }

  private static func size(_ count: Int) -> Int {
    count < 1 << 7 ? 1 : count < 1 << 14 ? 2 : count < 1 << 21 ? 3 : 4
  }

  private mutating func put(_ byte: UInt8) {
    precondition(count < capacity, "room for the member")
    // SAFETY: inside the room.
    unsafe base[count] = byte
    count += 1
  }

  private mutating func put(varint value: Int) {
    var rest = value
    while rest >= 0x80 {
      put(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    put(UInt8(rest))
  }

  private mutating func put(_ text: ByteView) {
    guard !text.isEmpty, let source = unsafe text.buffer.baseAddress else { return }
    precondition(capacity - count >= text.count, "room for the member")
    // SAFETY: inside the room.
    unsafe UnsafeMutableRawPointer(base + count).copyMemory(
      from: source, byteCount: text.count)
    count += text.count
  }
}
