internal import VerdictModel
internal import VerdictPolicy
internal import VerdictSnapshot

/// The number of each (permission, type) that can be granted; see `SnapshotFormat`.
struct CellMap {
  let columns: Int
  private(set) var cells: [UInt16]
  private(set) var count = 0

  init(_ model: AccessModel) {
    columns = model.resourceTypes.count + 1
    cells = Array(repeating: SnapshotFormat.none16, count: model.permissions.count * columns)
    for (index, permission) in model.permissions.enumerated() {
      if permission.kind == .switch { assign(index, columns - 1) }
      for grantable in permission.types { assign(index, grantable.type) }
    }
  }

  private mutating func assign(_ permission: Int, _ type: Int) {
    cells[permission * columns + type] = UInt16(count)
    count += 1
  }

  /// The cell of a permission on a type, nil for a switch.
  ///
  /// - Precondition: the model lets the permission be granted on the type.
  func cell(_ permission: Int, type: Int?) -> Int {
    let cell = cells[permission * columns + (type ?? columns - 1)]
    precondition(cell != SnapshotFormat.none16, "a checked grant has a cell")
    return Int(cell)
  }
}

/// Writes the access model, and what of it depends on the organization's plan.
enum ModelSections {
  static func write(_ document: PolicyDocument, to writer: inout SnapshotWriter) -> CellMap {
    let model = document.model
    let cells = CellMap(model)
    writer.cellCount = cells.count
    if document.organization.unknownResources == .deny {
      writer.flags |= SnapshotFlag.denyUnknownResources
    }
    let plan = model.plans[document.organization.plan]
    if !plan.features.contains(.pii) { writer.flags |= SnapshotFlag.piiOpen }

    for text in [model.id, document.symbols.text(document.organization.id.symbol), plan.name] {
      let reference = writer.reference(text)
      writer[.identity].append(integer: reference)
    }
    writeTypes(model, to: &writer)
    for cell in cells.cells { writer[.cells].append(integer: cell) }
    writeActions(document, cells, to: &writer)
    writeNames(model, to: &writer)
    return cells
  }

  private static func writeTypes(_ model: AccessModel, to writer: inout SnapshotWriter) {
    for type in model.resourceTypes {
      for text in [type.name, type.display, type.plural] {
        let reference = writer.reference(text)
        writer[.types].append(integer: reference)
      }
    }
    for permission in model.permissions {
      for text in [permission.name, permission.display] {
        let reference = writer.reference(text)
        writer[.permissions].append(integer: reference)
      }
      writer[.permissions].append(integer: UInt64(permission.kind.rawValue))
    }
    for relation in model.relations {
      let reference = writer.reference(relation.name)
      writer[.relations].append(integer: reference)
      writer[.relations].append(contentsOf: [
        UInt8(relation.from), UInt8(relation.to), relation.single ? 1 : 0,
        relation.throughConnections ? 1 : 0, 0, 0, 0, 0,
      ])
    }
  }

  private static func writeActions(
    _ document: PolicyDocument, _ cells: CellMap, to writer: inout SnapshotWriter
  ) {
    let model = document.model
    let columns = model.resourceTypes.count + 1
    for action in model.actions {
      for text in [action.name, action.display] {
        let reference = writer.reference(text)
        writer[.actions].append(integer: reference)
      }
      var rules = [UInt64](repeating: UInt64(SnapshotFormat.none16), count: columns)
      switch action.rule {
      case .workspace(let rule):
        writer[.actions].append(integer: flags(rule))
        writer[.actions].append(contentsOf: [rule.selfOperand.rawValue, 0, 0, 0, 0, 0])
        for item in rule.cases {
          rules[item.selfType ?? columns - 1] =
            UInt64(writer[.cases].count / 24) | onlyTerm(item, rule, document, cells) << 16
          writeCase(item, to: &writer)
        }
      case .organization(let rule):
        writer[.actions].append(integer: flags(rule, document))
        writer[.actions].append(contentsOf: [0, rule.who.rawValue, 0, 0, 0, 0])
      }
      for rule in rules { writer[.rules].append(integer: rule) }
    }
  }

  private static func flags(_ rule: AccessModel.WorkspaceRule) -> UInt16 {
    var flags: UInt16 = 0
    if rule.symmetric { flags |= ActionFlag.symmetric }
    if rule.adminOnly { flags |= ActionFlag.adminOnly }
    if rule.reads { flags |= ActionFlag.reads }
    if rule.pii { flags |= ActionFlag.pii }
    if rule.cases.allSatisfy({ $0.target == .required }) { flags |= ActionFlag.requiresTarget }
    if rule.cases.contains(where: { $0.target != .none }) { flags |= ActionFlag.takesTarget }
    return flags
  }

