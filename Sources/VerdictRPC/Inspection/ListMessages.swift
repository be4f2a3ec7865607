internal import CProtobufC
internal import CVerdictProto
public import VerdictModel

// SAFETY of this file: as in `SharedMessages.swift`.

extension ResourcePage {
  /// A `ListResourcesResponse`; nil where it is too large.
  public func packed(_ origin: InspectionOrigin) -> [UInt8]? {
    packedReply { arena throws(ArenaFull) in
      let message = unsafe try arena.message(Verdict__V1__ListResourcesResponse.self)
      unsafe verdict__v1__list_resources_response__init(message)
      unsafe message.pointee.snapshot_digest = try origin.digest(arena)
      unsafe message.pointee.generation = origin.generation
      if let refusal { unsafe message.pointee.refusal = try refusal.packed(arena) }
      unsafe message.pointee.n_resources = resources.count
      unsafe message.pointee.resources = try arena.messages(resources, Resource.packed)
      unsafe message.pointee.includes_unknown = includesUnknown ? 1 : 0
      unsafe message.pointee.next_page_token = try arena.text(nextPageToken)
      return unsafe ClientMessage.bytes(
        count: verdict__v1__list_resources_response__get_packed_size(message)
      ) { _ = unsafe verdict__v1__list_resources_response__pack(message, $0) }
    }
  }

  /// Reads a `ListResourcesResponse`.
  public init(decoding bytes: [UInt8]) throws(MalformedReply) {
    let arena = MessageArena()
    self = try bytes.withByteView { view in
      Result { () throws(MalformedReply) in try ResourcePage(view, arena) }
    }.get()
  }

  private init(_ bytes: ByteView, _ arena: borrowing MessageArena) throws(MalformedReply) {
    guard
      let message = unsafe verdict__v1__list_resources_response__unpack(
        arena.allocator, bytes.count, bytes.cBytes)
    else { throw MalformedReply("the reply is not readable as a `ListResourcesResponse`") }
    self.init()
    if let refusal = unsafe message.pointee.refusal {
      self.refusal = unsafe try CheckAnswer(refusal)
    }
    resources = unsafe try values(message.pointee.resources, message.pointee.n_resources) {
      m throws(MalformedReply) in
      unsafe Resource(id: m.pointee.id.text, display: m.pointee.display.text)
    }
    includesUnknown = unsafe message.pointee.includes_unknown != 0
    nextPageToken = unsafe message.pointee.next_page_token.text
  }
}

extension ResourcePage.Resource {
  static func packed(
    _ value: Self, _ arena: borrowing MessageArena
  ) throws(ArenaFull) -> UnsafeMutablePointer<Verdict__V1__ListedResource> {
    let message = unsafe try arena.message(Verdict__V1__ListedResource.self)
    unsafe verdict__v1__listed_resource__init(message)
    unsafe message.pointee.id = try arena.text(value.id)
    unsafe message.pointee.display = try arena.text(value.display)
    return unsafe message
  }
}

extension PrincipalPage {
  /// A `ListPrincipalsResponse`; nil where it is too large.
  public func packed(_ origin: InspectionOrigin) -> [UInt8]? {
    packedReply { arena throws(ArenaFull) in
      let message = unsafe try arena.message(Verdict__V1__ListPrincipalsResponse.self)
      unsafe verdict__v1__list_principals_response__init(message)
      unsafe message.pointee.snapshot_digest = try origin.digest(arena)
      unsafe message.pointee.generation = origin.generation
      if let refusal { unsafe message.pointee.refusal = try refusal.packed(arena) }
      unsafe message.pointee.n_principals = principals.count
      unsafe message.pointee.principals = try arena.messages(principals, Principal.packed)
      unsafe message.pointee.next_page_token = try arena.text(nextPageToken)
      return unsafe ClientMessage.bytes(
        count: verdict__v1__list_principals_response__get_packed_size(message)
      ) { _ = unsafe verdict__v1__list_principals_response__pack(message, $0) }
    }
  }

  /// Reads a `ListPrincipalsResponse`.
  public init(decoding bytes: [UInt8]) throws(MalformedReply) {
    let arena = MessageArena()
    self = try bytes.withByteView { view in
      Result { () throws(MalformedReply) in try PrincipalPage(view, arena) }
    }.get()
  }

  private init(_ bytes: ByteView, _ arena: borrowing MessageArena) throws(MalformedReply) {
    guard
      let message = unsafe verdict__v1__list_principals_response__unpack(
        arena.allocator, bytes.count, bytes.cBytes)
    else { throw MalformedReply("the reply is not readable as a `ListPrincipalsResponse`") }
    self.init()
    if let refusal = unsafe message.pointee.refusal {
      self.refusal = unsafe try CheckAnswer(refusal)
    }
    principals = unsafe try values(message.pointee.principals, message.pointee.n_principals) {
      m throws(MalformedReply) in unsafe try Principal(m)
    }
    nextPageToken = unsafe message.pointee.next_page_token.text
  }
}

extension PrincipalPage.Principal {
  static func packed(
    _ value: Self, _ arena: borrowing MessageArena
  ) throws(ArenaFull) -> UnsafeMutablePointer<Verdict__V1__ListedPrincipal> {
    let message = unsafe try arena.message(Verdict__V1__ListedPrincipal.self)
    unsafe verdict__v1__listed_principal__init(message)
    unsafe message.pointee.principal = try arena.text(value.principal)
    unsafe message.pointee.reason = Verdict__V1__Reason(rawValue: UInt32(value.reason.rawValue))
    unsafe message.pointee.n_through = value.through.count
    unsafe message.pointee.through = try arena.messages(value.through, RightSource.packed)
    return unsafe message
  }

  init(_ message: UnsafeMutablePointer<Verdict__V1__ListedPrincipal>) throws(MalformedReply) {
    let through = unsafe try values(message.pointee.through, message.pointee.n_through) {
      m throws(MalformedReply) in unsafe try RightSource(m)
    }
    let reason = try wireReason(unsafe message.pointee.reason.rawValue)
    // Who is listed may: a reply that says otherwise contradicts itself.
    guard reason.effect == .allow else {
      throw MalformedReply("the reply lists a principal with reason `\(reason.name)`")
    }
    self.init(
      principal: unsafe message.pointee.principal.text, reason: reason, through: through)
  }
}
