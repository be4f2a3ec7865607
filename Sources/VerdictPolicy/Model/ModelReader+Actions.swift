internal import VerdictModel

/// Workspace actions: those that the model spells out, then those that follow from a PII
/// permission or a switch.
extension ModelReader {
  private static let actionKeys: [Key] = [
    .display, .resource, .symmetric, .adminOnly, .reads, .pii, .cases, .sameAs,
  ]

  mutating func readActions(_ node: Int) {
    for (key, value) in reading.entries(node, "`actions`") ?? .none(reading.tree) {
      guard let name = name(key, "an action"),
        let fields = reading.fields(
          value, "an action", allowed: ModelReader.actionKeys, required: [.display])
      else { continue }
      let rule = fields[.sameAs].map { copiedRule($0, fields) } ?? rule(fields)
      model.actions.append(
        AccessModel.Action(
          name: name, display: display(fields[.display]), rule: .workspace(rule)))
    }
  }

  /// The rule of the action that `same_as` names, which has to stand above.
  private mutating func copiedRule(_ node: Int, _ fields: Fields) -> AccessModel.WorkspaceRule {
    for key in fields.seen where key != .sameAs && key != .display {
      reading.error(node, "`same_as` beside `\(key.name)`, expected one of them")
    }
    if let index = word(node, "action", model.actions.map(\.name)),
      case .workspace(let rule) = model.actions[index].rule
    {
      return rule
    }
    return AccessModel.WorkspaceRule(selfOperand: .none, cases: [])
  }

  private mutating func rule(_ fields: Fields) -> AccessModel.WorkspaceRule {
    var rule = AccessModel.WorkspaceRule(
      selfOperand: selfOperand(fields), symmetric: flag(fields, .symmetric),
      adminOnly: flag(fields, .adminOnly), reads: flag(fields, .reads), pii: flag(fields, .pii),
      cases: [])
    if let cases = fields[.cases] {
      for element in reading.elements(cases, "`cases`") ?? .none(reading.tree) {
        readCase(element, &rule)
      }
    } else if rule.adminOnly, rule.selfOperand == .none {
      // No alternative: nothing but being an admin is ever enough.
      rule.cases = [AccessModel.Case(selfType: nil, alternatives: [])]
    } else {
      reading.error(fields.node, "an action has no `cases`, which are required")
    }
    return rule
  }

  private mutating func selfOperand(_ fields: Fields) -> AccessModel.WorkspaceRule.SelfOperand {
    guard let node = fields[.resource] else { return .none }
    switch word(node, "`resource`", ["none", "optional", "required", "type"]) {
    case 1: return .optional
    case 2: return .required
    case 3: return .type
    default: return .none
    }
  }

  private mutating func readCase(_ node: Int, _ rule: inout AccessModel.WorkspaceRule) {
    let allowed: [Key] = [.types, .pairs, .target, .linkedBy, .whenLinked, .requires, .anyOf]
    guard let fields = reading.fields(node, "a case", allowed: allowed) else { return }
    if (fields[.types] == nil) == (fields[.pairs] == nil) {
      reading.error(node, "a case needs either `types` or `pairs`")
    }
    if (fields[.requires] == nil) == (fields[.anyOf] == nil) {
      reading.error(node, "a case needs either `requires` or `any_of`")
    }
    for (type, targets) in ends(fields, rule.selfOperand) {
      var one = AccessModel.Case(selfType: type, alternatives: [])
      readTarget(fields, targets, &one)
      one.alternatives = alternatives(fields, one)
      readLink(fields, &one)
      add(one, node, &rule)
    }
  }

  /// The types of `self` that a case is about, each with the target types that its pairs give.
  private mutating func ends(
    _ fields: Fields, _ operand: AccessModel.WorkspaceRule.SelfOperand
  ) -> [(type: Int?, targets: [Int])] {
    if let node = fields[.types] {
      if reading.tree.isText(node), reading.tree.text(node) == "none" {
        if operand == .required || operand == .type {
          reading.error(node, "`types: none` for an action that needs a resource, expected types")
        }
        return [(nil, [])]
      }
      if operand == .none {
        reading.error(node, "types for an action without a resource, expected `types: none`")
      }
      return typeList(node).map { ($0, []) }
    }
    guard let node = fields[.pairs] else { return [] }
    var targets: [[Int]] = Array(repeating: [], count: model.resourceTypes.count)
    for pair in pairs(node, "`pairs`") {
      if !targets[pair.first].contains(pair.second) { targets[pair.first].append(pair.second) }
      if !targets[pair.second].contains(pair.first) { targets[pair.second].append(pair.first) }
    }
    return targets.indices.filter { !targets[$0].isEmpty }.map { ($0, targets[$0]) }
  }

