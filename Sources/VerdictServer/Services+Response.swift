internal import VerdictEngine
internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSnapshot

/// An `AuthorizeResponse` that is being put together. Its columns take one pass each; the texts of
/// related operands and of messages take an allocation a check, and come a number at a time.
@safe
struct AuthorizeDraft {
  var response: AuthorizeResponse
  /// The related operands' texts are to come: where they go.
  var operands: ResponseTexts?
  var operandOf: UnsafeMutablePointer<UInt8>?
  /// Messages are to come.
  var texts: ResponseTexts?
  var offsets = ColumnQuestions.Offsets()
  /// The next check whose texts are to come.
  var row = 0

  /// To be filled by `Services.fill`.
  init() {
    response = AuthorizeResponse(
      origin: AnswerOrigin(decisionID: ByteView(), snapshotDigest: ByteView(), generation: 0),
      effects: ByteView(), reasons: ByteView())
  }

  var isWhole: Bool { operands == nil && texts == nil }
}

/// Putting decisions into the columns of an `AuthorizeResponse`.
extension Services {
  /// All at once.
  ///
  /// - Precondition: `decisions` holds `count` decisions.
  @unsafe
  mutating func respond(
    _ request: AuthorizeRequest, _ columns: CheckColumns?,
    _ organization: SnapshotSet.Organization?, _ decisions: UnsafeMutablePointer<Decision>,
    _ count: Int, _ reply: inout ReplyBuffer
  ) -> RPCStatus {
    var draft = AuthorizeDraft()
    guard unsafe fill(&draft, request, organization, decisions, count) else {
      return Services.outOfMemory
    }
    if !draft.isWhole {
      _ = unsafe extend(
        &draft, request, columns, decisions, count, organization?.view, by: count)
      if !draft.isWhole { return Services.outOfMemory }
    }
    return unsafe pack(draft, request, columns, organization, decisions, &reply)
  }

  /// Packs the answer, and notes how the request came out.
  ///
  /// - Precondition: `decisions` holds `count` decisions.
  @unsafe
  @inline(__always)
  mutating func pack(
    _ draft: borrowing AuthorizeDraft, _ request: AuthorizeRequest, _ columns: CheckColumns?,
    _ organization: SnapshotSet.Organization?, _ decisions: UnsafeMutablePointer<Decision>,
    _ reply: inout ReplyBuffer
  ) -> RPCStatus {
    guard draft.isWhole else { return Services.outOfMemory }
    unsafe note(request, columns, organization, decisions, draft.response)
    // SAFETY: the reply reserved as many bytes as the message has.
    unsafe draft.response.pack { unsafe reply.claim($0) }
    return .ok
  }

  /// Makes the columns, without the texts that take an allocation each; false where the arena is
  /// full.
  ///
  /// - Precondition: `decisions` holds `count` decisions.
  @unsafe
  @inline(__always)
  mutating func fill(
    _ draft: inout AuthorizeDraft, _ request: AuthorizeRequest,
    _ organization: SnapshotSet.Organization?, _ decisions: UnsafeMutablePointer<Decision>,
    _ count: Int
  ) -> Bool {
    guard let effects = unsafe bytes(count), let reasons = unsafe bytes(count),
      let origin = origin(organization)
    else { return false }
    // Which reasons come is a coin toss to a processor: no branch depends on them here.
    var operandKinds: UInt8 = 0
    for index in 0..<count {
      // SAFETY: all three have `count` elements.
      let decision = unsafe decisions[index]
      unsafe effects[index] = decision.effectByte
      unsafe reasons[index] = decision.reasonByte
      operandKinds |= 1 &<< decision.operandByte
      operandKinds |= decision.permission == Decision.none ? 0 : Services.somePermission
    }
    draft.response.origin = origin
    draft.response.effects = unsafe ByteView(base: effects, count: count)
    draft.response.reasons = unsafe ByteView(base: reasons, count: count)
    if operandKinds > 1, let view = organization?.view {
      guard unsafe addMissingTerms(&draft, decisions, count, view, operandKinds) else {
        return false
      }
    }
    if request.wantsMessages {
      guard let texts = ResponseTexts(capacity: count, in: arena) else { return false }
      draft.texts = texts
    }
    return true
  }

  // MARK: Missing terms

  /// A bit beside those of the kinds of operands: some decision names a permission.
  private static var somePermission: UInt8 { 0x80 }

  /// The columns of the missing terms, in two passes: which texts there are, then their places.
  @unsafe
  private func addMissingTerms(
    _ draft: inout AuthorizeDraft, _ decisions: UnsafeMutablePointer<Decision>, _ count: Int,
    _ view: SnapshotView, _ operandKinds: UInt8
  ) -> Bool {
    guard let permissionOf = unsafe bytes(count), let operandOf = unsafe bytes(count * 2),
      var permissions = ResponseTexts(capacity: view.permissionCount, in: arena),
      var operands = ResponseTexts(capacity: count + 2, in: arena)
    else { return false }
    // By permission: its place among the texts plus one. What names none has number 255.
    var places = InlineArray<256, UInt8>(repeating: 0)
    // SAFETY of all loops: `count` decisions, twice as many bytes for the operands.
    for index in 0..<count { unsafe places[Int(decisions[index].permission)] = 1 }
    places[Int(Decision.none)] = 0
    for permission in 0..<view.permissionCount where places[permission] != 0 {
      permissions.append(view.permissionName(permission))
      places[permission] = UInt8(permissions.count)
    }
    var operandPlaces = InlineArray<4, UInt8>(repeating: 0)
    operandPlaces[1] = Services.add("self", of: .self, operandKinds, &operands)
    operandPlaces[2] = Services.add("target", of: .target, operandKinds, &operands)
    for index in 0..<count {
      let decision = unsafe decisions[index]
      unsafe permissionOf[index] = places[Int(decision.permission)]
      unsafe operandOf[index &* 2] = 0
      unsafe operandOf[index &* 2 &+ 1] = operandPlaces[Int(decision.operandByte)]
    }
    draft.response.missing = unsafe AuthorizeResponse.MissingTerms(
      permissions: permissions, permissionOf: ByteView(base: permissionOf, count: count),
      operands: operands, operandOf: ByteView(base: operandOf, count: count * 2))
    if operandKinds & 1 << Decision.Operand.related.rawValue != 0 {
      draft.operands = operands
      unsafe draft.operandOf = operandOf
    }
    return true
  }

  /// Adds the text of a kind of operand if some decision names it: its place plus one, or zero.
  private static func add(
    _ text: StaticString, of kind: Decision.Operand, _ kinds: UInt8, _ texts: inout ResponseTexts
  ) -> UInt8 {
    guard kinds & 1 << kind.rawValue != 0 else { return 0 }
    // SAFETY: a static string's bytes live as long as the process.
    texts.append(unsafe ByteView(base: text.utf8Start, count: text.utf8CodeUnitCount))
    return UInt8(texts.count)
  }
}