  private static func flags(
    _ rule: AccessModel.OrganizationRule, _ document: PolicyDocument
  ) -> UInt16 {
    var flags = ActionFlag.organization
    if rule.organizationTokens { flags |= ActionFlag.organizationTokens }
    if rule.targetsUser { flags |= ActionFlag.targetsUser }
    if let gate = rule.plan, isLimited(gate, document) { flags |= ActionFlag.planLimited }
    return flags
  }

  /// Whether the organization's plan stops what the gate guards (domain.md 2.5, 2.6).
  private static func isLimited(
    _ gate: AccessModel.OrganizationRule.PlanGate, _ document: PolicyDocument
  ) -> Bool {
    let plan = document.model.plans[document.organization.plan]
    switch gate {
    case .without(let feature):
      return !plan.features.contains(feature)
    case .noneOf(let limit):
      return plan.limits[limit] == 0
    case .atLimit(let limit):
      guard let most = plan.limits[limit] else { return false }
      let organization = document.organization
      switch limit {
      case .members:
        return 1 + organization.admins.count + organization.members.count
          + organization.invitations.count >= most
      case .groups: return document.groups.count >= most
      case .workspaces: return document.workspaces.count >= most
      }
    }
  }

  private static func writeCase(
    _ item: AccessModel.Case, to writer: inout SnapshotWriter
  ) {
    let firstLinkedTerm = writer[.terms].count / 4
    for term in item.linkedTerms { writeTerm(term, to: &writer) }
    let firstAlternative = writer[.alternatives].count / 8
    for alternative in item.alternatives {
      writer[.alternatives].append(integer: UInt32(writer[.terms].count / 4))
      writer[.alternatives].append(integer: UInt32(alternative.count))
      for term in alternative { writeTerm(term, to: &writer) }
    }
    var targetTypes: UInt64 = 0
    for type in item.targetTypes { targetTypes |= 1 << UInt64(type) }
    writer[.cases].append(contentsOf: [
      item.target.rawValue, item.linkedBy.map { UInt8($0) } ?? .max,
      UInt8(item.linkedTerms.count), UInt8(item.alternatives.count),
    ])
    writer[.cases].append(integer: UInt32(firstLinkedTerm))
    writer[.cases].append(integer: UInt32(firstAlternative))
    writer[.cases].append(integer: UInt32(0))
    writer[.cases].append(integer: targetTypes)
  }

  /// Column (2 bytes) and permission (1) of a case that a member's check of a known resource
  /// meets by one term on it and by nothing else, or 0.
  private static func onlyTerm(
    _ item: AccessModel.Case, _ rule: AccessModel.WorkspaceRule, _ document: PolicyDocument,
    _ cells: CellMap
  ) -> UInt64 {
    let isOpen =
      rule.pii && !document.model.plans[document.organization.plan].features.contains(.pii)
    guard rule.selfOperand == .required || rule.selfOperand == .optional, !rule.adminOnly,
      !isOpen, item.target != .required, item.alternatives.count == 1,
      item.alternatives[0].count == 1,
      item.alternatives[0][0].operand == .self, let type = item.selfType
    else { return 0 }
    let permission = item.alternatives[0][0].permission
    return UInt64(cells.cell(permission, type: type) + 1) | UInt64(permission) << 16
  }

  private static func writeTerm(_ term: AccessModel.Term, to writer: inout SnapshotWriter) {
    let (operand, relation): (UInt8, Int) =
      switch term.operand {
      case .self: (TermOperand.selfResource, 0)
      case .target: (TermOperand.target, 0)
      case .every(let relation): (TermOperand.every, relation)
      case .any(let relation): (TermOperand.any, relation)
      case .parent(let relation): (TermOperand.parent, relation)
      case .none: (TermOperand.none, 0)
      }
    writer[.terms].append(contentsOf: [UInt8(term.permission), operand, UInt8(relation), 0])
  }

  private static func writeNames(_ model: AccessModel, to writer: inout SnapshotWriter) {
    var names = KeyTableBuilder()
    for (index, action) in model.actions.enumerated() {
      action.name.withByteView {
        names.add(tag: SnapshotView.actionTag, $0, value: UInt32(index))
      }
    }
    for (index, type) in model.resourceTypes.enumerated() {
      type.name.withByteView { names.add(tag: SnapshotView.typeTag, $0, value: UInt32(index)) }
    }
    writer[.names] = names.build().section
  }
}
