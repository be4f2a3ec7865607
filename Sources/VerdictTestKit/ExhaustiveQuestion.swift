import VerdictModel
import VerdictPolicy

/// One case of one action, and the worlds that answer it in every way.
struct ExhaustiveQuestion {
  let model: AccessModel
  let action: String
  let rule: AccessModel.WorkspaceRule
  let requirement: AccessModel.Case
  let targetType: Int?
  let depth: ExhaustiveWorld.Depth
  let unknown: PolicyDocument.UnknownResources

  /// A permission on a type that some term of the case reads; no type: a switch.
  struct Slot: Hashable {
    var permission: Int
    var type: Int?
  }

  /// What the terms read, each once.
  var slots: [Slot] {
    var slots: [Slot] = []
    for term in requirement.linkedTerms + requirement.alternatives.flatMap({ $0 }) {
      let type: Int? =
        switch term.operand {
        case .`self`: requirement.selfType
        case .target: targetType
        case .every(let relation), .any(let relation), .parent(let relation):
          model.relations[relation].to
        case .none: nil
        }
      // A term on a target that is not asked about is never read.
      let isRead = type != nil || model.permissions[term.permission].kind == .switch
      let slot = Slot(permission: term.permission, type: type)
      if isRead && !slots.contains(slot) { slots.append(slot) }
    }
    return slots
  }

  // MARK: Policies

  /// Every policy over the slots: each slot in each of its forms.
  func policies(_ symbols: inout SymbolTable) -> [PolicyDocument.Policy] {
    var policies = [PolicyDocument.Policy()]
    for slot in slots {
      policies = policies.flatMap { policy in
        forms(of: slot, &symbols).map { form in
          var next = policy
          next.grants += form.grants
          next.switches += form.switches
          return next
        }
      }
    }
    return policies
  }

  /// Whether some term reads a permission on related resources of this type.
  private func isRelated(_ type: Int) -> Bool {
    (requirement.linkedTerms + requirement.alternatives.flatMap { $0 }).contains { term in
      switch term.operand {
      case .every(let relation), .any(let relation), .parent(let relation):
        model.relations[relation].to == type
      case .`self`, .target, .none: false
      }
    }
  }

  private func forms(of slot: Slot, _ symbols: inout SymbolTable) -> [PolicyDocument.Policy] {
    guard let type = slot.type else {
      return [PolicyDocument.Policy(), PolicyDocument.Policy(switches: [slot.permission])]
    }
    let this = World.name(ExhaustiveWorld.known, &symbols)
    let other = World.name(ExhaustiveWorld.besides, &symbols)
    var scopes: [PolicyDocument.Scope] = [.all]
    if model.grantable(slot.permission, on: type)?.narrowable == true {
      scopes += [.some([this], future: false), .some([], future: true)]
      // Of several related ones each is granted alone: the first in their order, and a later one.
      if depth == .brief && isRelated(type) { scopes.append(.some([other], future: false)) }
      if depth == .full {
        scopes += [
          .some([], future: false), .some([other], future: false), .some([this], future: true),
        ]
      }
    }
    let grants = scopes.map { scope in
      PolicyDocument.Grant(
        permission: slot.permission, type: type, scope: scope, mark: Mark(line: 0, column: 0))
    }
    return [PolicyDocument.Policy()] + grants.map { PolicyDocument.Policy(grants: [$0]) }
  }

  /// Every role in every form of scope; the user is put in later.
  func assignments(_ symbols: inout SymbolTable) -> [PolicyDocument.RoleAssignment] {
    let ids = [ExhaustiveWorld.known, ExhaustiveWorld.besides].map { World.name($0, &symbols) }
    return model.roles.indices.flatMap { role in
      let listed: [PolicyDocument.Scope] =
        model.roles[role].scope == nil ? [] : ids.map { .some([$0], future: false) }
      return ([.all] + listed).map { scope in
        PolicyDocument.RoleAssignment(user: ids[0], role: role, scope: scope)
      }
    }
  }

  // MARK: Operands

  /// Every pair of a resource and a target; briefly, pairs of which one is known.
  var operands: [ExhaustiveWorld.Operands] {
    let targets = resources(of: targetType, isType: false)
    return resources(of: requirement.selfType, isType: rule.selfOperand == .type).enumerated()
      .flatMap { index, resource in
        (depth == .full || index == 0 ? targets : [targets[0]]).map { target in
          ExhaustiveWorld.Operands(resource: resource, target: target)
        }
      }
  }

  /// The known resource first.
  private func resources(of type: Int?, isType: Bool) -> [[UInt8]?] {
    guard let type else { return [nil] }
    let name = model.resourceTypes[type].name
    if isType { return [Array(name.utf8)] }
    return [
      ExhaustiveWorld.known, ExhaustiveWorld.besides, ExhaustiveWorld.unknown,
      ExhaustiveWorld.elsewhere,
    ].map { Array("\(name)/\($0)".utf8) }
  }
}

extension World {
  static func name(_ text: String, _ symbols: inout SymbolTable) -> Name {
    Name(symbol: symbols.intern(text), mark: Mark(line: 0, column: 0))
  }
}
