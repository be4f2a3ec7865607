internal import CProtobufC
internal import CVerdictProto
public import VerdictModel

/// What every answer says about where it comes from.
public struct AnswerOrigin {
  /// 16 bytes.
  public var decisionID: ByteView
  /// 32 bytes, or empty.
  public var snapshotDigest: ByteView
  public var generation: UInt64

  public init(decisionID: ByteView, snapshotDigest: ByteView, generation: UInt64) {
    self.decisionID = decisionID
    self.snapshotDigest = snapshotDigest
    self.generation = generation
  }
}

/// A list of texts for a response, in the arena.
@safe
public struct ResponseTexts {
  let items: UnsafeMutablePointer<ProtobufCBinaryData>
  public private(set) var count = 0
  private let capacity: Int

  /// Room for so many texts, or nil where the arena is full.
  public init?(capacity: Int, in arena: borrowing MessageArena) {
    let byteCount = unsafe capacity * MemoryLayout<ProtobufCBinaryData>.stride
    guard let room = unsafe arena.allocate(byteCount: byteCount) else { return nil }
    // SAFETY: aligned to 16 and as large as asked for.
    unsafe items = room.bindMemory(to: ProtobufCBinaryData.self, capacity: capacity)
    self.capacity = capacity
  }

  /// Adds a text whose bytes live as long as the arena, or as the snapshot during the request.
  public mutating func append(_ text: ByteView) {
    precondition(count < capacity, "room for the text")
    // SAFETY: inside the room, by the check above.
    unsafe (items + count).initialize(to: text.binaryData)
    count += 1
  }

  public subscript(index: Int) -> ByteView {
    precondition(index >= 0 && index < count, "a text of the list")
    // SAFETY: initialised by `append`.
    return unsafe ByteView(items[index])
  }

  /// Sets a bit of a text that lies in the arena: bit `place % 8` of byte `place / 8`.
  public func setBit(_ place: Int, ofText index: Int) {
    precondition(index >= 0 && index < count, "a text of the list")
    // SAFETY: initialised by `append`, which took arena memory for bits; the byte is checked.
    let item = unsafe items[index]
    precondition(unsafe place >= 0 && place >> 3 < item.len, "a bit of the text")
    unsafe item.data[place >> 3] |= 1 << UInt8(truncatingIfNeeded: place & 7)
  }
}

/// The columns of an `AuthorizeResponse`.
public struct AuthorizeResponse {
  public var origin: AnswerOrigin
  /// One byte a check.
  public var effects: ByteView
  /// One byte a check.
  public var reasons: ByteView
  public var missing: MissingTerms?
  public var messages: ResponseTexts?

  /// A `MissingTerms`.
  public struct MissingTerms {
    public var permissions: ResponseTexts
    public var permissionOf: ByteView
    public var operands: ResponseTexts
    public var operandOf: ByteView

    public init(
      permissions: ResponseTexts, permissionOf: ByteView, operands: ResponseTexts,
      operandOf: ByteView
    ) {
      self.permissions = permissions
      self.permissionOf = permissionOf
      self.operands = operands
      self.operandOf = operandOf
    }
  }

  public init(
    origin: AnswerOrigin, effects: ByteView, reasons: ByteView, missing: MissingTerms? = nil,
    messages: ResponseTexts? = nil
  ) {
    self.origin = origin
    self.effects = effects
    self.reasons = reasons
    self.missing = missing
    self.messages = messages
  }

  /// Packs the message into memory that `reserve` hands out for so many bytes.
  public func pack(_ reserve: (Int) -> UnsafeMutableRawPointer) {
    var message = unsafe Verdict__V1__AuthorizeResponse()
    unsafe verdict__v1__authorize_response__init(&message)
    unsafe message.decision_id = origin.decisionID.binaryData
    unsafe message.snapshot_digest = origin.snapshotDigest.binaryData
    unsafe message.generation = origin.generation
    unsafe message.effects = effects.binaryData
    unsafe message.reasons = reasons.binaryData
    if let messages {
      unsafe message.n_messages = messages.count
      unsafe message.messages = messages.items
    }
    var terms = unsafe Verdict__V1__MissingTerms()
    unsafe verdict__v1__missing_terms__init(&terms)
    if let missing {
      unsafe terms.n_permissions = missing.permissions.count
      unsafe terms.permissions = missing.permissions.items
      unsafe terms.permission_of = missing.permissionOf.binaryData
      unsafe terms.n_operands = missing.operands.count
      unsafe terms.operands = missing.operands.items
      unsafe terms.operand_of = missing.operandOf.binaryData
    }
    // SAFETY: `terms` outlives the call; packing writes as many bytes as it said it would.
    unsafe withUnsafeMutablePointer(to: &terms) { terms in
      if missing != nil { unsafe message.missing = terms }
      let room = unsafe reserve(verdict__v1__authorize_response__get_packed_size(&message))
      unsafe _ = verdict__v1__authorize_response__pack(
        &message, room.assumingMemoryBound(to: UInt8.self))
    }
  }
}

/// A `CheckVisibilityResponse`.
public struct CheckVisibilityResponse {
  public var origin: AnswerOrigin
  public var visible: ResponseTexts
  public var reasons: ByteView

  public init(origin: AnswerOrigin, visible: ResponseTexts, reasons: ByteView) {
    self.origin = origin
    self.visible = visible
    self.reasons = reasons
  }

  /// Packs the message into memory that `reserve` hands out for so many bytes.
  public func pack(_ reserve: (Int) -> UnsafeMutableRawPointer) {
    var message = unsafe Verdict__V1__CheckVisibilityResponse()
    unsafe verdict__v1__check_visibility_response__init(&message)
    unsafe message.decision_id = origin.decisionID.binaryData
    unsafe message.snapshot_digest = origin.snapshotDigest.binaryData
    unsafe message.generation = origin.generation
    unsafe message.n_visible = visible.count
    unsafe message.visible = visible.items
    unsafe message.reasons = reasons.binaryData
    // SAFETY: packing writes as many bytes as it said it would.
    let room = unsafe reserve(verdict__v1__check_visibility_response__get_packed_size(&message))
    unsafe _ = verdict__v1__check_visibility_response__pack(
      &message, room.assumingMemoryBound(to: UInt8.self))
  }
}

extension ByteView {
  /// For C structures, which take mutable pointers and only read them here.
  var binaryData: ProtobufCBinaryData {
    // SAFETY: how long the bytes live is the view's own condition.
    unsafe ProtobufCBinaryData(
      len: count,
      data: UnsafeMutablePointer(mutating: buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)))
  }
}
