public import VerdictModel

/// Pairs of texts in the arena: headers, context extensions, metadata.
@safe
public struct TextPairs {
  /// One of them.
  public struct Pair {
    public let name: ByteView
    public let value: ByteView

    public init(name: ByteView, value: ByteView) {
      self.name = name
      self.value = value
    }
  }

  private let items: UnsafeMutablePointer<Pair>?
  public private(set) var count = 0
  private let capacity: Int

  /// No pairs.
  public init() {
    unsafe items = nil
    capacity = 0
  }

  /// Room for so many pairs, or nil where the arena is full.
  public init?(capacity: Int, in arena: borrowing MessageArena) {
    guard let room = unsafe arena.allocate(byteCount: capacity * MemoryLayout<Pair>.stride) else {
      return nil
    }
    // SAFETY: aligned to 16 and as large as asked for.
    unsafe items = room.bindMemory(to: Pair.self, capacity: capacity)
    self.capacity = capacity
  }

  public mutating func append(_ pair: Pair) {
    guard count < capacity, let items = unsafe items else {
      preconditionFailure("room for the pair")
    }
    // SAFETY: inside the room, by the check.
    unsafe (items + count).initialize(to: pair)
    count += 1
  }

  public subscript(index: Int) -> Pair {
    guard index >= 0, index < count, let items = unsafe items else {
      preconditionFailure("a pair of the list")
    }
    // SAFETY: initialised by `append`.
    return unsafe items[index]
  }

  /// What a name stands for. Complexity: linear.
  public enum Finding {
    case absent
    case once(ByteView)
    /// Twice or more.
    case repeated
  }

  public func find(_ name: ByteView) -> Finding {
    var found = -1
    for index in 0..<count where self[index].name == name {
      guard found < 0 else { return .repeated }
      found = index
    }
    return found < 0 ? .absent : .once(self[found].value)
  }

  public func find(_ name: StaticString) -> Finding {
    // SAFETY: a static string's bytes live as long as the process.
    find(unsafe ByteView(base: name.utf8Start, count: name.utf8CodeUnitCount))
  }
}