  private mutating func readTarget(
    _ fields: Fields, _ targets: [Int], _ one: inout AccessModel.Case
  ) {
    if !targets.isEmpty {
      one.target = .required
      one.targetTypes = targets
    }
    guard let node = fields[.target] else { return }
    if fields[.pairs] != nil {
      reading.error(node, "`target` beside `pairs`, which give the targets already")
    }
    guard
      let target = reading.fields(
        node, "`target`", allowed: [.types, .optional], required: [.types])
    else { return }
    one.targetTypes = target[.types].map { typeList($0) } ?? []
    one.target = flag(target, .optional) ? .optional : .required
  }

  private mutating func alternatives(
    _ fields: Fields, _ one: AccessModel.Case
  ) -> [[AccessModel.Term]] {
    if let node = fields[.requires] { return [terms(node, one)] }
    var alternatives: [[AccessModel.Term]] = []
    if let node = fields[.anyOf] {
      for element in reading.elements(node, "`any_of`") ?? .none(reading.tree) {
        alternatives.append(terms(element, one))
      }
      if alternatives.isEmpty { reading.error(node, "`any_of` is empty, expected lists of terms") }
    }
    return alternatives
  }

  private mutating func readLink(_ fields: Fields, _ one: inout AccessModel.Case) {
    guard let node = fields[.linkedBy] else {
      if let node = fields.keyNode(.whenLinked) {
        reading.error(node, "`when_linked` without `linked_by`, expected both")
      }
      return
    }
    one.linkedBy = reading.text(node, "`linked_by`").flatMap { relation(node, $0, one) }
    if one.target == .none { reading.error(node, "`linked_by` without `target`, expected both") }
    if let terms = fields[.whenLinked] {
      one.linkedTerms = self.terms(terms, one)
    } else {
      reading.error(node, "`linked_by` without `when_linked`, expected both")
    }
  }

  private mutating func add(
    _ one: AccessModel.Case, _ node: Int, _ rule: inout AccessModel.WorkspaceRule
  ) {
    guard let index = rule.cases.firstIndex(where: { $0.selfType == one.selfType }) else {
      rule.cases.append(one)
      return
    }
    // Two lists of pairs may meet in a type: its targets unite if the terms are the same.
    var united = rule.cases[index]
    united.targetTypes = one.targetTypes
    if united == one, Set(rule.cases[index].targetTypes).isDisjoint(with: one.targetTypes) {
      rule.cases[index].targetTypes += one.targetTypes
    } else {
      let type = one.selfType.map { model.resourceTypes[$0].name } ?? "none"
      reading.error(node, "a second case for `\(type)`, expected one for each type")
    }
  }

  /// A PII permission and a switch are actions of the same name, unless `actions` has them.
  mutating func addDerivedActions() {
    for (index, permission) in model.permissions.enumerated()
    where permission.kind != .resource && model.actionIndex(permission.name) == nil {
      let isSwitch = permission.kind == .switch
      let cases =
        isSwitch
        ? [
          AccessModel.Case(
            selfType: nil, alternatives: [[AccessModel.Term(permission: index, operand: .none)]])
        ]
        : permission.types.map {
          AccessModel.Case(
            selfType: $0.type,
            alternatives: [[AccessModel.Term(permission: index, operand: .self)]])
        }
      let rule = AccessModel.WorkspaceRule(
        selfOperand: isSwitch ? .none : .required, reads: !isSwitch, pii: !isSwitch, cases: cases)
      model.actions.append(
        AccessModel.Action(
          name: permission.name, display: permission.display, rule: .workspace(rule)))
    }
  }
}
