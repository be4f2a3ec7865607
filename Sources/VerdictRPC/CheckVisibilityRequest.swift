internal import CProtobufC
internal import CVerdictProto
public import VerdictModel

/// A `CheckVisibilityRequest` as it lies in the arena; valid until the arena is reset.
@safe
public struct CheckVisibilityRequest {
  private let message: UnsafeMutablePointer<Verdict__V1__CheckVisibilityRequest>

  /// Unpacks a request, or answers nil: unreadable, or too large for the arena.
  public init?(_ bytes: ByteView, in arena: borrowing MessageArena) {
    guard
      let message = unsafe verdict__v1__check_visibility_request__unpack(
        arena.allocator, bytes.count, bytes.cBytes)
    else { return nil }
    unsafe self.message = message
  }

  // SAFETY of all accessors: an unpacked message, alive as long as the arena.

  public var organization: ByteView { unsafe ByteView(message.pointee.organization) }
  public var workspace: ByteView { unsafe ByteView(message.pointee.workspace) }
  public var principals: TextList {
    unsafe TextList(message.pointee.principals, message.pointee.n_principals)
  }
  public var permissions: TextList {
    unsafe TextList(message.pointee.permissions, message.pointee.n_permissions)
  }
  /// 0: any.
  public var generationMin: UInt64 { unsafe message.pointee.min_generation }
  public var blockCount: Int { unsafe message.pointee.n_blocks }

  public func block(_ index: Int) -> VisibilityBlock {
    precondition(index >= 0 && index < blockCount, "a block of the request")
    // SAFETY: protobuf-c made as many pointers as it counted, none of them null.
    let block = unsafe message.pointee.blocks[index].unsafelyUnwrapped
    return unsafe VisibilityBlock(
      resourceType: ByteView(block.pointee.resource_type), ids: IDList(block.pointee.ids),
      targetType: ByteView(block.pointee.target_type), targetIDs: IDList(block.pointee.target_ids))
  }
}

/// A `VisibilityBlock`.
public struct VisibilityBlock {
  public let resourceType: ByteView
  public let ids: IDList
  public let targetType: ByteView
  public let targetIDs: IDList
}
