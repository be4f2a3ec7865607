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
    let missingByteCount = missing?.byteCount ?? 0
    let byteCount =
      origin.byteCount + FieldWriter.byteCount(of: effects) + FieldWriter.byteCount(of: reasons)
      + (missing == nil ? 0 : FieldWriter.byteCount(ofFieldOf: missingByteCount))
      + FieldWriter.byteCount(of: messages)
    // SAFETY: the sum is that of all that is written.
    var writer = unsafe FieldWriter(at: reserve(byteCount))
    origin.write(to: &writer)
    writer.write(4, effects)
    writer.write(5, reasons)
    if let missing {
      writer.writeHead(6, byteCount: missingByteCount)
      missing.write(to: &writer)
    }
    writer.write(7, messages)
  }
}

extension AuthorizeResponse.MissingTerms {
  fileprivate var byteCount: Int {
    FieldWriter.byteCount(of: permissions) + FieldWriter.byteCount(of: permissionOf)
      + FieldWriter.byteCount(of: operands) + FieldWriter.byteCount(of: operandOf)
  }

  fileprivate func write(to writer: inout FieldWriter) {
    writer.write(1, permissions)
    writer.write(2, permissionOf)
    writer.write(3, operands)
    writer.write(4, operandOf)
  }
}

extension AnswerOrigin {
  fileprivate var byteCount: Int {
    FieldWriter.byteCount(of: decisionID) + FieldWriter.byteCount(of: snapshotDigest)
      + FieldWriter.byteCount(of: generation)
  }

  /// The first three fields of both answers.
  fileprivate func write(to writer: inout FieldWriter) {
    writer.write(1, decisionID)
    writer.write(2, snapshotDigest)
    writer.write(3, generation)
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
    let byteCount =
      origin.byteCount + FieldWriter.byteCount(of: visible) + FieldWriter.byteCount(of: reasons)
    // SAFETY: the sum is that of all that is written.
    var writer = unsafe FieldWriter(at: reserve(byteCount))
    origin.write(to: &writer)
    writer.write(4, visible)
    writer.write(5, reasons)
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
