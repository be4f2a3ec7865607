internal import VerdictModel

/// Checks: `ACTION`, `ACTION RESOURCE` or `ACTION RESOURCE TARGET`.
extension RouteReader {
  mutating func check(_ node: Int, _ template: Template) -> RouteDocument.Check? {
    guard let text = reading.text(node, "a check") else { return nil }
    let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard (1...3).contains(words.count), !words.contains("") else {
      reading.error(
        node, "`\(reading.shortened(node))` is no check, expected `ACTION [RESOURCE [TARGET]]`")
      return nil
    }
    guard let action = model.actions.first(where: { $0.name == words[0] }) else {
      let advice = Spelling.advice(words[0], among: model.actions.map(\.name))
      reading.error(node, "unknown action `\(words[0])`, \(advice)")
      return nil
    }
    var operands: [RouteDocument.Operand] = []
    for word in words.dropFirst() {
      guard let operand = operand(word, node, template) else { return nil }
      operands.append(operand)
    }
    let check = RouteDocument.Check(
      action: action.name, resource: operands.first,
      target: operands.count > 1 ? operands[1] : nil)
    if let fault = fault(of: check, action) {
      reading.error(node, fault)
      return nil
    }
    return check
  }

  /// `TYPE`, `TYPE/{source}`, `A|B/{source}`, `{source:table}`, `TYPE/*`, `TYPE/@target`,
  /// `connection/{source}`.
  private mutating func operand(
    _ text: String, _ node: Int, _ template: Template
  ) -> RouteDocument.Operand? {
    guard let operand = form(text, node, template) else { return nil }
    switch operand.form {
    case .id, .connection: return operand
    case .linkedToTarget where operand.typeSource != nil: break
    // Only an id could tell which of several types is meant.
    case .type, .new, .linkedToTarget: if operand.types.count < 2 { return operand }
    }
    reading.error(node, "`\(text)` is of several types, expected one where no id tells which")
    return nil
  }

  private mutating func form(
    _ text: String, _ node: Int, _ template: Template
  ) -> RouteDocument.Operand? {
    let slash = text.firstIndex(of: "/")
    let head = String(slash.map { text[..<$0] } ?? text[...])
    let id = slash.map { String(text[text.index(after: $0)...]) }
    guard
      var operand = head == "connection" && model.typeIndex(head) == nil
        ? RouteDocument.Operand(form: .connection) : kinds(head, node, template)
    else { return nil }
    if operand.form == .connection, id == nil {
      reading.error(node, "`connection` without an id, expected `connection/{id}`")
      return nil
    }
    guard let id else { return operand }
    switch id {
    case "*" where operand.form != .connection: operand.form = .new
    case "@target" where operand.form != .connection: operand.form = .linkedToTarget
    default:
      guard id.hasPrefix("{"), id.hasSuffix("}") else {
        reading.error(node, "`\(text)` names no id, expected `\(head)/{source}` or `\(head)/*`")
        return nil
      }
      guard let source = source(String(id.dropFirst().dropLast()), node, template) else {
        return nil
      }
      operand.id = source
      if operand.form != .connection { operand.form = .id }
    }
    return operand
  }

  /// The types of an operand, or where the request names its type.
  private mutating func kinds(
    _ head: String, _ node: Int, _ template: Template
  ) -> RouteDocument.Operand? {
    guard head.hasPrefix("{"), head.hasSuffix("}") else {
      var operand = RouteDocument.Operand(form: .type)
      for name in head.split(separator: "|", omittingEmptySubsequences: false) {
        guard let type = type(String(name), node) else { return nil }
        operand.types.append(type)
      }
      return operand
    }
    let parts = head.dropFirst().dropLast().split(separator: ":")
    guard parts.count == 2 else {
      reading.error(node, "`\(head)` is no type, expected `{source:table}`")
      return nil
    }
    guard let source = source(String(parts[0]), node, template) else { return nil }
    guard let table = tables[String(parts[1])] else {
      let advice = Spelling.advice(String(parts[1]), among: tables.keys.sorted())
      reading.error(node, "unknown table `\(parts[1])`, \(advice)")
      return nil
    }
    guard !source.isList else {
      reading.error(node, "`\(head)` has several values, expected one type")
      return nil
    }
    return RouteDocument.Operand(form: .type, typeSource: source, table: table)
  }

  mutating func type(_ name: String, _ node: Int) -> String? {
    if model.typeIndex(name) != nil { return name }
    let advice = Spelling.advice(name, among: model.resourceTypes.map(\.name))
    reading.error(node, "unknown resource type `\(name)`, \(advice)")
    return nil
  }

  // MARK: Whether an action takes these operands

  /// What would make the check indeterminate whatever a request says, or nil.
  private func fault(of check: RouteDocument.Check, _ action: AccessModel.Action) -> String? {
    switch action.rule {
    case .organization(let rule):
      if rule.targetsUser { return "`\(action.name)` acts on a user, which no route can name" }
      return check.resource == nil ? nil : "`\(action.name)` takes no resource"
    case .workspace(let rule):
      return fault(of: check, action.name, rule)
    }
  }

  private func fault(
    of check: RouteDocument.Check, _ name: String, _ rule: AccessModel.WorkspaceRule
  ) -> String? {
    guard let resource = check.resource else {
      let isEnough = rule.selfOperand == .none || rule.selfOperand == .optional
      return isEnough ? nil : "`\(name)` takes a resource"
    }
    if rule.selfOperand == .none { return "`\(name)` takes no resource" }
    if (rule.selfOperand == .type) != (resource.form == .type) {
      return rule.selfOperand == .type
        ? "`\(name)` takes a type without an id" : "`\(name)` takes a resource with an id"
    }
    if resource.form == .connection {
      let isPair = rule.cases.contains { $0.target == .required }
      if !isPair { return "`\(name)` takes one resource, and a connection is two" }
      return check.target == nil ? nil : "`\(name)` has both ends in the connection already"
    }
    if resource.form == .linkedToTarget, check.target == nil { return "`\(name)` has no target" }
    return pairFault(check, resource, name, rule)
  }

  private func pairFault(
    _ check: RouteDocument.Check, _ resource: RouteDocument.Operand, _ name: String,
    _ rule: AccessModel.WorkspaceRule
  ) -> String? {
    if let target = check.target, target.form != .id {
      return "`\(name)` takes a target with an id"
    }
    for type in names(of: resource) {
      guard let place = model.typeIndex(type),
        let one = rule.cases.first(where: { $0.selfType == place })
          ?? (rule.symmetric ? rule.cases.first { $0.targetTypes.contains(place) } : nil)
      else { return "`\(name)` does not apply to `\(type)`" }
      guard let target = check.target else {
        if one.target == .required { return "`\(name)` takes a target" }
        continue
      }
      if one.target == .none { return "`\(name)` takes no target for `\(type)`" }
      for other in names(of: target) where !joins(place, model.typeIndex(other) ?? -1, rule) {
        return "`\(name)` does not join `\(type)` and `\(other)`"
      }
    }
    return nil
  }

  private func joins(_ a: Int, _ b: Int, _ rule: AccessModel.WorkspaceRule) -> Bool {
    rule.cases.contains { one in
      (one.selfType == a && one.targetTypes.contains(b))
        || (rule.symmetric && one.selfType == b && one.targetTypes.contains(a))
    }
  }

  private func names(of operand: RouteDocument.Operand) -> [String] {
    operand.typeSource == nil ? operand.types : operand.table.map(\.type)
  }
}
