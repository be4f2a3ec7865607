internal import CProtobufC
internal import CVerdictProto
internal import VerdictModel

/// The short way for the requests that gateways and services send: plain checks or columns, nothing
/// unknown.
///
/// protobuf-c scans a message into a list of members and then goes through descriptors, fifteen
/// hundred instructions for one check; this takes a third. It refuses whatever it was not made for
/// (unknown fields, other wire types, messages in two parts, faults), and protobuf-c then says what
/// that is, so that only one reader decides what is malformed. A test compares the two.
extension AuthorizeRequest {
  private enum Tag {
    static let organization: UInt8 = 1 << 3 | 2
    static let principal: UInt8 = 2 << 3 | 2
    static let workspace: UInt8 = 3 << 3 | 2
    static let check: UInt8 = 4 << 3 | 2
    static let columns: UInt8 = 5 << 3 | 2
    static let wantsMessages: UInt8 = 6 << 3
    static let generationMin: UInt8 = 7 << 3
  }

  /// The message as protobuf-c would unpack it, or nil: not for this reader, or the arena is full.
  static func plain(
    _ bytes: ByteView, in arena: borrowing MessageArena
  ) -> UnsafeMutablePointer<Verdict__V1__AuthorizeRequest>? {
    guard let count = plainCheckCount(bytes), let copy = arena.copy(bytes),
      let message = unsafe arena.allocate(
        byteCount: MemoryLayout<Verdict__V1__AuthorizeRequest>.size),
      let list = unsafe arena.allocate(
        byteCount: count &* MemoryLayout<UnsafeMutablePointer<Verdict__V1__Check>?>.stride),
      let checks = unsafe arena.allocate(
        byteCount: count &* MemoryLayout<Verdict__V1__Check>.stride)
    else { return nil }
    // SAFETY: aligned to 16 and as large as asked for; each check is set before it is reached.
    let request = unsafe message.bindMemory(to: Verdict__V1__AuthorizeRequest.self, capacity: 1)
    let pointers = unsafe list.bindMemory(
      to: UnsafeMutablePointer<Verdict__V1__Check>?.self, capacity: count)
    let next = unsafe checks.bindMemory(to: Verdict__V1__Check.self, capacity: count)
    unsafe verdict__v1__authorize_request__init(request)
    unsafe request.pointee.checks = pointers
    var reader = FieldReader(copy)
    while !reader.isAtEnd {
      switch reader.tag() {
      case Tag.organization: unsafe request.pointee.organization = reader.field()!.binaryData
      case Tag.principal: unsafe request.pointee.principal = reader.field()!.binaryData
      case Tag.workspace: unsafe request.pointee.workspace = reader.field()!.binaryData
      case Tag.wantsMessages: unsafe request.pointee.want_messages = reader.varint()! == 0 ? 0 : 1
      case Tag.generationMin: unsafe request.pointee.min_generation = reader.varint()!
      case Tag.columns:
        guard unsafe request.pointee.columns == nil,
          let columns = unsafe plainColumns(reader.field()!, in: arena)
        else { return nil }
        unsafe request.pointee.columns = columns
      default:
        // The counting let nothing else through.
        let place = unsafe request.pointee.n_checks
        precondition(place < count, "a check that was counted")
        guard unsafe read(reader.field()!, into: next + place) else { return nil }
        unsafe pointers[place] = next + place
        unsafe request.pointee.n_checks = place &+ 1
      }
    }
    return unsafe request
  }

  /// How many checks there are, or nil where a field is not for this reader or cut off.
  private static func plainCheckCount(_ bytes: ByteView) -> Int? {
    var reader = FieldReader(bytes)
    var count = 0
    while !reader.isAtEnd {
      switch reader.tag() {
      case Tag.check:
        guard count < Limits.plainCheckCountMax, reader.field() != nil else { return nil }
        count &+= 1
      case Tag.organization, Tag.principal, Tag.workspace, Tag.columns:
        guard reader.field() != nil else { return nil }
      case Tag.wantsMessages, Tag.generationMin:
        guard reader.varint() != nil else { return nil }
      default: return nil
      }
    }
    return count
  }

  /// Fields 1 to 5 of a check are texts; the last one of a number counts.
  @unsafe
  private static func read(
    _ bytes: ByteView, into check: UnsafeMutablePointer<Verdict__V1__Check>
  ) -> Bool {
    // SAFETY: room for a check, by the caller.
    unsafe verdict__v1__check__init(check)
    var reader = FieldReader(bytes)
    while !reader.isAtEnd {
      let tag = reader.tag()
      guard let value = unsafe reader.field()?.binaryData else { return false }
      switch tag {
      case 1 << 3 | 2: unsafe check.pointee.action = value
      case 2 << 3 | 2: unsafe check.pointee.resource = value
      case 3 << 3 | 2: unsafe check.pointee.target = value
      case 4 << 3 | 2: unsafe check.pointee.principal = value
      case 5 << 3 | 2: unsafe check.pointee.workspace = value
      default: return false
      }
    }
    return true
  }
}
