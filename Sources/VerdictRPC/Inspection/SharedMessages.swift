internal import CProtobufC
internal import CVerdictProto
internal import VerdictModel

// Messages that several replies hold, both ways.
//
// SAFETY of all functions here: rooms of the arena are as large as what is put into them; unpacked
// messages live as long as their arena, and protobuf-c made as many elements as it counted, none
// of them null.

extension CheckAnswer {
  func packed(
    _ arena: borrowing MessageArena
  ) throws(ArenaFull) -> UnsafeMutablePointer<Verdict__V1__Answer> {
    let message = unsafe try arena.message(Verdict__V1__Answer.self)
    unsafe verdict__v1__answer__init(message)
    unsafe message.pointee.effect = Verdict__V1__Effect(rawValue: UInt32(effect.rawValue))
    unsafe message.pointee.reason = Verdict__V1__Reason(rawValue: UInt32(reason.rawValue))
    unsafe message.pointee.permission = try arena.text(permission ?? "")
    unsafe message.pointee.operand = try arena.text(operand ?? "")
    unsafe message.pointee.message = try arena.text(self.message)
    return unsafe message
  }

  init(_ message: UnsafeMutablePointer<Verdict__V1__Answer>?) throws(MalformedReply) {
    guard let message = unsafe message else { throw MalformedReply("the reply has no answer") }
    let reason = try wireReason(unsafe message.pointee.reason.rawValue)
    guard unsafe message.pointee.effect.rawValue == UInt32(reason.effect.rawValue) else {
      throw MalformedReply("the reply's effect is not that of its reason")
    }
    let permission = unsafe message.pointee.permission.text
    let operand = unsafe message.pointee.operand.text
    self.init(
      reason: reason, permission: permission.isEmpty ? nil : permission,
      operand: operand.isEmpty ? nil : operand, message: unsafe message.pointee.message.text)
  }
}

/// A reason from its wire value.
func wireReason(_ number: UInt32) throws(MalformedReply) -> Reason {
  guard let value = UInt8(exactly: number), let reason = Reason(rawValue: value) else {
    throw MalformedReply("the reply has the unknown reason \(number)")
  }
  return reason
}

extension GrantScope {
  func packed(
    _ arena: borrowing MessageArena
  ) throws(ArenaFull) -> UnsafeMutablePointer<Verdict__V1__Scope> {
    let message = unsafe try arena.message(Verdict__V1__Scope.self)
    unsafe verdict__v1__scope__init(message)
    unsafe message.pointee.all = isAll ? 1 : 0
    unsafe message.pointee.include_future = includesFuture ? 1 : 0
    unsafe message.pointee.n_ids = ids.count
    unsafe message.pointee.ids = try arena.texts(ids)
    unsafe message.pointee.id_count = UInt64(idCount)
    return unsafe message
  }

  init(_ message: UnsafeMutablePointer<Verdict__V1__Scope>?) throws(MalformedReply) {
    guard let message = unsafe message else { throw MalformedReply("the reply lacks a scope") }
    unsafe self.init(
      isAll: message.pointee.all != 0, includesFuture: message.pointee.include_future != 0,
      ids: texts(message.pointee.ids, message.pointee.n_ids),
      idCount: Int(clamping: message.pointee.id_count))
  }
}

/// A `repeated string`.
func texts(_ list: UnsafeMutablePointer<ProtobufCBinaryData>?, _ count: Int) -> [String] {
  guard let list = unsafe list else { return [] }
  return (0..<count).map { unsafe list[$0].text }
}

/// A `repeated` message as values.
func values<Message, Value>(
  _ list: UnsafeMutablePointer<UnsafeMutablePointer<Message>?>?, _ count: Int,
  _ read: (UnsafeMutablePointer<Message>) throws(MalformedReply) -> Value
) throws(MalformedReply) -> [Value] {
  var values: [Value] = []
  guard let list = unsafe list else { return values }
  for index in 0..<count {
    guard let message = unsafe list[index] else { continue }
    values.append(unsafe try read(message))
  }
  return values
}

extension RightSource {
  static func packed(
    _ source: RightSource, _ arena: borrowing MessageArena
  ) throws(ArenaFull) -> UnsafeMutablePointer<Verdict__V1__Source> {
    let message = unsafe try arena.message(Verdict__V1__Source.self)
    unsafe verdict__v1__source__init(message)
    unsafe message.pointee.kind = Verdict__V1__SourceKind(rawValue: UInt32(source.kind.rawValue))
    unsafe message.pointee.name = try arena.text(source.name)
    unsafe message.pointee.display = try arena.text(source.display)
    if let scope = source.scope { unsafe message.pointee.scope = try scope.packed(arena) }
    unsafe message.pointee.scope_types = try arena.text(source.scopeTypes)
    return unsafe message
  }

  init(_ message: UnsafeMutablePointer<Verdict__V1__Source>?) throws(MalformedReply) {
    guard let message = unsafe message else { throw MalformedReply("the reply lacks a source") }
    let number = unsafe message.pointee.kind.rawValue
    guard let value = UInt8(exactly: number), let kind = Kind(rawValue: value) else {
      throw MalformedReply("the reply has the unknown kind of source \(number)")
    }
    var scope: GrantScope?
    if let packed = unsafe message.pointee.scope { scope = unsafe try GrantScope(packed) }
    unsafe self.init(
      kind, name: message.pointee.name.text, display: message.pointee.display.text, scope: scope,
      scopeTypes: message.pointee.scope_types.text)
  }
}

extension InspectedPrincipal {
  func packed(
    _ arena: borrowing MessageArena
  ) throws(ArenaFull) -> UnsafeMutablePointer<Verdict__V1__InspectedPrincipal> {
    let message = unsafe try arena.message(Verdict__V1__InspectedPrincipal.self)
    unsafe verdict__v1__inspected_principal__init(message)
    unsafe message.pointee.rank = Verdict__V1__PrincipalRank(rawValue: UInt32(rank.rawValue))
    unsafe message.pointee.user = try arena.text(user)
    unsafe message.pointee.user_rank = Verdict__V1__PrincipalRank(
      rawValue: UInt32(userRank.rawValue))
    unsafe message.pointee.token_scope = try arena.text(tokenScope)
    unsafe message.pointee.workspace = try arena.text(workspace)
    return unsafe message
  }

  init(
    _ message: UnsafeMutablePointer<Verdict__V1__InspectedPrincipal>?
  ) throws(MalformedReply) {
    guard let message = unsafe message else {
      throw MalformedReply("the reply doesn't say whom it is about")
    }
    func rank(_ number: UInt32) throws(MalformedReply) -> Rank {
      guard let value = UInt8(exactly: number), let rank = Rank(rawValue: value) else {
        throw MalformedReply("the reply has the unknown rank \(number)")
      }
      return rank
    }
    self.init(
      rank: try rank(unsafe message.pointee.rank.rawValue), user: unsafe message.pointee.user.text,
      tokenScope: unsafe message.pointee.token_scope.text,
      workspace: unsafe message.pointee.workspace.text,
      userRank: try rank(unsafe message.pointee.user_rank.rawValue))
  }
}
