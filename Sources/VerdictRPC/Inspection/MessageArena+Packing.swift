internal import CProtobufC
internal import CVerdictProto
internal import VerdictModel

/// The arena has no room left for a reply.
struct ArenaFull: Error {}

/// Building replies of many small messages. Asked for rarely: nothing here is hot.
extension MessageArena {
  /// Room for a message, which the caller initialises.
  borrowing func message<Message>(
    _ type: Message.Type
  ) throws(ArenaFull) -> UnsafeMutablePointer<Message> {
    guard let room = unsafe room(type, count: 1) else { throw ArenaFull() }
    return unsafe room
  }

  borrowing func text(_ text: String) throws(ArenaFull) -> ProtobufCBinaryData {
    guard let data = unsafe data(text) else { throw ArenaFull() }
    return unsafe data
  }

  borrowing func texts(
    _ texts: [String]
  ) throws(ArenaFull) -> UnsafeMutablePointer<ProtobufCBinaryData> {
    guard let list = unsafe list(texts) else { throw ArenaFull() }
    return unsafe list
  }

  /// A `repeated` message: one for each value.
  borrowing func messages<Value, Message>(
    _ values: [Value],
    _ pack: (Value, borrowing MessageArena) throws(ArenaFull) -> UnsafeMutablePointer<Message>
  ) throws(ArenaFull) -> UnsafeMutablePointer<UnsafeMutablePointer<Message>?> {
    guard
      let list = unsafe room(UnsafeMutablePointer<Message>?.self, count: values.count)
    else { throw ArenaFull() }
    for (index, value) in values.enumerated() {
      // SAFETY: room for as many pointers as there are values.
      unsafe (list + index).initialize(to: try pack(value, self))
    }
    return unsafe list
  }
}

/// A reply's bytes, or nil where it doesn't fit into an arena.
func packedReply(_ body: (borrowing MessageArena) throws(ArenaFull) -> [UInt8]) -> [UInt8]? {
  let arena = MessageArena()
  do throws(ArenaFull) {
    return try body(arena)
  } catch {
    return nil
  }
}

/// Where an inspection's answer comes from.
public struct InspectionOrigin: Sendable, Equatable {
  /// SHA-256 of the snapshot; empty where the organization is not loaded.
  public var snapshotDigest: [UInt8]
  public var generation: UInt64

  public init(snapshotDigest: [UInt8] = [], generation: UInt64 = 0) {
    self.snapshotDigest = snapshotDigest
    self.generation = generation
  }

  func digest(_ arena: borrowing MessageArena) throws(ArenaFull) -> ProtobufCBinaryData {
    // SAFETY: of the arena, like all else of the reply.
    guard let data = unsafe arena.data(snapshotDigest) else { throw ArenaFull() }
    return unsafe data
  }
}
