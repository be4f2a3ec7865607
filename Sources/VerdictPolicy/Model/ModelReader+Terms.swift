internal import VerdictModel

/// Terms: `edit(self)`, `connect(target)`, `edit(every tracking_plans)`, `view(any sources)`,
/// `edit(parent parent)`, and a switch by its name alone.
extension ModelReader {
  /// A list of terms, all of which must hold.
  mutating func terms(_ node: Int, _ one: AccessModel.Case) -> [AccessModel.Term] {
    var terms: [AccessModel.Term] = []
    for element in reading.elements(node, "terms") ?? .none(reading.tree) {
      if let term = term(element, one) { terms.append(term) }
    }
    return terms
  }

  private mutating func term(_ node: Int, _ one: AccessModel.Case) -> AccessModel.Term? {
    guard let text = reading.text(node, "a term") else { return nil }
    let parts = text.split(separator: "(", maxSplits: 1, omittingEmptySubsequences: false)
    let names = model.permissions.map(\.name)
    guard let permission = names.firstIndex(of: String(parts[0])) else {
      let advice = Spelling.advice(String(parts[0]), among: names)
      reading.error(node, "unknown permission `\(parts[0])` in a term, \(advice)")
      return nil
    }
    guard parts.count == 2 else {
      guard model.permissions[permission].kind == .switch else {
        reading.error(node, "`\(text)` is no switch, expected an operand as in `\(text)(self)`")
        return nil
      }
      return AccessModel.Term(permission: permission, operand: .none)
    }
    guard parts[1].hasSuffix(")") else {
      reading.error(node, "term `\(text)` is not closed, expected `)` at its end")
      return nil
    }
    let words = parts[1].dropLast().split(separator: " ").map(String.init)
    guard let (operand, types) = operand(words, node, one) else { return nil }
    for type in types where model.grantable(permission, on: type) == nil {
      reading.error(
        node,
        "permission `\(names[permission])` can't be granted on "
          + "`\(model.resourceTypes[type].name)`, expected one that can")
    }
    return AccessModel.Term(permission: permission, operand: operand)
  }

  /// An operand with the types that it may have.
  private mutating func operand(
    _ words: [String], _ node: Int, _ one: AccessModel.Case
  ) -> (AccessModel.Term.Operand, [Int])? {
    switch (words.first, words.count) {
    case ("self", 1):
      if let type = one.selfType { return (.self, [type]) }
      reading.error(node, "`self` in a case without a resource, expected types")
      return nil
    case ("target", 1):
      if one.target != .none { return (.target, one.targetTypes) }
      reading.error(node, "`target` in a case without one, expected `target` or `pairs` beside it")
      return nil
    case ("every", 2), ("any", 2), ("parent", 2):
      guard let index = relation(node, words[1], one) else { return nil }
      let types = [model.relations[index].to]
      if words[0] == "every" { return (.every(relation: index), types) }
      if words[0] == "any" { return (.any(relation: index), types) }
      if !model.relations[index].single {
        reading.error(node, "relation `\(words[1])` is not `single`, expected `every` or `any`")
      }
      return (.parent(relation: index), types)
    default:
      reading.error(
        node,
        "unknown operand `\(words.joined(separator: " "))`, expected `self`, `target`, "
          + "`every RELATION`, `any RELATION` or `parent RELATION`")
      return nil
    }
  }

  /// The relation of this name from the case's type.
  mutating func relation(_ node: Int, _ name: String, _ one: AccessModel.Case) -> Int? {
    guard let type = one.selfType else {
      reading.error(node, "a relation in a case without a resource, expected types")
      return nil
    }
    if let index = model.relationIndex(name, from: type) { return index }
    let known = model.relations.filter { $0.from == type }.map(\.name)
    reading.error(
      node,
      "`\(model.resourceTypes[type].name)` has no relation `\(name)`, "
        + Spelling.advice(name, among: known))
    return nil
  }
}
