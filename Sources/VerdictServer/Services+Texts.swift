internal import VerdictEngine
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSnapshot

/// The texts of an `AuthorizeResponse` that are made check by check.
extension Services {
  /// Adds the texts of so many checks to a draft that is not whole.
  ///
  /// - Returns: whether nothing more is to be done: the draft is whole, or the arena is full and it
  ///   never will be.
  @unsafe
  mutating func extend(
    _ draft: inout AuthorizeDraft, _ request: AuthorizeRequest, _ columns: CheckColumns?,
    _ decisions: UnsafeMutablePointer<Decision>, _ count: Int, _ view: SnapshotView?,
    by checkCount: Int
  ) -> Bool {
    // SAFETY of all: `count` decisions, and rows below the count.
    let end = min(count, draft.row + checkCount)
    let questions = columns.map { ColumnQuestions($0) }
    for row in draft.row..<end {
      let decision = unsafe decisions[row]
      if draft.operands != nil, decision.operand == .related, let view {
        guard unsafe addRelated(decision, row, view, &draft) else { return true }
      }
      if draft.texts != nil {
        let question =
          questions?.next(row, &draft.offsets, in: arena) ?? self.question(request, row)
        let text =
          view.map { AnswerWriter(view: $0).message(decision, question) }
          ?? decision.reason.row.text
        guard let copy = text.withByteView({ arena.copy($0) }) else { return true }
        draft.texts?.append(copy)
      }
    }
    draft.row = end
    guard end == count else { return false }
    if let operands = draft.operands { draft.response.missing?.operands = operands }
    draft.response.messages = draft.texts
    draft.operands = nil
    draft.texts = nil
    return true
  }

  /// `related:TYPE/ID` for one check; false where the arena is full.
  @unsafe
  private func addRelated(
    _ decision: Decision, _ row: Int, _ view: SnapshotView, _ draft: inout AuthorizeDraft
  ) -> Bool {
    guard let operand = AnswerWriter(view: view).operand(decision),
      let text = operand.withByteView({ arena.copy($0) }), let operandOf = unsafe draft.operandOf
    else { return false }
    draft.operands?.append(text)
    let place = draft.operands?.count ?? 0
    // SAFETY: two bytes a check.
    unsafe operandOf[row * 2] = UInt8(truncatingIfNeeded: place >> 8)
    unsafe operandOf[row * 2 + 1] = UInt8(truncatingIfNeeded: place)
    return true
  }
}

/// The checks of the columns form one by one, as far as messages need them: their operands.
struct ColumnQuestions {
  /// Where the ids of the next row begin.
  struct Offsets {
    fileprivate var resource = 0
    fileprivate var target = 0
  }

  private let columns: CheckColumns

  init(_ columns: CheckColumns) { self.columns = columns }

  /// The check of a row; rows are taken in order.
  func next(
    _ row: Int, _ offsets: inout Offsets, in arena: borrowing MessageArena
  ) -> Question {
    let resource = text(
      row, columns.resourceTypes, columns.resourceIDs, &offsets.resource, arena)
    let target = text(row, columns.targetTypes, columns.targetIDs, &offsets.target, arena)
    return Question(
      principal: ByteView(), workspace: ByteView(), action: ByteView(), resource: resource,
      target: target)
  }

  /// `TYPE/ID` or `TYPE`; empty where there is none or the arena is full.
  private func text(
    _ row: Int, _ types: DictionaryColumn, _ ids: IDList, _ offset: inout Int,
    _ arena: borrowing MessageArena
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
