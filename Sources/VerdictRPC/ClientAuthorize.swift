internal import CProtobufC
internal import CVerdictProto
public import VerdictModel

/// An `AuthorizeRequest` in the plain form, to be sent.
public struct AuthorizeCall: Sendable {
  /// Empty: the only one that the server has loaded.
  public var organization: String
  /// At most `Limits.plainCheckCountMax`. Each one's own organization is not sent: a request is
  /// about one organization.
  public var checks: [Check]
  /// Also answer with one sentence for people for each check.
  public var wantsMessages: Bool
  /// Answer from this generation or a later one; 0: from whatever is in force. The server waits for
  /// it, and then fails with FAILED_PRECONDITION.
  public var generationMin: UInt64 = 0

  public init(organization: String, checks: [Check], wantsMessages: Bool) {
    self.organization = organization
    self.checks = checks
    self.wantsMessages = wantsMessages
  }

  /// The message, or nil where it would be too large for any server.
  public func encoded() -> [UInt8]? {
    ClientMessage.packed { arena in
      guard
        let list = unsafe arena.room(
          UnsafeMutablePointer<Verdict__V1__Check>?.self, count: checks.count),
        let organization = unsafe arena.data(organization)
      else { return nil }
      for (index, check) in checks.enumerated() {
        guard let message = unsafe AuthorizeCall.message(check, in: arena) else { return nil }
        // SAFETY: the list has room for every check.
        unsafe (list + index).initialize(to: message)
      }
      var request = unsafe Verdict__V1__AuthorizeRequest()
      unsafe verdict__v1__authorize_request__init(&request)
      unsafe request.organization = organization
      unsafe request.n_checks = checks.count
      unsafe request.checks = list
      unsafe request.want_messages = wantsMessages ? 1 : 0
      unsafe request.min_generation = generationMin
      // SAFETY: all that the request refers to lives as long as the arena.
      let byteCount = unsafe verdict__v1__authorize_request__get_packed_size(&request)
      guard byteCount <= Limits.messageByteCountMax else { return nil }
      return unsafe ClientMessage.bytes(count: byteCount) { room in
        unsafe _ = verdict__v1__authorize_request__pack(&request, room)
      }
    }
  }

  static func message(
    _ check: Check, in arena: borrowing MessageArena
  ) -> UnsafeMutablePointer<Verdict__V1__Check>? {
    guard
      let message = unsafe arena.room(Verdict__V1__Check.self, count: 1),
      let action = unsafe arena.data(check.action),
      let resource = unsafe arena.data(check.resource ?? ""),
      let target = unsafe arena.data(check.target ?? ""),
      let principal = unsafe arena.data(check.principal),
      let workspace = unsafe arena.data(check.workspace ?? "")
    else { return nil }
    // SAFETY: room for one message, initialised here.
    unsafe verdict__v1__check__init(message)
    unsafe message.pointee.action = action
    unsafe message.pointee.resource = resource
    unsafe message.pointee.target = target
    unsafe message.pointee.principal = principal
    unsafe message.pointee.workspace = workspace
    return unsafe message
  }
}

/// An `AuthorizeResponse`, received: one answer for each check, in order.
public struct AuthorizeReply: Sendable, Equatable {
  public let origin: ReplyOrigin
  /// Messages are empty where they were not asked for.
  public let answers: [CheckAnswer]

  /// Reads the reply to a request of `checkCount` checks.
  ///
  /// - Throws: also where a column has another length, an effect is unspecified, or effect and
  ///   reason contradict each other: such a reply answers nothing.
  public init(decoding bytes: [UInt8], checkCount: Int) throws(MalformedReply) {
    // `rethrows` knows no typed errors, so the result carries it.
    self = try bytes.withByteView { view in
      Result { () throws(MalformedReply) in
        try AuthorizeReply(decoding: view, checkCount: checkCount)
      }
    }.get()
  }

  private init(decoding bytes: ByteView, checkCount: Int) throws(MalformedReply) {
    let arena = MessageArena()
    guard
      let response = unsafe verdict__v1__authorize_response__unpack(
        arena.allocator, bytes.count, bytes.cBytes)
    else { throw MalformedReply("the reply is not readable as an `AuthorizeResponse`") }
    // SAFETY of this function: an unpacked message, alive as long as the arena.
    origin = unsafe ReplyOrigin(
      decisionID: response.pointee.decision_id.array,
      snapshotDigest: response.pointee.snapshot_digest.array,
      generation: response.pointee.generation)
    let effects = unsafe ByteView(response.pointee.effects)
    let reasons = unsafe ByteView(response.pointee.reasons)
    let messages = unsafe TextList(response.pointee.messages, response.pointee.n_messages)
    guard effects.count == checkCount, reasons.count == checkCount,
      messages.count == 0 || messages.count == checkCount
    else {
      throw MalformedReply("the reply has not one answer for each of \(checkCount) checks")
    }
    let missing = try unsafe MissingColumns(response.pointee.missing, checkCount: checkCount)
    var answers: [CheckAnswer] = []
    answers.reserveCapacity(checkCount)
    for index in 0..<checkCount {
      guard let reason = Reason(rawValue: reasons[index]),
        let effect = Effect(rawValue: effects[index]), effect == reason.effect
      else {
        throw MalformedReply(
          "check \(index) has effect \(effects[index]) and reason \(reasons[index]), which do not "
            + "go together; is the server newer than this client?")
      }
      answers.append(
        CheckAnswer(
          reason: reason, permission: try missing.permission(index),
          operand: try missing.operand(index),
          message: messages.count == 0 ? "" : messages[index].text))
    }
    self.answers = answers
  }
}

/// The columns of a `MissingTerms`.
private struct MissingColumns {
  private let permissions: TextList
  private let permissionOf: ByteView
  private let operands: TextList
  private let operandOf: ByteView

  init(
    _ terms: UnsafeMutablePointer<Verdict__V1__MissingTerms>?, checkCount: Int
  ) throws(MalformedReply) {
    guard let terms = unsafe terms else {
      unsafe permissions = TextList(nil, 0)
      unsafe operands = TextList(nil, 0)
      permissionOf = ByteView()
      operandOf = ByteView()
      return
    }
    // SAFETY: part of an unpacked message, alive as long as its arena.
    permissions = unsafe TextList(terms.pointee.permissions, terms.pointee.n_permissions)
    permissionOf = unsafe ByteView(terms.pointee.permission_of)
    operands = unsafe TextList(terms.pointee.operands, terms.pointee.n_operands)
    operandOf = unsafe ByteView(terms.pointee.operand_of)
    guard permissionOf.isEmpty || permissionOf.count == checkCount,
      operandOf.isEmpty || operandOf.count == checkCount * 2
    else { throw MalformedReply("the missing terms have not one place for each check") }
  }

  func permission(_ index: Int) throws(MalformedReply) -> String? {
    permissionOf.isEmpty ? nil : try name(Int(permissionOf[index]), in: permissions)
  }

  func operand(_ index: Int) throws(MalformedReply) -> String? {
    guard !operandOf.isEmpty else { return nil }
    let place = Int(operandOf[index * 2]) << 8 | Int(operandOf[index * 2 + 1])
    return try name(place, in: operands)
  }

  /// `place` is an index plus one, or zero for none.
  private func name(_ place: Int, in names: TextList) throws(MalformedReply) -> String? {
    guard place > 0 else { return nil }
    guard place <= names.count else {
      throw MalformedReply("a missing term names one that the reply doesn't list")
    }
    return names[place - 1].text
  }
}
