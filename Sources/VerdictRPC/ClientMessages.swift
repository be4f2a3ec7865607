internal import CProtobufC
internal import CVerdictProto
internal import VerdictModel

/// Why a server's reply can't be taken: it is not readable, or contradicts itself. Nothing of such
/// a reply may count as an answer.
public struct MalformedReply: Error, Equatable, CustomStringConvertible {
  /// What is wrong, as part of a sentence.
  public let message: String

  public init(_ message: String) { self.message = message }

  public var description: String { message }
}

/// What every reply says about where it comes from.
public struct ReplyOrigin: Sendable, Equatable {
  /// 16 bytes that name the answer in the server's logs.
  public let decisionID: [UInt8]
  /// SHA-256 of the snapshot that answered; empty where the organization is not loaded.
  public let snapshotDigest: [UInt8]
  /// The organization's generation: it grows whenever its policies change.
  public let generation: UInt64
}

/// The client's half of the messages: requests from values that own their memory, and replies into
/// such values. It allocates as it likes; the server's half is for views of a request's bytes.
enum ClientMessage {
  /// Packs a message that `body` builds in a fresh arena.
  ///
  /// - Returns: nil where the message doesn't fit into an arena, so that no server would take it.
  static func packed(_ body: (borrowing MessageArena) -> [UInt8]?) -> [UInt8]? {
    let arena = MessageArena()
    return body(arena)
  }

  /// An array that `fill` writes completely.
  static func bytes(
    count: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Void
  ) -> [UInt8] {
    // SAFETY: packing writes as many bytes as it said it would; none, where there are none.
    unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      if let base = buffer.baseAddress { unsafe fill(base) }
      initializedCount = count
    }
  }
}

extension MessageArena {
  /// A copy of a text as C structures hold bytes, or nil where the arena is full.
  borrowing func data(_ text: String) -> ProtobufCBinaryData? {
    // SAFETY: the copy lives as long as the arena.
    unsafe text.withByteView { copy($0) }.map { unsafe $0.binaryData }
  }

  borrowing func data(_ bytes: [UInt8]) -> ProtobufCBinaryData? {
    // SAFETY: the copy lives as long as the arena.
    unsafe bytes.withByteView { copy($0) }.map { unsafe $0.binaryData }
  }

  /// Copies of texts as a `repeated string`, or nil where the arena is full.
  borrowing func list(_ texts: [String]) -> UnsafeMutablePointer<ProtobufCBinaryData>? {
    let byteCount = unsafe texts.count * MemoryLayout<ProtobufCBinaryData>.stride
    guard let room = unsafe allocate(byteCount: byteCount) else { return nil }
    // SAFETY: aligned to 16 and as large as asked for; every element is initialised.
    let list = unsafe room.bindMemory(to: ProtobufCBinaryData.self, capacity: texts.count)
    for (index, text) in texts.enumerated() {
      guard let data = unsafe data(text) else { return nil }
      unsafe (list + index).initialize(to: data)
    }
    return unsafe list
  }

  /// Room for so many values, or nil where the arena is full.
  borrowing func room<Value>(_ type: Value.Type, count: Int) -> UnsafeMutablePointer<Value>? {
    // SAFETY: aligned to 16, which suits all C structures, and as large as asked for.
    unsafe allocate(byteCount: count * MemoryLayout<Value>.stride)?
      .bindMemory(to: type, capacity: count)
  }
}

// SAFETY of this extension: protobuf-c counted the bytes that it points at; they are copied.
extension ProtobufCBinaryData {
  /// A copy of the bytes.
  var array: [UInt8] { unsafe ByteView(self).array }

  /// The bytes as text; what is not UTF-8 is replaced.
  var text: String { unsafe ByteView(self).text }
}
