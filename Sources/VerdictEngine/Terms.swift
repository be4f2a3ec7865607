internal import VerdictModel
internal import VerdictSnapshot

/// The terms of a check, held against one class.
struct Terms {
  let view: SnapshotView
  let classIndex: Int
  let resource: ResolvedOperand
  let target: ResolvedOperand

  /// What the class's word for a permission says about one resource.
  private enum Coverage {
    case covered
    case notInScope
    case notGranted

    var reason: Reason { self == .notGranted ? .missingPermission : .resourceNotInScope }
  }

  /// The decision that names the first term of a list that does not hold, or nil.
  @inline(__always)
  func firstMissing(_ first: Int, _ count: Int) -> Decision? {
    var index = first
    while index < first &+ count {
      if let missing = missing(view.term(index)) { return missing }
      index &+= 1
    }
    return nil
  }

  @inline(__always)
  private func missing(_ term: TermRecord) -> Decision? {
    switch term.operand {
    case TermOperand.selfResource:
      let coverage = coverage(term.permission, of: resource)
      return coverage == .covered ? nil : denial(coverage, term, .self)
    case TermOperand.target:
      let coverage = coverage(term.permission, of: target)
      return coverage == .covered ? nil : denial(coverage, term, .target)
    case TermOperand.none:
      let cell = view.cell(permission: Int(term.permission), type: view.typeCount)
      let isOn = cell >= 0 && view.cellWord(class: classIndex, cell: cell) != CellWord.nothing
      return isOn ? nil : denial(.notGranted, term, .none)
    default:
      return missingRelated(term)
    }
  }

  private func denial(
    _ coverage: Coverage, _ term: TermRecord, _ operand: Decision.Operand, slot: Int = 0
  ) -> Decision {
    Decision(
      coverage.reason, permission: term.permission, operand: operand,
      relatedSlot: UInt32(truncatingIfNeeded: slot))
  }

  // MARK: One resource

  @inline(__always)
  private func coverage(_ permission: UInt8, of operand: ResolvedOperand) -> Coverage {
    guard operand.type >= 0 else { return .notGranted }
    return coverage(
      permission, type: Int(operand.type), isKnown: operand.resolution == .known,
      value: operand.slot.value)
  }

  @inline(__always)
  private func coverage(
    _ permission: UInt8, type: Int, isKnown: Bool, value: UInt32
  ) -> Coverage {
    let cell = view.cell(permission: Int(permission), type: type)
    guard cell >= 0 else { return .notGranted }
    let word = view.cellWord(class: classIndex, cell: cell)
    if word == CellWord.all { return .covered }
    if word == CellWord.nothing { return .notGranted }
    // A future flag covers what is new, and not something that may be old.
    if !isKnown { return word & 3 == 3 && value != .max ? .covered : .notInScope }
    return view.scope(word, contains: view.ordinal(value)) ? .covered : .notInScope
  }

  // MARK: Related resources

  /// Whether the resource is known to be linked to the target by a relation.
  func isLinked(by relation: Int) -> Bool {
    guard resource.resolution == .known, target.resolution == .known else { return false }
    for index in view.links(resource.slot.value) {
      let link = view.link(index)
      if link.relation == relation, link.slot == target.slot.number { return true }
    }
    return false
  }

  private func hasLink(_ relation: UInt8) -> Bool {
    view.links(resource.slot.value).contains { view.link($0).relation == Int(relation) }
  }

  private func missingRelated(_ term: TermRecord) -> Decision? {
    guard resource.resolution == .known else { return missingOfUnknown(term) }
    let resources = view.table(.resources)
    var first: Decision?
    for index in view.links(resource.slot.value) {
      let link = view.link(index)
      guard link.relation == Int(term.relation) else { continue }
      let slot = resources.slot(link.slot)
      let coverage = coverage(
        term.permission, type: Int(slot.tag), isKnown: true, value: slot.value)
      let isAny = term.operand == TermOperand.any
      if coverage == .covered {
        if isAny { return nil }
        continue
      }
      let missing = denial(coverage, term, .related, slot: link.slot)
      if !isAny { return missing }
      first = first ?? missing
    }
    // Every one holds where none is missing, and so does a parent, which the document has. Of any
    // one the first that lacks it is named, and `self` where there is none.
    if term.operand == TermOperand.every { return nil }
    if term.operand == TermOperand.parent, hasLink(term.relation) { return nil }
    return first ?? denialOfSelf(term)
  }

  /// A resource that the snapshot does not know has no known links: every related one holds, and
  /// none of any does. Its parent may be any current or future resource of the parent's type, so
  /// only `all` covers it: a future flag leaves out current ones.
  private func missingOfUnknown(_ term: TermRecord) -> Decision? {
    switch term.operand {
    case TermOperand.every: nil
    case TermOperand.any: denialOfSelf(term)
    default: wordOfRelated(term) == CellWord.all ? nil : denialOfSelf(term)
    }
  }

  /// Names `self` where no related resource is known.
  private func denialOfSelf(_ term: TermRecord) -> Decision {
    denial(wordOfRelated(term) == CellWord.nothing ? .notGranted : .notInScope, term, .self)
  }

  /// The class's word for a permission on the type that a relation leads to.
  private func wordOfRelated(_ term: TermRecord) -> UInt32 {
    let type = view.relationTarget(Int(term.relation))
    let cell = view.cell(permission: Int(term.permission), type: type)
    return cell < 0 ? CellWord.nothing : view.cellWord(class: classIndex, cell: cell)
  }
}
