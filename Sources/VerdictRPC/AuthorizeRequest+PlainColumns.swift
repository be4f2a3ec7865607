internal import CProtobufC
internal import CVerdictProto
internal import VerdictModel

/// Columns by the short way: one pass counts the values of the dictionaries, one sets everything.
extension AuthorizeRequest {
  private enum Tag {
    static let count: UInt8 = 1 << 3
    static let actions: UInt8 = 2 << 3 | 2
    static let actionOf: UInt8 = 3 << 3 | 2
    static let resourceTypes: UInt8 = 4 << 3 | 2
    static let resourceTypeOf: UInt8 = 5 << 3 | 2
    static let resourceIDs: UInt8 = 6 << 3 | 2
    static let targetTypes: UInt8 = 7 << 3 | 2
    static let targetTypeOf: UInt8 = 8 << 3 | 2
    static let targetIDs: UInt8 = 9 << 3 | 2
    static let principals: UInt8 = 10 << 3 | 2
    static let workspaces: UInt8 = 11 << 3 | 2
    static let workspaceOf: UInt8 = 12 << 3 | 2
  }

  private struct ValueCounts {
    var actions = 0
    var resourceTypes = 0
    var targetTypes = 0
    var workspaces = 0

    var sum: Int { actions &+ resourceTypes &+ targetTypes &+ workspaces }
  }

  /// The columns as protobuf-c would unpack them, or nil: not for this reader, or no more room in
  /// the arena.
  ///
  /// - Parameter bytes: in the arena.
  static func plainColumns(
    _ bytes: ByteView, in arena: borrowing MessageArena
  ) -> UnsafeMutablePointer<Verdict__V1__CheckColumns>? {
    guard let counts = valueCounts(bytes),
      let message = unsafe arena.allocate(
        byteCount: MemoryLayout<Verdict__V1__CheckColumns>.size),
      let texts = unsafe arena.allocate(
        byteCount: counts.sum &* MemoryLayout<ProtobufCBinaryData>.stride)
    else { return nil }
    // SAFETY: aligned to 16 and as large as asked for; a value is set before it is counted, and no
    // dictionary has more of them than were counted, because both passes read the same fields.
    let columns = unsafe message.bindMemory(to: Verdict__V1__CheckColumns.self, capacity: 1)
    let values = unsafe texts.bindMemory(to: ProtobufCBinaryData.self, capacity: counts.sum)
    unsafe verdict__v1__check_columns__init(columns)
    unsafe columns.pointee.actions = values
    unsafe columns.pointee.resource_types = values + counts.actions
    unsafe columns.pointee.target_types = columns.pointee.resource_types + counts.resourceTypes
    unsafe columns.pointee.workspaces = columns.pointee.target_types + counts.targetTypes
    var reader = FieldReader(bytes)
    while !reader.isAtEnd {
      let tag = reader.tag()
      if tag == Tag.count {
        unsafe columns.pointee.count = UInt32(reader.varint()!)
      } else {
        guard unsafe read(tag, reader.field()!, into: columns, arena) else { return nil }
      }
    }
    return unsafe columns
  }

  @unsafe
  private static func read(
    _ tag: UInt8, _ field: ByteView, into columns: UnsafeMutablePointer<Verdict__V1__CheckColumns>,
    _ arena: borrowing MessageArena
  ) -> Bool {
    // SAFETY: the caller's columns, with room for what was counted.
    let value = unsafe field.binaryData
    switch tag {
    case Tag.actions:
      unsafe columns.pointee.actions[columns.pointee.n_actions] = value
      unsafe columns.pointee.n_actions &+= 1
    case Tag.resourceTypes:
      unsafe columns.pointee.resource_types[columns.pointee.n_resource_types] = value
      unsafe columns.pointee.n_resource_types &+= 1
    case Tag.targetTypes:
      unsafe columns.pointee.target_types[columns.pointee.n_target_types] = value
      unsafe columns.pointee.n_target_types &+= 1
    case Tag.workspaces:
      unsafe columns.pointee.workspaces[columns.pointee.n_workspaces] = value
      unsafe columns.pointee.n_workspaces &+= 1
    case Tag.actionOf: unsafe columns.pointee.action_of = value
    case Tag.resourceTypeOf: unsafe columns.pointee.resource_type_of = value
    case Tag.targetTypeOf: unsafe columns.pointee.target_type_of = value
    case Tag.workspaceOf: unsafe columns.pointee.workspace_of = value
    case Tag.resourceIDs: return unsafe read(field, into: &columns.pointee.resource_ids, arena)
    case Tag.targetIDs: return unsafe read(field, into: &columns.pointee.target_ids, arena)
    case Tag.principals: return unsafe read(field, into: &columns.pointee.principals, arena)
    default: return false
    }
    return true
  }

  /// False where there are ids already, which would have to be merged.
  @unsafe
  private static func read(
    _ bytes: ByteView, into ids: inout UnsafeMutablePointer<Verdict__V1__Ids>?,
    _ arena: borrowing MessageArena
  ) -> Bool {
    guard unsafe ids == nil,
      let message = unsafe arena.allocate(byteCount: MemoryLayout<Verdict__V1__Ids>.size)
    else { return false }
    // SAFETY: aligned to 16 and as large as asked for.
    let list = unsafe message.bindMemory(to: Verdict__V1__Ids.self, capacity: 1)
    unsafe verdict__v1__ids__init(list)
    var reader = FieldReader(bytes)
    while !reader.isAtEnd {
      let tag = reader.tag()
      guard let value = unsafe reader.field()?.binaryData else { return false }
      switch tag {
      case 1 << 3 | 2: unsafe list.pointee.data = value
      case 2 << 3 | 2: unsafe list.pointee.lengths = value
      default: return false
      }
    }
    unsafe ids = list
    return true
  }

  /// How many values the dictionaries have, or nil where a field is not for this reader or cut off.
  private static func valueCounts(_ bytes: ByteView) -> ValueCounts? {
    var reader = FieldReader(bytes)
    var counts = ValueCounts()
    while !reader.isAtEnd {
      let tag = reader.tag()
      if tag == Tag.count {
        guard let count = reader.varint(), count <= UInt64(UInt32.max) else { return nil }
        continue
      }
      guard reader.field() != nil else { return nil }
      switch tag {
      case Tag.actions: counts.actions &+= 1
      case Tag.resourceTypes: counts.resourceTypes &+= 1
      case Tag.targetTypes: counts.targetTypes &+= 1
      case Tag.workspaces: counts.workspaces &+= 1
      case Tag.actionOf, Tag.resourceIDs, Tag.resourceTypeOf, Tag.targetTypeOf, Tag.targetIDs,
        Tag.principals, Tag.workspaceOf:
        break
      default: return nil
      }
    }
    // A column of more values is refused by everybody: no memory for it here.
    return counts.sum <= 4 * 256 ? counts : nil
  }
}
