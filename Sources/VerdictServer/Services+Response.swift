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
    guard let effects = unsafe bytes(count), let reasons = unsafe bytes(count),
      let origin = origin(organization)
    else { return Services.outOfMemory }
    guard let tally else { preconditionFailure("a loop says where to count") }
    tally.count(batchOf: count)
    // Which reasons come is a coin toss to a processor: no branch depends on them here.
    var operandKinds: UInt8 = 0
    for index in 0..<count {
      // SAFETY: all three have `count` elements.
      let decision = unsafe decisions[index]
      unsafe effects[index] = decision.effectByte
      unsafe reasons[index] = decision.reasonByte
      tally.count(reason: decision.reasonByte)
      operandKinds |= 1 &<< decision.operand.rawValue
      operandKinds |= decision.permission == Decision.none ? 0 : Services.somePermission
    }
    var response = unsafe AuthorizeResponse(
      origin: origin, effects: ByteView(base: effects, count: count),
      reasons: ByteView(base: reasons, count: count))
    if operandKinds > 1, let view = organization?.view {
      guard let missing = unsafe missingTerms(decisions, count, view, operandKinds) else {
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
    unsafe response.pack { unsafe reply.claim($0) }
    return .ok
  }

  // MARK: Missing terms

  /// A bit beside those of the kinds of operands: some decision names a permission.
  private static var somePermission: UInt8 { 0x80 }

  /// The columns of the missing terms, in two passes: which texts there are, then their places.
  @unsafe
  private func missingTerms(
    _ decisions: UnsafeMutablePointer<Decision>, _ count: Int, _ view: SnapshotView,
    _ operandKinds: UInt8
  ) -> AuthorizeResponse.MissingTerms? {
    guard let permissionOf = unsafe bytes(count), let operandOf = unsafe bytes(count * 2),
      var permissions = ResponseTexts(capacity: view.permissionCount, in: arena),
      var operands = ResponseTexts(capacity: count + 2, in: arena)
    else { return nil }
    // By permission: its place among the texts plus one. What names none has number 255.
    var places = InlineArray<256, UInt8>(repeating: 0)
    // SAFETY of all loops: `count` decisions, twice as many bytes for the operands.
    for index in 0..<count { unsafe places[Int(decisions[index].permission)] = 1 }
    places[Int(Decision.none)] = 0
    for permission in 0..<view.permissionCount where places[permission] != 0 {
      permissions.append(view.permissionName(permission))
      places[permission] = UInt8(permissions.count)
    }
    for index in 0..<count {
      unsafe permissionOf[index] = places[Int(decisions[index].permission)]
    }
    var operandPlaces = InlineArray<4, UInt8>(repeating: 0)
    operandPlaces[1] = Services.add("self", of: .self, operandKinds, &operands)
    operandPlaces[2] = Services.add("target", of: .target, operandKinds, &operands)
    for index in 0..<count {
      let kind = unsafe decisions[index].operand.rawValue
      unsafe operandOf[index * 2] = 0
      unsafe operandOf[index * 2 + 1] = operandPlaces[Int(kind)]
    }
    if operandKinds & 1 << Decision.Operand.related.rawValue != 0 {
      guard unsafe addRelated(decisions, count, view, &operands, operandOf) else { return nil }
    }
    return unsafe AuthorizeResponse.MissingTerms(
      permissions: permissions, permissionOf: ByteView(base: permissionOf, count: count),
      operands: operands, operandOf: ByteView(base: operandOf, count: count * 2))
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

  /// A text for each related operand; false where the arena is full.
  @unsafe
  private func addRelated(
    _ decisions: UnsafeMutablePointer<Decision>, _ count: Int, _ view: SnapshotView,
    _ operands: inout ResponseTexts, _ operandOf: UnsafeMutablePointer<UInt8>
  ) -> Bool {
    for index in 0..<count where unsafe decisions[index].operand == .related {
      guard let text = unsafe related(decisions[index], view) else { return false }
      operands.append(text)
      unsafe operandOf[index * 2] = UInt8(truncatingIfNeeded: operands.count >> 8)
      unsafe operandOf[index * 2 + 1] = UInt8(truncatingIfNeeded: operands.count)
    }
    return true
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
