import VerdictModel

/// Step 3: what a check asks, once its shape is right.
enum ReferenceShape {
  /// `target` is the id of the user that the action acts on; nil where it takes none, and where
  /// the target is no user.
  case organization(AccessModel.OrganizationRule, target: [UInt8]?)
  case workspace(ReferenceQuestion)

  struct Fault: Error {
    let reason: Reason
    init(_ reason: Reason) { self.reason = reason }
  }

  /// The faults in the order of step 3: `unknown_action`, `missing_resource`, `missing_target`,
  /// `unknown_resource_type`, `wrong_resource_type`, `invalid_pair`, `unexpected_operand`.
  static func read(_ fields: Fields, model: AccessModel) -> Result<ReferenceShape, Fault> {
    guard let action = model.actions.first(where: { fields.action.equals($0.name) }) else {
      return .failure(Fault(.unknownAction))
    }
    switch action.rule {
    case .organization(let rule): return read(rule, fields)
    case .workspace(let rule): return read(rule, fields, model: model)
    }
  }

  /// Organization actions take no resource, and a target only where they act on a user (2.5).
  private static func read(
    _ rule: AccessModel.OrganizationRule, _ fields: Fields
  ) -> Result<ReferenceShape, Fault> {
    if rule.targetsUser && fields.target == nil { return .failure(Fault(.missingTarget)) }
    if fields.resource != nil { return .failure(Fault(.unexpectedOperand)) }
    if !rule.targetsUser && fields.target != nil { return .failure(Fault(.unexpectedOperand)) }
    return .success(.organization(rule, target: fields.target?.user))
  }

  private static func read(
    _ rule: AccessModel.WorkspaceRule, _ fields: Fields, model: AccessModel
  ) -> Result<ReferenceShape, Fault> {
    let resource = fields.resource
    let target = fields.target?.operand

    // missing_resource: absent, or without an id where one is needed.
    switch rule.selfOperand {
    case .none: break
    case .optional:
      if let resource, resource.id == nil { return .failure(Fault(.missingResource)) }
    case .required:
      if resource?.id == nil { return .failure(Fault(.missingResource)) }
    case .type:
      if resource == nil { return .failure(Fault(.missingResource)) }
    }

    // What the action requires of this type. An action without a resource has one case, and one
    // that may go without has a case for that.
    let takesResource = rule.selfOperand != .none
    let selfType = takesResource ? resource.map { model.type(named: $0.type) } : nil
    let matching: AccessModel.Case? =
      if let selfType {
        selfType.flatMap { type in rule.cases.first { $0.selfType == type } }
      } else {
        rule.cases.first { $0.selfType == nil }
      }

    // missing_target: likewise.
    let takesTarget = matching?.target ?? rule.targetOfEveryCase
    switch takesTarget {
    case .none: break
    case .optional:
      if let target, target.id == nil { return .failure(Fault(.missingTarget)) }
    case .required:
      if target?.id == nil { return .failure(Fault(.missingTarget)) }
    }

    // unknown_resource_type: of either operand that the action takes.
    let targetType = takesTarget == .none ? nil : target.map { model.type(named: $0.type) }
    if case .some(.none) = selfType { return .failure(Fault(.unknownResourceType)) }
    if case .some(.none) = targetType { return .failure(Fault(.unknownResourceType)) }

    // wrong_resource_type: the action does not apply to that type; of a symmetric action at
    // either end.
    guard let matching else { return .failure(Fault(.wrongResourceType)) }
    if rule.symmetric, let type = targetType ?? nil,
      !rule.cases.contains(where: { $0.selfType == type })
    {
      return .failure(Fault(.wrongResourceType))
    }

    // invalid_pair.
    if let type = targetType ?? nil, !matching.targetTypes.contains(type) {
      return .failure(Fault(.invalidPair))
    }

    // unexpected_operand: a target, a resource or an id where the action takes none.
    if !takesResource && resource != nil { return .failure(Fault(.unexpectedOperand)) }
    if takesTarget == .none && target != nil { return .failure(Fault(.unexpectedOperand)) }
    if rule.selfOperand == .type && resource?.id != nil {
      return .failure(Fault(.unexpectedOperand))
    }

    return .success(
      .workspace(
        ReferenceQuestion(
          rule: rule, requirement: matching,
          resource: operand(type: selfType ?? nil, id: resource?.id),
          target: operand(type: targetType ?? nil, id: target?.id))))
  }

  private static func operand(type: Int?, id: [UInt8]?) -> ReferenceQuestion.Operand? {
    type.map { ReferenceQuestion.Operand(type: $0, id: id) }
  }
}

/// A well-shaped question about a workspace.
struct ReferenceQuestion {
  var rule: AccessModel.WorkspaceRule
  /// What the rule requires of this type of resource.
  var requirement: AccessModel.Case
  var resource: Operand?
  var target: Operand?

  struct Operand {
    var type: Int
    /// nil: only a type was named (`create`).
    var id: [UInt8]?

    var resource: ReferenceResource? { id.map { ReferenceResource(type: type, id: $0) } }
  }
}

extension AccessModel {
  func type(named name: [UInt8]) -> Int? {
    resourceTypes.firstIndex { name.equals($0.name) }
  }
}

extension AccessModel.WorkspaceRule {
  /// Whether the action takes a target, asked of a resource that it doesn't apply to: what its
  /// cases agree on, and otherwise that it may have one.
  var targetOfEveryCase: AccessModel.Case.TargetOperand {
    for operand in [AccessModel.Case.TargetOperand.none, .required]
    where cases.allSatisfy({ $0.target == operand }) {
      return operand
    }
    return .optional
  }
}
