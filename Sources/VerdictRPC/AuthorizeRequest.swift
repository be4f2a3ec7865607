internal import CProtobufC
internal import CVerdictProto
public import VerdictModel

/// An `AuthorizeRequest` as it lies in the arena; valid until the arena is reset.
@safe
public struct AuthorizeRequest {
  private let message: UnsafeMutablePointer<Verdict__V1__AuthorizeRequest>

  /// Unpacks a request, or answers nil: unreadable, or too large for the arena.
  public init?(_ bytes: ByteView, in arena: borrowing MessageArena) {
    guard
      let message = unsafe AuthorizeRequest.plain(bytes, in: arena)
        ?? verdict__v1__authorize_request__unpack(arena.allocator, bytes.count, bytes.cBytes)
    else { return nil }
    unsafe self.message = message
  }

  // SAFETY of all accessors: an unpacked message, alive as long as the arena.

  public var organization: ByteView { unsafe ByteView(message.pointee.organization) }
  public var principal: ByteView { unsafe ByteView(message.pointee.principal) }
  public var workspace: ByteView { unsafe ByteView(message.pointee.workspace) }
  public var wantsMessages: Bool { unsafe message.pointee.want_messages != 0 }
  /// 0: any.
  public var generationMin: UInt64 { unsafe message.pointee.min_generation }
  public var checkCount: Int { unsafe message.pointee.n_checks }

  public var columns: CheckColumns? {
    unsafe message.pointee.columns.map { unsafe CheckColumns($0) }
  }

  /// One check of the plain form.
  public subscript(index: Int) -> PlainCheck {
    precondition(index >= 0 && index < checkCount, "a check of the request")
    // SAFETY: protobuf-c made as many pointers as it counted, none of them null.
    let check = unsafe message.pointee.checks[index].unsafelyUnwrapped
    return unsafe PlainCheck(
      action: ByteView(check.pointee.action), resource: ByteView(check.pointee.resource),
      target: ByteView(check.pointee.target), principal: ByteView(check.pointee.principal),
      workspace: ByteView(check.pointee.workspace))
  }
}

/// A `Check`.
public struct PlainCheck {
  public let action: ByteView
  public let resource: ByteView
  public let target: ByteView
  /// Empty: the request's default.
  public let principal: ByteView
  /// Empty: the request's default.
  public let workspace: ByteView
}

/// A `CheckColumns`.
public struct CheckColumns {
  public let count: Int
  public let actions: DictionaryColumn
  public let resourceTypes: DictionaryColumn
  public let resourceIDs: IDList
  public let targetTypes: DictionaryColumn
  public let targetIDs: IDList
  public let principals: IDList
  public let workspaces: DictionaryColumn

  init(_ message: UnsafeMutablePointer<Verdict__V1__CheckColumns>) {
    // SAFETY: an unpacked message, alive as long as the arena.
    let columns = unsafe message.pointee
    count = Int(unsafe columns.count)
    actions = unsafe DictionaryColumn(
      values: TextList(columns.actions, columns.n_actions), indices: ByteView(columns.action_of))
    resourceTypes = unsafe DictionaryColumn(
      values: TextList(columns.resource_types, columns.n_resource_types),
      indices: ByteView(columns.resource_type_of))
    resourceIDs = unsafe IDList(columns.resource_ids)
    targetTypes = unsafe DictionaryColumn(
      values: TextList(columns.target_types, columns.n_target_types),
      indices: ByteView(columns.target_type_of))
    targetIDs = unsafe IDList(columns.target_ids)
    principals = unsafe IDList(columns.principals)
    workspaces = unsafe DictionaryColumn(
      values: TextList(columns.workspaces, columns.n_workspaces),
      indices: ByteView(columns.workspace_of))
  }
}

extension ByteView {
  /// For C functions that take bytes; never nil.
  var cBytes: UnsafePointer<UInt8>? {
    // SAFETY: bytes are bytes; how long they live is the view's own condition.
    unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
  }
}
