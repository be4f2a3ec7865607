internal import VerdictModel
internal import VerdictSnapshot

/// The terms of a check, spelled out: which permissions on which resources.
struct RequiredTerms {
  /// A term with what its operand comes to.
  struct Term {
    let record: TermRecord
    let leaves: [RequirementLeaf]
    /// One leaf is enough.
    let isAny: Bool
    /// Nothing that could be granted makes it hold.
    let isImpossible: Bool
  }

  let view: SnapshotView
  let check: InspectedCheck
  /// Terms that all have to hold, in the order of the model; one list each alternative.
  private(set) var alternatives: [[Term]] = []

  init(_ check: InspectedCheck, _ rule: CaseRecord) {
    view = check.view
    self.check = check
    if rule.linkedBy != .max, isLinked(by: Int(rule.linkedBy)) {
      alternatives = [terms(rule.firstLinkedTerm, rule.linkedTermCount)]
      return
    }
    alternatives = (0..<rule.alternativeCount).map { index in
      let alternative = view.alternative(rule.firstAlternative + index)
      return terms(alternative.first, alternative.count)
    }
  }

  /// Whether a term asks for something that the organization's plan has no way to grant.
  var hasWhatThePlanGrantsNobody: Bool {
    alternatives.contains { terms in
      terms.contains { term in
        term.leaves.contains { leaf in
          leaf.cell >= 0
            && view.grantable(cell: leaf.cell).flags & GrantableFlag.grantable == 0
        }
      }
    }
  }

  private func isLinked(by relation: Int) -> Bool {
    guard check.resource.resolution == .known, check.target.resolution == .known else {
      return false
    }
    return linkedSlots(relation).contains(Int(check.target.slot.number))
  }

  private func linkedSlots(_ relation: Int) -> [Int] {
    view.links(check.resource.slot.value).compactMap {
      let link = view.link($0)
      return link.relation == relation ? link.slot : nil
    }
  }

  private func terms(_ first: Int, _ count: Int) -> [Term] {
    (first..<first + count).map { term(view.term($0)) }
  }

  private func term(_ record: TermRecord) -> Term {
    let permission = Int(record.permission)
    switch record.operand {
    case TermOperand.selfResource:
      return term(record, leaf(permission, check.resource, check.resourceID))
    case TermOperand.target: return term(record, leaf(permission, check.target, check.targetID))
    case TermOperand.none:
      let cell = view.cell(permission: permission, type: view.typeCount)
      return term(
        record,
        RequirementLeaf(
          permission: permission, cell: cell, type: nil, slot: nil, ordinal: nil, id: ""))
    default: return relatedTerm(record)
    }
  }

  private func term(_ record: TermRecord, _ leaf: RequirementLeaf?) -> Term {
    Term(
      record: record, leaves: leaf.map { [$0] } ?? [], isAny: false,
      isImpossible: (leaf?.cell ?? -1) < 0)
  }

  private func leaf(
    _ permission: Int, _ operand: ResolvedOperand, _ id: String
  ) -> RequirementLeaf? {
    guard operand.type >= 0 else { return nil }
    let type = Int(operand.type)
    let isKnown = operand.resolution == .known
    return RequirementLeaf(
      permission: permission, cell: view.cell(permission: permission, type: type), type: type,
      slot: isKnown ? operand.slot.number : nil,
      ordinal: isKnown ? view.ordinal(operand.slot.value) : nil, id: isKnown ? "" : id)
  }

  /// A resource that the snapshot does not know has no known links: every related one holds, none
  /// of any does, and its parent may be any resource of the parent's type.
  private func relatedTerm(_ record: TermRecord) -> Term {
    let permission = Int(record.permission)
    let relation = Int(record.relation)
    guard check.resource.resolution == .known else {
      let isAny = record.operand == TermOperand.any
      var leaves: [RequirementLeaf] = []
      if record.operand == TermOperand.parent {
        let type = view.relationTarget(relation)
        leaves.append(
          RequirementLeaf(
            permission: permission, cell: view.cell(permission: permission, type: type),
            type: type, slot: nil, ordinal: nil, id: ""))
      }
      return Term(
        record: record, leaves: leaves, isAny: isAny,
        isImpossible: isAny || leaves.contains { $0.cell < 0 })
    }
    let resources = view.table(.resources)
    let leaves = linkedSlots(relation).map { slot in
      let type = Int(resources.slot(slot).tag)
      return RequirementLeaf(
        permission: permission, cell: view.cell(permission: permission, type: type), type: type,
        slot: slot, ordinal: view.ordinal(resources.slot(slot).value), id: "")
    }
    let isAny = record.operand == TermOperand.any
    let isImpossible =
      isAny
      ? leaves.allSatisfy { $0.cell < 0 }
      : leaves.contains { $0.cell < 0 } || record.operand == TermOperand.parent && leaves.isEmpty
    return Term(record: record, leaves: leaves, isAny: isAny, isImpossible: isImpossible)
  }
}
