internal import CProtobufC
internal import CVerdictProto
public import VerdictModel

/// A `CheckVisibilityRequest`, to be sent: which of these resources' data may these principals see?
public struct VisibilityCall: Sendable {
  /// Empty: the only one that the server has loaded.
  public var organization: String
  public var workspace: String
  /// `user:ID`, `service_token:ID` or `personal_token:ID`; without a prefix a user.
  public var principals: [String]
  /// Actions that take a resource and are granted as such: PII permissions, `view`, `edit`.
  public var permissions: [String]
  public var blocks: [Block]
  /// As in `AuthorizeCall`.
  public var generationMin: UInt64 = 0

  /// Resources of one type.
  public struct Block: Sendable {
    public var resourceType: String
    /// Each 1 to 255 bytes.
    public var ids: [String]
    /// For failures seen through a destination.
    public var targetType: String
    /// One for each id, an empty one for none; or no targets at all.
    public var targetIDs: [String]

    public init(
      resourceType: String, ids: [String], targetType: String = "", targetIDs: [String] = []
    ) {
      self.resourceType = resourceType
      self.ids = ids
      self.targetType = targetType
      self.targetIDs = targetIDs
    }
  }

  public init(
    organization: String, workspace: String, principals: [String], permissions: [String],
    blocks: [Block]
  ) {
    self.organization = organization
    self.workspace = workspace
    self.principals = principals
    self.permissions = permissions
    self.blocks = blocks
  }

  /// The message, or nil where an id is longer than 255 bytes (the message has no place for one) or
  /// the message would be too large for any server.
  public func encoded() -> [UInt8]? {
    ClientMessage.packed { arena in
      guard
        let list = unsafe arena.room(
          UnsafeMutablePointer<Verdict__V1__VisibilityBlock>?.self, count: blocks.count),
        let organization = unsafe arena.data(organization),
        let workspace = unsafe arena.data(workspace),
        let principals = unsafe arena.list(principals),
        let permissions = unsafe arena.list(permissions)
      else { return nil }
      for (index, block) in blocks.enumerated() {
        guard let message = unsafe VisibilityCall.message(block, in: arena) else { return nil }
        // SAFETY: the list has room for every block.
        unsafe (list + index).initialize(to: message)
      }
      var request = unsafe Verdict__V1__CheckVisibilityRequest()
      unsafe verdict__v1__check_visibility_request__init(&request)
      unsafe request.organization = organization
      unsafe request.workspace = workspace
      unsafe request.min_generation = generationMin
      unsafe request.n_principals = self.principals.count
      unsafe request.principals = principals
      unsafe request.n_permissions = self.permissions.count
      unsafe request.permissions = permissions
      unsafe request.n_blocks = blocks.count
      unsafe request.blocks = list
      // SAFETY: all that the request refers to lives as long as the arena.
      let byteCount = unsafe verdict__v1__check_visibility_request__get_packed_size(&request)
      guard byteCount <= Limits.messageByteCountMax else { return nil }
      return unsafe ClientMessage.bytes(count: byteCount) { room in
        unsafe _ = verdict__v1__check_visibility_request__pack(&request, room)
      }
    }
  }

  private static func message(
    _ block: Block, in arena: borrowing MessageArena
  ) -> UnsafeMutablePointer<Verdict__V1__VisibilityBlock>? {
    guard
      let message = unsafe arena.room(Verdict__V1__VisibilityBlock.self, count: 1),
      let resourceType = unsafe arena.data(block.resourceType),
      let targetType = unsafe arena.data(block.targetType),
      let ids = unsafe idList(block.ids, in: arena),
      let targetIDs = unsafe idList(block.targetIDs, in: arena)
    else { return nil }
    // SAFETY: room for one message, initialised here.
    unsafe verdict__v1__visibility_block__init(message)
    unsafe message.pointee.resource_type = resourceType
    unsafe message.pointee.ids = ids
    unsafe message.pointee.target_type = targetType
    if !block.targetIDs.isEmpty { unsafe message.pointee.target_ids = targetIDs }
    return unsafe message
  }

