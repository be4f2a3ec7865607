internal import CProtobufC
internal import CVerdictProto
public import VerdictModel

// SAFETY of this file: as in `SharedMessages.swift`.

extension ShadowReport {
  /// A `GetShadowReportResponse`; nil where it is too large.
  public func packed() -> [UInt8]? {
    packedReply { arena throws(ArenaFull) in
      let message = unsafe try arena.message(Verdict__V1__GetShadowReportResponse.self)
      unsafe verdict__v1__get_shadow_report_response__init(message)
      guard let digest = unsafe arena.data(stagedDigest) else { throw ArenaFull() }
      unsafe message.pointee.share_per_million = sharePerMillion
      unsafe message.pointee.live_set = liveSet
      unsafe message.pointee.staged_set = stagedSet
      unsafe message.pointee.staged_digest = digest
      unsafe message.pointee.since_seconds = sinceSeconds
      unsafe message.pointee.refusal = try arena.text(refusal)
      unsafe message.pointee.request_count = requestCount
      unsafe message.pointee.check_count = checkCount
      unsafe message.pointee.effect_change_count = effectChangeCount
      unsafe message.pointee.reason_change_count = reasonChangeCount
      unsafe message.pointee.overflow_count = overflowCount
      unsafe message.pointee.oversized_count = oversizedCount
      unsafe message.pointee.n_changes = changes.count
      unsafe message.pointee.changes = try arena.messages(changes, Change.packed)
      unsafe message.pointee.n_principals = principals.count
      unsafe message.pointee.principals = try arena.messages(principals, Principal.packed)
      unsafe message.pointee.n_checks = checks.count
      unsafe message.pointee.checks = try arena.messages(checks, ChangedCheck.packed)
      unsafe message.pointee.unlisted_change_count = unlistedChangeCount
      unsafe message.pointee.unlisted_principal_count = unlistedPrincipalCount
      unsafe message.pointee.unlisted_check_count = unlistedCheckCount
      return unsafe ClientMessage.bytes(
        count: verdict__v1__get_shadow_report_response__get_packed_size(message)
      ) { _ = unsafe verdict__v1__get_shadow_report_response__pack(message, $0) }
    }
  }

  /// Reads a `GetShadowReportResponse`.
  public init(decoding bytes: [UInt8]) throws(MalformedReply) {
    let arena = MessageArena()
    self = try bytes.withByteView { view in
      Result { () throws(MalformedReply) in try ShadowReport(view, arena) }
    }.get()
  }

  private init(_ bytes: ByteView, _ arena: borrowing MessageArena) throws(MalformedReply) {
    guard
      let message = unsafe verdict__v1__get_shadow_report_response__unpack(
        arena.allocator, bytes.count, bytes.cBytes)
    else { throw MalformedReply("the reply is not readable as a `GetShadowReportResponse`") }
    self.init()
    sharePerMillion = unsafe message.pointee.share_per_million
    liveSet = unsafe message.pointee.live_set
    stagedSet = unsafe message.pointee.staged_set
    stagedDigest = unsafe message.pointee.staged_digest.array
    sinceSeconds = unsafe message.pointee.since_seconds
    refusal = unsafe message.pointee.refusal.text
    requestCount = unsafe message.pointee.request_count
    checkCount = unsafe message.pointee.check_count
    effectChangeCount = unsafe message.pointee.effect_change_count
    reasonChangeCount = unsafe message.pointee.reason_change_count
    overflowCount = unsafe message.pointee.overflow_count
    oversizedCount = unsafe message.pointee.oversized_count
    changes = unsafe try values(message.pointee.changes, message.pointee.n_changes) {
      m throws(MalformedReply) in
      unsafe Change(
        action: m.pointee.action.text, live: try wireReason(m.pointee.live.rawValue),
        staged: try wireReason(m.pointee.staged.rawValue), count: m.pointee.count)
    }
    principals = unsafe try values(message.pointee.principals, message.pointee.n_principals) {
      m throws(MalformedReply) in
      unsafe Principal(
        organization: m.pointee.organization.text, name: m.pointee.principal.text,
        count: m.pointee.count)
    }
    checks = unsafe try values(message.pointee.checks, message.pointee.n_checks) {
      m throws(MalformedReply) in unsafe try ChangedCheck(m)
    }
    unlistedChangeCount = unsafe message.pointee.unlisted_change_count
    unlistedPrincipalCount = unsafe message.pointee.unlisted_principal_count
    unlistedCheckCount = unsafe message.pointee.unlisted_check_count
  }
}

extension Reason {
  fileprivate var wire: Verdict__V1__Reason { Verdict__V1__Reason(rawValue: UInt32(rawValue)) }
}

extension ShadowReport.Change {
  static func packed(
    _ value: Self, _ arena: borrowing MessageArena
  ) throws(ArenaFull) -> UnsafeMutablePointer<Verdict__V1__ShadowChange> {
    let message = unsafe try arena.message(Verdict__V1__ShadowChange.self)
    unsafe verdict__v1__shadow_change__init(message)
    unsafe message.pointee.action = try arena.text(value.action)
    unsafe message.pointee.live = value.live.wire
    unsafe message.pointee.staged = value.staged.wire
    unsafe message.pointee.count = value.count
    return unsafe message
  }
}

extension ShadowReport.Principal {
  static func packed(
    _ value: Self, _ arena: borrowing MessageArena
  ) throws(ArenaFull) -> UnsafeMutablePointer<Verdict__V1__ShadowPrincipal> {
    let message = unsafe try arena.message(Verdict__V1__ShadowPrincipal.self)
    unsafe verdict__v1__shadow_principal__init(message)
    unsafe message.pointee.organization = try arena.text(value.organization)
    unsafe message.pointee.principal = try arena.text(value.name)
    unsafe message.pointee.count = value.count
    return unsafe message
  }
}

extension ShadowReport.ChangedCheck {
  static func packed(
    _ value: Self, _ arena: borrowing MessageArena
  ) throws(ArenaFull) -> UnsafeMutablePointer<Verdict__V1__ShadowCheck> {
    let message = unsafe try arena.message(Verdict__V1__ShadowCheck.self)
    unsafe verdict__v1__shadow_check__init(message)
    unsafe message.pointee.organization = try arena.text(value.check.organization ?? "")
    unsafe message.pointee.principal = try arena.text(value.check.principal)
    unsafe message.pointee.workspace = try arena.text(value.check.workspace ?? "")
    unsafe message.pointee.action = try arena.text(value.check.action)
    unsafe message.pointee.resource = try arena.text(value.check.resource ?? "")
    unsafe message.pointee.target = try arena.text(value.check.target ?? "")
    unsafe message.pointee.live = value.live.wire
    unsafe message.pointee.staged = value.staged.wire
    unsafe message.pointee.count = value.count
    return unsafe message
  }

  init(_ message: UnsafeMutablePointer<Verdict__V1__ShadowCheck>) throws(MalformedReply) {
    func text(_ data: ProtobufCBinaryData) -> String? {
      let text = unsafe data.text
      return text.isEmpty ? nil : text
    }
    let check = unsafe Check(
      organization: text(message.pointee.organization),
      principal: message.pointee.principal.text, workspace: text(message.pointee.workspace),
      action: message.pointee.action.text, resource: text(message.pointee.resource),
      target: text(message.pointee.target))
    self.init(
      check: check, live: unsafe try wireReason(message.pointee.live.rawValue),
      staged: unsafe try wireReason(message.pointee.staged.rawValue),
      count: unsafe message.pointee.count)
  }
}
