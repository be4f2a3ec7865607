internal import CProtobufC
internal import CVerdictProto
public import VerdictModel

// SAFETY of this file: as in `SharedMessages.swift`.

extension Explanation {
  /// An `ExplainResponse`; nil where it is too large.
  public func packed(_ origin: InspectionOrigin) -> [UInt8]? {
    packedReply { arena throws(ArenaFull) in
      let message = unsafe try arena.message(Verdict__V1__ExplainResponse.self)
      unsafe verdict__v1__explain_response__init(message)
      unsafe message.pointee.snapshot_digest = try origin.digest(arena)
      unsafe message.pointee.generation = origin.generation
      unsafe message.pointee.answer = try answer.packed(arena)
      unsafe message.pointee.principal = try principal.packed(arena)
      unsafe message.pointee.n_access = access.count
      unsafe message.pointee.access = try arena.messages(access, RightSource.packed)
      unsafe message.pointee.n_alternatives = alternatives.count
      unsafe message.pointee.alternatives = try arena.messages(alternatives, Alternative.packed)
      unsafe message.pointee.n_basis = basis.count
      unsafe message.pointee.basis = try arena.messages(basis, RightSource.packed)
      unsafe message.pointee.n_remedies = remedies.count
      unsafe message.pointee.remedies = try arena.messages(remedies, Remedy.packed)
      unsafe message.pointee.obstacle = try arena.text(obstacle)
      return unsafe ClientMessage.bytes(
        count: unsafe verdict__v1__explain_response__get_packed_size(message)
      ) { _ = unsafe verdict__v1__explain_response__pack(message, $0) }
    }
  }

  /// Reads an `ExplainResponse`.
  public init(decoding bytes: [UInt8]) throws(MalformedReply) {
    let arena = MessageArena()
    self = try bytes.withByteView { view in
      Result { () throws(MalformedReply) in try Explanation(view, arena) }
    }.get()
  }

  private init(_ bytes: ByteView, _ arena: borrowing MessageArena) throws(MalformedReply) {
    guard
      let message = unsafe verdict__v1__explain_response__unpack(
        arena.allocator, bytes.count, bytes.cBytes)
    else { throw MalformedReply("the reply is not readable as an `ExplainResponse`") }
    self.init(
      answer: unsafe try CheckAnswer(message.pointee.answer),
      principal: unsafe try InspectedPrincipal(message.pointee.principal))
    access = unsafe try values(message.pointee.access, message.pointee.n_access) {
      m throws(MalformedReply) in unsafe try RightSource(m)
    }
    alternatives = unsafe try values(
      message.pointee.alternatives, message.pointee.n_alternatives
    ) { m throws(MalformedReply) in unsafe try Alternative(m) }
    basis = unsafe try values(message.pointee.basis, message.pointee.n_basis) {
      m throws(MalformedReply) in unsafe try RightSource(m)
    }
    remedies = unsafe try values(message.pointee.remedies, message.pointee.n_remedies) {
      m throws(MalformedReply) in unsafe try Remedy(m)
    }
    obstacle = unsafe message.pointee.obstacle.text
  }
}

extension Explanation.Alternative {
  static func packed(
    _ value: Self, _ arena: borrowing MessageArena
  ) throws(ArenaFull) -> UnsafeMutablePointer<Verdict__V1__Alternative> {
    let message = unsafe try arena.message(Verdict__V1__Alternative.self)
    unsafe verdict__v1__alternative__init(message)
    unsafe message.pointee.n_terms = value.terms.count
    unsafe message.pointee.terms = try arena.messages(value.terms, Explanation.Term.packed)
    return unsafe message
  }

  init(_ message: UnsafeMutablePointer<Verdict__V1__Alternative>) throws(MalformedReply) {
    self.init(
      terms: unsafe try values(message.pointee.terms, message.pointee.n_terms) {
        m throws(MalformedReply) in unsafe try Explanation.Term(m)
      })
  }
}

extension Explanation.Term {
  static func packed(
    _ value: Self, _ arena: borrowing MessageArena
  ) throws(ArenaFull) -> UnsafeMutablePointer<Verdict__V1__Term> {
    let message = unsafe try arena.message(Verdict__V1__Term.self)
    unsafe verdict__v1__term__init(message)
    unsafe message.pointee.permission = try arena.text(value.permission)
    unsafe message.pointee.display = try arena.text(value.display)
    unsafe message.pointee.operand = try arena.text(value.operand)
    unsafe message.pointee.holds = value.holds ? 1 : 0
    unsafe message.pointee.n_requirements = value.requirements.count
    unsafe message.pointee.requirements = try arena.messages(
      value.requirements, Explanation.Requirement.packed)
    return unsafe message
  }