  private static func idList(
    _ ids: [String], in arena: borrowing MessageArena
  ) -> UnsafeMutablePointer<Verdict__V1__Ids>? {
    var bytes: [UInt8] = []
    var lengths: [UInt8] = []
    for id in ids {
      guard let length = UInt8(exactly: id.utf8.count) else { return nil }
      lengths.append(length)
      bytes += id.utf8
    }
    guard
      let message = unsafe arena.room(Verdict__V1__Ids.self, count: 1),
      let data = unsafe arena.data(bytes), let lengthData = unsafe arena.data(lengths)
    else { return nil }
    // SAFETY: room for one message, initialised here.
    unsafe verdict__v1__ids__init(message)
    unsafe message.pointee.data = data
    unsafe message.pointee.lengths = lengthData
    return unsafe message
  }
}

/// A `CheckVisibilityResponse`, received: one bit for each principal, permission and id.
public struct VisibilityReply: Sendable, Equatable {
  public let origin: ReplyOrigin
  private let permissionCount: Int
  private let idCounts: [Int]
  private let bitmaps: [[UInt8]]
  private let reasons: [UInt8]

  /// Reads the reply to `call`.
  ///
  /// - Throws: also where a bitmap is missing, too short or too long.
  public init(decoding bytes: [UInt8], for call: VisibilityCall) throws(MalformedReply) {
    self = try bytes.withByteView { view in
      Result { () throws(MalformedReply) in try VisibilityReply(decoding: view, for: call) }
    }.get()
  }

  private init(decoding bytes: ByteView, for call: VisibilityCall) throws(MalformedReply) {
    let arena = MessageArena()
    guard
      let response = unsafe verdict__v1__check_visibility_response__unpack(
        arena.allocator, bytes.count, bytes.cBytes)
    else { throw MalformedReply("the reply is not readable as a `CheckVisibilityResponse`") }
    // SAFETY of this function: an unpacked message, alive as long as the arena.
    origin = unsafe ReplyOrigin(
      decisionID: response.pointee.decision_id.array,
      snapshotDigest: response.pointee.snapshot_digest.array,
      generation: response.pointee.generation)
    permissionCount = call.permissions.count
    idCounts = call.blocks.map(\.ids.count)
    reasons = unsafe response.pointee.reasons.array
    let visible = unsafe TextList(response.pointee.visible, response.pointee.n_visible)
    let pairCount = call.principals.count * call.permissions.count
    guard reasons.count == pairCount, visible.count == pairCount * call.blocks.count else {
      throw MalformedReply("the reply has not one bitmap for each principal, permission and block")
    }
    var bitmaps: [[UInt8]] = []
    for index in 0..<visible.count {
      let bitmap = visible[index]
      guard bitmap.count == (idCounts[index % idCounts.count] + 7) / 8 else {
        throw MalformedReply("bitmap \(index) has not one bit for each id")
      }
      bitmaps.append(bitmap.array)
    }
    self.bitmaps = bitmaps
  }

  /// Whether the data is visible. All are places in the call.
  public func isVisible(principal: Int, permission: Int, block: Int, id: Int) -> Bool {
    precondition(permission >= 0 && permission < permissionCount, "a permission of the call")
    precondition(block >= 0 && block < idCounts.count, "a block of the call")
    precondition(id >= 0 && id < idCounts[block], "an id of the block")
    let pair = principal * permissionCount + permission
    return bitmaps[pair * idCounts.count + block][id / 8] >> UInt8(id % 8) & 1 == 1
  }

  /// Why nothing of it is visible to this principal by this permission; nil where the bits were
  /// decided one by one. A number that this client doesn't know counts as `internal`.
  public func reason(principal: Int, permission: Int) -> Reason? {
    let number = reasons[principal * permissionCount + permission]
    return number == 0 ? nil : Reason(rawValue: number) ?? .internal
  }
}
