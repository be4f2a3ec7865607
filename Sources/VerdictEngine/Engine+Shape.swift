internal import VerdictModel
internal import VerdictSnapshot

extension Engine {
  /// The case that a check of a workspace action falls under, or what is wrong with its shape.
  struct Shape {
    let caseIndex: Int
    let reason: Reason

    init(caseIndex: Int) {
      self.caseIndex = caseIndex
      reason = .granted
    }

    init(wrong reason: Reason) {
      caseIndex = -1
      self.reason = reason
    }
  }

  /// Step 3 for workspace actions: at once where everything fits, else by looking for the fault.
  @inline(__always)
  static func shape(
    _ view: SnapshotView, _ record: ActionRecord, _ action: Int, _ resource: ResolvedOperand,
    _ target: ResolvedOperand
  ) -> Shape {
    let type = resource.form == .absent ? view.typeCount : Int(resource.type)
    if type >= 0, record.takes(resource.form), target.form == .absent {
      let caseIndex = view.caseIndex(action: action, type: type)
      if caseIndex >= 0,
        view.caseRecord(caseIndex).target != AccessModel.Case.TargetOperand.required.rawValue
      {
        return Shape(caseIndex: caseIndex)
      }
    }
    return faultOrCase(view, record, action, resource, target)
  }

  /// The faults in the contract's order.
  private static func faultOrCase(
    _ view: SnapshotView, _ record: ActionRecord, _ action: Int, _ resource: ResolvedOperand,
    _ target: ResolvedOperand
  ) -> Shape {
    // No raw value is unknown: validation has refused others.
    let takes = AccessModel.WorkspaceRule.SelfOperand(rawValue: record.selfOperand) ?? .none
    switch takes {
    case .none: break
    case .optional: if resource.form == .type { return Shape(wrong: .missingResource) }
    case .required: if resource.form != .id { return Shape(wrong: .missingResource) }
    case .type: if resource.form == .absent { return Shape(wrong: .missingResource) }
    }
    let isTaken = takes != .none && resource.form != .absent
    var caseIndex = -1
    if !isTaken {
      caseIndex = view.caseIndex(action: action, type: view.typeCount)
    } else if resource.type >= 0 {
      caseIndex = view.caseIndex(action: action, type: Int(resource.type))
    }
    let rule = caseIndex >= 0 ? view.caseRecord(caseIndex) : nil
    if needsTarget(record, rule), target.form != .id { return Shape(wrong: .missingTarget) }
    let takesTarget = rule.map { $0.target != 0 } ?? record.has(ActionFlag.takesTarget)
    if takesTarget, target.form == .type { return Shape(wrong: .missingTarget) }
    if isTaken && resource.type < 0 || takesTarget && target.form != .absent && target.type < 0 {
      return Shape(wrong: .unknownResourceType)
    }
    guard let rule else {
      return Shape(wrong: isTaken ? .wrongResourceType : .missingResource)
    }
    if takesTarget, target.form != .absent {
      if record.has(ActionFlag.symmetric),
        view.caseIndex(action: action, type: Int(target.type)) < 0
      {
        return Shape(wrong: .wrongResourceType)
      }
      if rule.targetTypes & 1 << UInt64(target.type) == 0 { return Shape(wrong: .invalidPair) }
    }
    let unexpected =
      takes == .none && resource.form != .absent || takes == .type && resource.form == .id
      || !takesTarget && target.form != .absent
    return unexpected ? Shape(wrong: .unexpectedOperand) : Shape(caseIndex: caseIndex)
  }

  private static func needsTarget(_ record: ActionRecord, _ rule: CaseRecord?) -> Bool {
    record.has(ActionFlag.requiresTarget)
      || rule?.target == AccessModel.Case.TargetOperand.required.rawValue
  }
}

extension ActionRecord {
  /// Whether the action takes its resource in this form.
  @inline(__always)
  func takes(_ form: ResolvedOperand.Form) -> Bool {
    // One bit a form, one octet a raw value of `SelfOperand`: nothing; nothing or an id; an id; a
    // type.
    let forms: UInt32 = 0b010_00000100_00000101_00000001
    return forms &>> (UInt32(selfOperand) &* 8 &+ UInt32(form.rawValue)) & 1 != 0
  }
}
