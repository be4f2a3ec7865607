internal import VerdictEngine
internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSnapshot

/// Putting decisions into the columns of an `AuthorizeResponse`.
extension Services {
  /// - Precondition: `decisions` holds `count` decisions.
  @unsafe
  mutating func respond(
    _ request: AuthorizeRequest, _ columns: CheckColumns?,
    _ organization: SnapshotSet.Organization?, _ decisions: UnsafeMutablePointer<Decision>,
    _ count: Int, _ reply: inout ReplyBuffer
  ) -> RPCStatus {
    guard let effects = unsafe bytes(count), let reasons = unsafe bytes(count) else {
      return Services.outOfMemory
    }
    var missingCount = 0
    for index in 0..<count {
      // SAFETY: all three have `count` elements.
      let decision = unsafe decisions[index]
      unsafe effects[index] = decision.effect.rawValue
      unsafe reasons[index] = decision.reason.rawValue
      if decision.operand != .none || decision.permission != Decision.none { missingCount += 1 }
    }
    var response = unsafe AuthorizeResponse(
      origin: origin(organization), effects: ByteView(base: effects, count: count),
      reasons: ByteView(base: reasons, count: count))
    if missingCount > 0, let view = organization?.view {
      guard let missing = unsafe missingTerms(decisions, count, view) else {
        return Services.outOfMemory
      }
      response.missing = missing
    }
    if request.wantsMessages {
      guard let messages = unsafe messages(request, columns, decisions, count, organization?.view)
      else { return Services.outOfMemory }
      response.messages = messages
    }
    // SAFETY: the reply reserved as many bytes as the message has.
    unsafe response.pack { byteCount in
      let room = unsafe reply.reserve(byteCount)
      reply.commit(byteCount)
      return unsafe room
    }
    return .ok
  }

  // MARK: Missing terms

  private static let selfText: StaticString = "self"
  private static let targetText: StaticString = "target"

  @unsafe
  private func missingTerms(
    _ decisions: UnsafeMutablePointer<Decision>, _ count: Int, _ view: SnapshotView
  ) -> AuthorizeResponse.MissingTerms? {
    guard let permissionOf = unsafe bytes(count), let operandOf = unsafe bytes(count * 2),
      var permissions = ResponseTexts(capacity: view.permissionCount, in: arena),
      var operands = ResponseTexts(capacity: count + 2, in: arena)
    else { return nil }
    // Places of permissions and of the two plain operands among the texts, plus one.
    var permissionPlaces = InlineArray<256, UInt8>(repeating: 0)
    var selfPlace = 0
    var targetPlace = 0
    for index in 0..<count {
      // SAFETY: `count` elements, twice as many bytes for the operands.
      let decision = unsafe decisions[index]
      let permission = Int(decision.permission)
      if decision.permission != Decision.none, permissionPlaces[permission] == 0 {
        permissions.append(view.permissionName(permission))
        permissionPlaces[permission] = UInt8(permissions.count)
      }
      unsafe permissionOf[index] =
        decision.permission == Decision.none ? 0 : permissionPlaces[permission]
      var place = 0
      switch decision.operand {
      case .none: break
      case .self:
        if selfPlace == 0 { selfPlace = Services.add(Services.selfText, &operands) }
        place = selfPlace
      case .target:
        if targetPlace == 0 { targetPlace = Services.add(Services.targetText, &operands) }
        place = targetPlace
      case .related:
        guard let text = related(decision, view) else { return nil }
        operands.append(text)
        place = operands.count
      }
      unsafe operandOf[index * 2] = UInt8(truncatingIfNeeded: place >> 8)
      unsafe operandOf[index * 2 + 1] = UInt8(truncatingIfNeeded: place)
    }
    return unsafe AuthorizeResponse.MissingTerms(
      permissions: permissions, permissionOf: ByteView(base: permissionOf, count: count),
      operands: operands, operandOf: ByteView(base: operandOf, count: count * 2))
  }

  private static func add(_ text: StaticString, _ texts: inout ResponseTexts) -> Int {
    // SAFETY: a static string's bytes live as long as the process.
    texts.append(unsafe ByteView(base: text.utf8Start, count: text.utf8CodeUnitCount))
    return texts.count
  }

  /// `related:TYPE/ID` in the arena, or nil where it is full.
  private func related(_ decision: Decision, _ view: SnapshotView) -> ByteView? {
    guard let operand = AnswerWriter(view: view).operand(decision) else { return nil }
    return operand.withByteView { arena.copy($0) }
  }

  // MARK: Messages

  @unsafe
  private func messages(
    _ request: AuthorizeRequest, _ columns: CheckColumns?,
    _ decisions: UnsafeMutablePointer<Decision>, _ count: Int, _ view: SnapshotView?
  ) -> ResponseTexts? {
    guard var texts = ResponseTexts(capacity: count, in: arena) else { return nil }
    var questions = columns.map { ColumnQuestions($0) }
    for index in 0..<count {
      // SAFETY: `count` decisions.
      let decision = unsafe decisions[index]
      let question = questions?.next(in: arena) ?? self.question(request, index)
      let text =
        view.map { AnswerWriter(view: $0).message(decision, question) }
        ?? decision.reason.row.text
      guard let copy = text.withByteView({ arena.copy($0) }) else { return nil }
      texts.append(copy)
    }
    return texts
  }
}

/// The checks of the columns form one by one, as far as messages need them: their operands.
private struct ColumnQuestions {
  private let columns: CheckColumns
  private var row = 0
  private var resourceOffset = 0
  private var targetOffset = 0

  init(_ columns: CheckColumns) { self.columns = columns }

  mutating func next(in arena: borrowing MessageArena) -> Question {
    defer { row += 1 }
    let resource = text(columns.resourceTypes, columns.resourceIDs, &resourceOffset, arena)
    let target = text(columns.targetTypes, columns.targetIDs, &targetOffset, arena)
    return Question(
      principal: ByteView(), workspace: ByteView(), action: ByteView(), resource: resource,
      target: target)
  }

  /// `TYPE/ID` or `TYPE`; empty where there is none or the arena is full.
  private func text(
    _ types: DictionaryColumn, _ ids: IDList, _ offset: inout Int, _ arena: borrowing MessageArena
  ) -> ByteView {
    let index = types.indices.isEmpty ? 0 : Int(types.indices[row])
    let type = index < types.values.count ? types.values[index] : ByteView()
    guard ids.count > 0 else { return type }
    let length = Int(ids.lengths[row])
    defer { offset += length }
    guard length > 0 else { return type }
    let joined = type.array + [UInt8(ascii: "/")] + ids.data[offset..<offset + length].array
    return joined.withByteView { arena.copy($0) } ?? ByteView()
  }
}
