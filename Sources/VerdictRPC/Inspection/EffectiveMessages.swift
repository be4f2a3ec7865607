internal import CProtobufC
internal import CVerdictProto
public import VerdictModel

// SAFETY of this file: as in `SharedMessages.swift`.

extension EffectivePolicy {
  /// A `GetEffectivePolicyResponse`; nil where it is too large.
  public func packed(_ origin: InspectionOrigin) -> [UInt8]? {
    packedReply { arena throws(ArenaFull) in
      let message = unsafe try arena.message(Verdict__V1__GetEffectivePolicyResponse.self)
      unsafe verdict__v1__get_effective_policy_response__init(message)
      unsafe message.pointee.snapshot_digest = try origin.digest(arena)
      unsafe message.pointee.generation = origin.generation
      unsafe message.pointee.principal = try principal.packed(arena)
      if let refusal { unsafe message.pointee.refusal = try refusal.packed(arena) }
      unsafe message.pointee.administers = administers ? 1 : 0
      unsafe message.pointee.n_access = access.count
      unsafe message.pointee.access = try arena.messages(access, RightSource.packed)
      unsafe message.pointee.n_open_actions = openActions.count
      unsafe message.pointee.open_actions = try arena.texts(openActions)
      unsafe message.pointee.n_workspace_actions = workspaceActions.count
      unsafe message.pointee.workspace_actions = try arena.texts(workspaceActions)
      unsafe message.pointee.n_grants = entries.count
      unsafe message.pointee.grants = try arena.messages(entries, Entry.packed)
      return unsafe ClientMessage.bytes(
        count: verdict__v1__get_effective_policy_response__get_packed_size(message)
      ) { _ = unsafe verdict__v1__get_effective_policy_response__pack(message, $0) }
    }
  }

  /// Reads a `GetEffectivePolicyResponse`.
  public init(decoding bytes: [UInt8]) throws(MalformedReply) {
    let arena = MessageArena()
    self = try bytes.withByteView { view in
      Result { () throws(MalformedReply) in try EffectivePolicy(view, arena) }
    }.get()
  }

  private init(_ bytes: ByteView, _ arena: borrowing MessageArena) throws(MalformedReply) {
    guard
      let message = unsafe verdict__v1__get_effective_policy_response__unpack(
        arena.allocator, bytes.count, bytes.cBytes)
    else { throw MalformedReply("the reply is not readable as a `GetEffectivePolicyResponse`") }
    self.init(principal: unsafe try InspectedPrincipal(message.pointee.principal))
    if let refusal = unsafe message.pointee.refusal {
      self.refusal = unsafe try CheckAnswer(refusal)
    }
    administers = unsafe message.pointee.administers != 0
    access = unsafe try values(message.pointee.access, message.pointee.n_access) {
      m throws(MalformedReply) in unsafe try RightSource(m)
    }
    openActions = unsafe texts(message.pointee.open_actions, message.pointee.n_open_actions)
    workspaceActions = unsafe texts(
      message.pointee.workspace_actions, message.pointee.n_workspace_actions)
    entries = unsafe try values(message.pointee.grants, message.pointee.n_grants) {
      m throws(MalformedReply) in unsafe try Entry(m)
    }
  }
}

extension EffectivePolicy.Entry {
  static func packed(
    _ value: Self, _ arena: borrowing MessageArena
  ) throws(ArenaFull) -> UnsafeMutablePointer<Verdict__V1__EffectiveGrant> {
    let message = unsafe try arena.message(Verdict__V1__EffectiveGrant.self)
    unsafe verdict__v1__effective_grant__init(message)
    unsafe message.pointee.permission = try arena.text(value.permission)
    unsafe message.pointee.display = try arena.text(value.display)
    unsafe message.pointee.type = try arena.text(value.type)
    unsafe message.pointee.type_plural = try arena.text(value.typePlural)
    unsafe message.pointee.pii = value.isPII ? 1 : 0
    unsafe message.pointee.scope = try value.scope.packed(arena)
    unsafe message.pointee.n_contributions = value.contributions.count
    unsafe message.pointee.contributions = try arena.messages(
      value.contributions, EffectivePolicy.Contribution.packed)
    return unsafe message
  }

  init(_ message: UnsafeMutablePointer<Verdict__V1__EffectiveGrant>) throws(MalformedReply) {
    let contributions = unsafe try values(
      message.pointee.contributions, message.pointee.n_contributions
    ) { m throws(MalformedReply) in
      EffectivePolicy.Contribution(
        source: unsafe try RightSource(m.pointee.source),
        scope: unsafe try GrantScope(m.pointee.scope))
    }
    unsafe self.init(
      permission: message.pointee.permission.text, display: message.pointee.display.text,
      type: message.pointee.type.text, typePlural: message.pointee.type_plural.text,
      isPII: message.pointee.pii != 0, scope: try GrantScope(message.pointee.scope),
      contributions: contributions)
  }
}

extension EffectivePolicy.Contribution {
  static func packed(
    _ value: Self, _ arena: borrowing MessageArena
  ) throws(ArenaFull) -> UnsafeMutablePointer<Verdict__V1__Contribution> {
    let message = unsafe try arena.message(Verdict__V1__Contribution.self)
    unsafe verdict__v1__contribution__init(message)
    unsafe message.pointee.source = try RightSource.packed(value.source, arena)
    unsafe message.pointee.scope = try value.scope.packed(arena)
    return unsafe message
  }
}
