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
    if !isKnown { return word & 3 == 3 ? .covered : .notInScope }
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
    for index in view.links(resource.slot.value) {
      let link = view.link(index)
      guard link.relation == Int(term.relation) else { continue }
      let slot = resources.slot(link.slot)
      let coverage = coverage(
        term.permission, type: Int(slot.tag), isKnown: true, value: slot.value)
      if coverage == .covered, term.operand == TermOperand.any { return nil }
      if coverage != .covered, term.operand != TermOperand.any {
        return denial(coverage, term, .related, slot: link.slot)
      }
    }
    // Every one holds where none is missing. Of any one none was found to hold; of a parent the
    // first that does not was found above, and the document has one.
    if term.operand == TermOperand.every { return nil }
    if term.operand == TermOperand.parent, hasLink(term.relation) { return nil }
    return denial(.notInScope, term, .self)
  }

  /// A resource that the snapshot does not know has no known links: every related one holds, none
  /// of any does, and its parent may be any resource of the parent's type.
  private func missingOfUnknown(_ term: TermRecord) -> Decision? {
    switch term.operand {
    case TermOperand.every: return nil
    case TermOperand.any: return denial(.notInScope, term, .self)
    default:
      let type = view.relationTarget(Int(term.relation))
      let coverage = coverage(term.permission, type: type, isKnown: false, value: 0)
      return coverage == .covered ? nil : denial(coverage, term, .self)
    }
  }
}
