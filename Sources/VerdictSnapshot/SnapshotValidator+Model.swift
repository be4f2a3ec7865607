internal import VerdictModel

extension SnapshotValidator {
  /// The compiled access model: types, permissions, cells, actions, cases, terms, relations.
  func validateModel() throws(SnapshotError) {
    try validateCounts()
    try validateTexts()
    try validateMatrices()
    let types = view.typeCount
    for index in 0..<view.count(of: .permissions) {
      try require(
        view.load32(.permissions, index, 16) <= 2, "permission \(index): the kind")
    }
    for index in 0..<view.count(of: .relations) {
      let word = view.load64(.relations, index, 8)
      try require(
        Int(word & 0xff) < types && Int((word >> 8) & 0xff) < types, "relation \(index): a type")
    }
    for index in 0..<view.actionCount {
      let action = view.action(index)
      try require(
        action.flags & ~ActionFlag.known == 0 && action.selfOperand <= 3 && action.who <= 2,
        "action \(index): its rule")
    }
    for index in 0..<view.count(of: .cases) { try validateCase(index) }
    for index in 0..<view.count(of: .alternatives) {
      let alternative = view.alternative(index)
      try require(
        alternative.first + alternative.count <= view.count(of: .terms),
        "alternative \(index): the terms")
    }
    for index in 0..<view.count(of: .terms) {
      let term = view.term(index)
      let related = term.operand >= TermOperand.every && term.operand <= TermOperand.parent
      try require(
        Int(term.permission) < view.permissionCount && term.operand <= TermOperand.none
          && (!related || Int(term.relation) < view.count(of: .relations)),
        "term \(index)")
    }
  }

  private func validateCounts() throws(SnapshotError) {
    try require(view.count(of: .identity) == Identity.count, "identity: the number")
    try require(
      view.typeCount >= 1 && view.typeCount <= Limits.resourceTypeCountMax, "types: the number")
    try require(
      view.permissionCount <= Limits.permissionCountMax, "permissions: the number")
    try require(view.actionCount <= Limits.actionCountMax, "actions: the number")
    try require(view.count(of: .relations) <= Limits.relationCountMax, "relations: the number")
    try require(view.count(of: .cases) < SnapshotFormat.none16, "cases: the number")
    try require(view.cellCount < Int(Int16.max), "header: the number of cells")
    let columns = view.typeCount + 1
    try require(
      view.count(of: .cells) == view.permissionCount * columns, "cells: the number")
    try require(
      view.count(of: .rules) == view.actionCount * columns, "rules: the number")
  }

  private func validateTexts() throws(SnapshotError) {
    for kind in [SectionKind.identity, .types, .permissions, .actions, .relations] {
      let references = kind == .types ? 3 : kind == .permissions || kind == .actions ? 2 : 1
      for index in 0..<view.count(of: kind) {
        for place in 0..<references {
          let start = Int(view.load32(kind, index, place * 8))
          let end = start + Int(view.load32(kind, index, place * 8 + 4))
          try require(end <= view.count(of: .texts), "\(kind) \(index): a text's place")
          try require(
            Identifier.isText(view.section(.texts)[start..<end]), "\(kind) \(index): not text")
        }
      }
    }
    try require(Identifier.isValid(view.organizationID), "identity: the organization")
  }

  private func validateMatrices() throws(SnapshotError) {
    for index in 0..<view.count(of: .cells) {
      let cell = view.load16(.cells, index)
      try require(
        cell == SnapshotFormat.none16 || Int(cell) < view.cellCount, "cells: number \(index)")
    }
    for index in 0..<view.count(of: .rules) {
      let rule = RuleRecord(word: view.load64(.rules, index))
      try require(rule.caseIndex < view.count(of: .cases), "rule \(index): the case")
      try require(
        rule.column <= view.cellCount && (rule.column == 0 || rule.caseIndex >= 0)
          && (rule.column == 0 || Int(rule.permission) < view.permissionCount),
        "rule \(index): the only term")
    }
  }

  private func validateCase(_ index: Int) throws(SnapshotError) {
    let record = view.caseRecord(index)
    try require(record.target <= 2, "case \(index): the target")
    try require(
      record.linkedBy == .max || Int(record.linkedBy) < view.count(of: .relations),
      "case \(index): the relation")
    try require(
      record.firstLinkedTerm + record.linkedTermCount <= view.count(of: .terms),
      "case \(index): the linked terms")
    try require(
      record.firstAlternative + record.alternativeCount <= view.count(of: .alternatives),
      "case \(index): the alternatives")
    let types = view.typeCount
    try require(
      types == 64 || record.targetTypes >> UInt64(types) == 0, "case \(index): a target type")
  }
}
