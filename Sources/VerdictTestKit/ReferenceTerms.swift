import VerdictModel

/// Step 10: the terms of an action, asked of the union of what applies to the principal.
struct ReferenceTerms {
  let model: AccessModel
  let workspace: ReferenceWorkspace
  let policies: [ReferencePolicy]
  let question: ReferenceQuestion
  /// Whether the document knows the resource; step 6 has seen to it that it is of this workspace.
  let isKnown: (ReferenceResource) -> Bool

  /// nil: granted. Otherwise the denial that names the first missing term, of the first
  /// alternative where there are several (section 3).
  func firstMissing() -> ReferenceAnswer? {
    var first: ReferenceAnswer?
    for alternative in required {
      guard let missing = firstMissing(of: alternative) else { return nil }
      first = first ?? missing
    }
    guard let first else { preconditionFailure("a case has at least one alternative") }
    return first
  }

  /// The alternatives that count: those of the case, unless `self` is known to be linked to the
  /// target by the relation that the case names (2.4, transformation failures seen through a
  /// destination).
  private var required: [[AccessModel.Term]] {
    let requirement = question.requirement
    if let relation = requirement.linkedBy, let target = question.target?.id,
      linked(by: relation).contains(target)
    {
      return [requirement.linkedTerms]
    }
    return requirement.alternatives
  }

  private func firstMissing(of terms: [AccessModel.Term]) -> ReferenceAnswer? {
    for term in terms {
      if let denial = denial(of: term) { return denial }
    }
    return nil
  }

  /// nil: the term holds.
  private func denial(of term: AccessModel.Term) -> ReferenceAnswer? {
    let permission = model.permissions[term.permission].name
    switch term.operand {
    case .none:
      // A denied switch has the permission and no operand.
      if policies.hasSwitch(term.permission) { return nil }
      return ReferenceAnswer(.missingPermission, permission: permission)
    case .`self`:
      return denial(term.permission, on: question.resource, named: "self")
    case .target:
      return denial(term.permission, on: question.target, named: "target")
    case .every(let relation):
      // Of an unknown `self` nothing is known to be linked: nothing more is required.
      for id in linked(by: relation) {
        if let denial = denial(term.permission, onLinked: id, by: relation) { return denial }
      }
      return nil
    case .any(let relation):
      let denials = linked(by: relation).map { denial(term.permission, onLinked: $0, by: relation) }
      if denials.contains(where: { $0 == nil }) { return nil }
      // Names the first of them; where there is none, `self`, which lacks the link.
      return denials.first ?? denialOfSelf(term.permission, for: relation)
    case .parent(let relation):
      if let parent = linked(by: relation).first {
        return denial(term.permission, onLinked: parent, by: relation)
      }
      // Of an unknown `self`: all current and future resources of the parent's type.
      let type = model.relations[relation].to
      if policies.scope(permission: term.permission, type: type).all { return nil }
      return denialOfSelf(term.permission, for: relation)
    }
  }

  /// One permission on one operand. `missing_permission`: the union grants it on no instance.
  /// `resource_not_in_scope`: it grants it, but not on this one.
  private func denial(
    _ permission: Int, on operand: ReferenceQuestion.Operand?, named name: String
  ) -> ReferenceAnswer? {
    guard let operand else { preconditionFailure("a term asks for an operand that the case takes") }
    let scope = policies.scope(permission: permission, type: operand.type)
    let covered: Bool =
      if let resource = operand.resource, isKnown(resource) {
        scope.covers(known: resource.id)
      } else {
        // A type that something is to be created of, or a resource created after the document.
        scope.coversUnknown
      }
    return covered ? nil : denial(permission, scope: scope, operand: Array(name.utf8))
  }

  private func denial(
    _ permission: Int, onLinked id: [UInt8], by relation: Int
  ) -> ReferenceAnswer? {
    let type = model.relations[relation].to
    let scope = policies.scope(permission: permission, type: type)
    if scope.covers(known: id) { return nil }
    let operand = Array("related:\(model.resourceTypes[type].name)/".utf8) + id
    return denial(permission, scope: scope, operand: operand)
  }

  private func denialOfSelf(_ permission: Int, for relation: Int) -> ReferenceAnswer {
    let type = model.relations[relation].to
    let scope = policies.scope(permission: permission, type: type)
    return denial(permission, scope: scope, operand: Array("self".utf8))
  }

  private func denial(
    _ permission: Int, scope: ReferenceScope, operand: [UInt8]
  ) -> ReferenceAnswer {
    ReferenceAnswer(
      scope.grantsNothing ? .missingPermission : .resourceNotInScope,
      permission: model.permissions[permission].name, operand: operand)
  }

  /// The resources that `self` is linked to, in byte order of their ids.
  private func linked(by relation: Int) -> [[UInt8]] {
    guard let id = question.resource?.id else { return [] }
    let links = workspace.links[ReferenceWorkspace.Link(relation: relation, from: id)] ?? []
    return links.sorted { $0.lexicographicallyPrecedes($1) }
  }
}
