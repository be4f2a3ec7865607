public import VerdictModel

/// An access model as text for people: what there is, and what each action requires.
public struct ModelText {
  private let model: AccessModel

  public init(_ model: AccessModel) { self.model = model }

  /// The lines, sections parted by empty ones. Complexity: linear in the model.
  public var lines: [String] {
    var lines = ["\(model.id): \(model.display), rights by \(model.access.rawValue)"]
    section("types", model.resourceTypes.map { "\(column($0.name))\($0.plural)" }, &lines)
    for (title, kind) in [
      ("permissions", AccessModel.Permission.Kind.resource), ("personal data", .pii),
      ("switches", .switch),
    ] {
      let permissions = model.permissions.filter { $0.kind == kind }
      section(title, permissions.map(permission), &lines)
    }
    section("relations", model.relations.map(relation), &lines)
    let pairs = model.connections.map { "\(type($0.first)) - \(type($0.second))" }
    section("connections", pairs, &lines)
    section("plans", model.plans.map(plan), &lines)
    section("roles", model.roles.flatMap(role), &lines)
    section("actions in a workspace", model.actions.flatMap(action), &lines)
    section(
      "actions of the organization", model.actions.compactMap(organizationAction), &lines)
    return lines
  }

  /// One term as model files write it: `edit(every tracking_plans)`.
  public static func term(_ term: AccessModel.Term, in model: AccessModel) -> String {
    let permission = model.permissions[term.permission].name
    switch term.operand {
    case .`self`: return "\(permission)(self)"
    case .target: return "\(permission)(target)"
    case .every(let relation): return "\(permission)(every \(model.relations[relation].name))"
    case .any(let relation): return "\(permission)(any \(model.relations[relation].name))"
    case .parent(let relation): return "\(permission)(parent \(model.relations[relation].name))"
    case .none: return permission
    }
  }

  private func section(_ title: String, _ content: [String], _ lines: inout [String]) {
    if content.isEmpty { return }
    lines += ["", title]
    lines += content.map { "  \($0)" }
  }

  /// A name, with blanks up to the next column.
  private func column(_ name: String) -> String {
    name + String(repeating: " ", count: max(1, 34 - name.utf8.count))
  }

  private func type(_ index: Int) -> String { model.resourceTypes[index].name }

  private func permission(_ permission: AccessModel.Permission) -> String {
    let types = permission.types.map {
      $0.narrowable ? type($0.type) : "\(type($0.type)) (all only)"
    }
    let on = types.isEmpty ? "" : ": \(types.joined(separator: ", "))"
    return column(permission.name) + permission.display + on
  }

  private func relation(_ relation: AccessModel.Relation) -> String {
    var notes: [String] = []
    if relation.single { notes.append("exactly one") }
    if relation.throughConnections { notes.append("also through connections") }
    let end = notes.isEmpty ? "" : " (\(notes.joined(separator: ", ")))"
    return "\(column("\(type(relation.from)).\(relation.name)"))\(type(relation.to))\(end)"
  }

  private func plan(_ plan: AccessModel.Plan) -> String {
    let limits = AccessModel.PlanLimit.allCases.compactMap { limit in
      plan.limits[limit].map { "at most \($0) \(limit.rawValue)" }
    }
    let features = AccessModel.PlanFeature.allCases.filter { plan.features.contains($0) }
    let all = limits + features.map(\.rawValue)
    return column(plan.name) + plan.display
      + (all.isEmpty ? "" : ": \(all.joined(separator: ", "))")
  }

  private func role(_ role: AccessModel.Role) -> [String] {
    let plans = role.plans.map { model.plans[$0].name }.joined(separator: ", ")
    var head = "\(column(role.name))\(role.display), plans \(plans)"
    if let scope = role.scope { head += "; `\(scope.key)` lists what it covers" }
    if role.administers { head += "; everything in the workspace" }
    return [head]
      + role.grants.map { grant in
        let on = grant.type.map { " on \(type($0))" } ?? ""
        let only = grant.onlyWithAll ? ", only where it covers all" : ""
        return "  \(model.permissions[grant.permission].name)\(on)\(only)"
      }
  }

  // MARK: Actions

  private func action(_ action: AccessModel.Action) -> [String] {
    guard case .workspace(let rule) = action.rule else { return [] }
    var notes: [String] = []
    switch rule.selfOperand {
    case .none: break
    case .optional: notes.append("a resource or none")
    case .required: notes.append("a resource")
    case .type: notes.append("a type")
    }
    if rule.symmetric { notes.append("alike from both ends") }
    if rule.reads { notes.append("kept by read-only tokens") }
    if rule.pii { notes.append("personal data") }
    if rule.adminOnly { notes.append("owners and admins only") }
    let head = column(action.name) + ([action.display] + notes).joined(separator: ", ")
    return [head] + (rule.adminOnly ? [] : rule.cases.flatMap(lines))
  }

  private func lines(of one: AccessModel.Case) -> [String] {
    let alternatives = one.alternatives.map { terms in
      terms.isEmpty
        ? "access to the workspace"
        : terms.map { ModelText.term($0, in: model) }.joined(separator: " and ")
    }
    var line = "  \(one.selfType.map(type) ?? "no resource")"
    if one.target != .none {
      let targets = one.targetTypes.map(type).joined(separator: " or ")
      line += one.target == .optional ? " with perhaps \(targets)" : " with \(targets)"
    }
    var lines = ["\(line): \(alternatives.joined(separator: "; or "))"]
    if let relation = one.linkedBy {
      let terms = one.linkedTerms.map { ModelText.term($0, in: model) }
      lines.append(
        "    where `\(model.relations[relation].name)` links the two: "
          + terms.joined(separator: " and "))
    }
    return lines
  }

  private func organizationAction(_ action: AccessModel.Action) -> String? {
    guard case .organization(let rule) = action.rule else { return nil }
    var notes: [String]
    switch rule.who {
    case .admins: notes = ["owner and admins"]
    case .selfService: notes = ["every user, for themselves"]
    case .nobody: notes = ["nobody"]
    }
    if rule.organizationTokens { notes.append("tokens of the organization") }
    if rule.targetsUser { notes.append("acts on a user") }
    switch rule.plan {
    case .atLimit(let limit): notes.append("not at the plan's limit of \(limit.rawValue)")
    case .noneOf(let limit): notes.append("not on plans without \(limit.rawValue)")
    case .without(let feature): notes.append("not on plans without \(feature.rawValue)")
    case nil: break
    }
    return "\(column(action.name))\(action.display): \(notes.joined(separator: "; "))"
  }
}