  init(_ message: UnsafeMutablePointer<Verdict__V1__Term>) throws(MalformedReply) {
    let requirements = unsafe try values(
      message.pointee.requirements, message.pointee.n_requirements
    ) { m throws(MalformedReply) in unsafe try Explanation.Requirement(m) }
    unsafe self.init(
      permission: message.pointee.permission.text, display: message.pointee.display.text,
      operand: message.pointee.operand.text, holds: message.pointee.holds != 0,
      requirements: requirements)
  }
}

extension Explanation.Requirement {
  static func packed(
    _ value: Self, _ arena: borrowing MessageArena
  ) throws(ArenaFull) -> UnsafeMutablePointer<Verdict__V1__Requirement> {
    let message = unsafe try arena.message(Verdict__V1__Requirement.self)
    unsafe verdict__v1__requirement__init(message)
    unsafe message.pointee.resource = try arena.text(value.resource)
    unsafe message.pointee.display = try arena.text(value.display)
    unsafe message.pointee.holds = value.holds ? 1 : 0
    unsafe message.pointee.granted_elsewhere = value.isGrantedElsewhere ? 1 : 0
    unsafe message.pointee.n_sources = value.sources.count
    unsafe message.pointee.sources = try arena.messages(value.sources, RightSource.packed)
    return unsafe message
  }

  init(_ message: UnsafeMutablePointer<Verdict__V1__Requirement>) throws(MalformedReply) {
    let sources = unsafe try values(message.pointee.sources, message.pointee.n_sources) {
      m throws(MalformedReply) in unsafe try RightSource(m)
    }
    unsafe self.init(
      resource: message.pointee.resource.text, display: message.pointee.display.text,
      holds: message.pointee.holds != 0,
      isGrantedElsewhere: message.pointee.granted_elsewhere != 0, sources: sources)
  }
}

extension Explanation.Remedy {
  static func packed(
    _ value: Self, _ arena: borrowing MessageArena
  ) throws(ArenaFull) -> UnsafeMutablePointer<Verdict__V1__Remedy> {
    let message = unsafe try arena.message(Verdict__V1__Remedy.self)
    unsafe verdict__v1__remedy__init(message)
    unsafe message.pointee.n_grants = value.grants.count
    unsafe message.pointee.grants = try arena.messages(
      value.grants, Explanation.MissingGrant.packed)
    return unsafe message
  }

  init(_ message: UnsafeMutablePointer<Verdict__V1__Remedy>) throws(MalformedReply) {
    self.init(
      grants: unsafe try values(message.pointee.grants, message.pointee.n_grants) {
        m throws(MalformedReply) in unsafe Explanation.MissingGrant(m)
      })
  }
}

extension Explanation.MissingGrant {
  static func packed(
    _ value: Self, _ arena: borrowing MessageArena
  ) throws(ArenaFull) -> UnsafeMutablePointer<Verdict__V1__MissingGrant> {
    let message = unsafe try arena.message(Verdict__V1__MissingGrant.self)
    unsafe verdict__v1__missing_grant__init(message)
    unsafe message.pointee.permission = try arena.text(value.permission)
    unsafe message.pointee.display = try arena.text(value.display)
    unsafe message.pointee.type = try arena.text(value.type)
    unsafe message.pointee.id = try arena.text(value.id)
    unsafe message.pointee.resource_display = try arena.text(value.resourceDisplay)
    unsafe message.pointee.future_suffices = value.futureSuffices ? 1 : 0
    unsafe message.pointee.n_roles = value.roles.count
    unsafe message.pointee.roles = try arena.texts(value.roles)
    return unsafe message
  }

  init(_ message: UnsafeMutablePointer<Verdict__V1__MissingGrant>) {
    unsafe self.init(
      permission: message.pointee.permission.text, display: message.pointee.display.text,
      type: message.pointee.type.text, id: message.pointee.id.text,
      resourceDisplay: message.pointee.resource_display.text,
      futureSuffices: message.pointee.future_suffices != 0,
      roles: texts(message.pointee.roles, message.pointee.n_roles))
  }
}
