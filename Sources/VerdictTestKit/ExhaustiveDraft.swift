import VerdictModel
import VerdictPolicy

/// A document in the making: the plan with everything, two workspaces, and one principal of
/// every kind that policies don't concern.
struct ExhaustiveDraft {
  let question: ExhaustiveQuestion
  var symbols = SymbolTable()
  var members: [Name] = []
  var groups: [PolicyDocument.Group] = []
  var main: PolicyDocument.Workspace
  var serviceTokens: [PolicyDocument.ServiceToken] = []
  var personalTokens: [PolicyDocument.PersonalToken] = []
  var principals: [String] = []

  init(_ question: ExhaustiveQuestion) {
    self.question = question
    main = PolicyDocument.Workspace(id: World.name("main", &symbols))
  }

  mutating func name(_ text: String) -> Name { World.name(text, &symbols) }

  mutating func addUser(_ id: String) -> Name {
    let user = name(id)
    members.append(user)
    principals.append("user:\(id)")
    return user
  }

  mutating func addPersonalTokens(of user: String) {
    for scope in PolicyDocument.TokenScope.allCases {
      let id = "\(user)-\(scope)"
      personalTokens.append(
        PolicyDocument.PersonalToken(
          id: name(id), user: name(user), workspace: main.id, scope: scope))
      principals.append("personal_token:\(id)")
    }
  }

  /// The resources of one workspace; `known` is linked to everything that it can be linked to.
  mutating func resources(_ ids: [String], linked: Bool) -> [PolicyDocument.Resource] {
    let model = question.model
    let names = ids.map { name($0) }
    return model.resourceTypes.indices.flatMap { type in
      names.enumerated().map { index, id in
        var resource = PolicyDocument.Resource(type: type, id: id)
        for (number, relation) in model.relations.enumerated() where relation.from == type {
          let ends =
            relation.single ? [id] : linked && index == 0 ? linkEnds(of: relation, names) : []
          resource.links += ends.map { PolicyDocument.Link(relation: number, id: $0) }
        }
        return resource
      }
    }
  }

  /// Where the action asks whether it is linked to the target, `besides` is left out.
  private func linkEnds(of relation: AccessModel.Relation, _ names: [Name]) -> [Name] {
    let isAsked = question.requirement.linkedBy.map { question.model.relations[$0] } == relation
    return isAsked ? [names[0]] : names
  }

  mutating func world(_ title: String) -> ExhaustiveWorld {
    addOthers()
    let model = question.model
    // The plan that allows most.
    let plan = model.plans.indices.max { allowance(ofPlan: $0) < allowance(ofPlan: $1) }
    main.resources = resources(
      [ExhaustiveWorld.known, ExhaustiveWorld.besides], linked: true)
    var second = PolicyDocument.Workspace(id: name("second"))
    second.resources = resources([ExhaustiveWorld.elsewhere], linked: false)
    let organization = PolicyDocument.Organization(
      id: name("acme"), plan: plan ?? 0, owner: name("owner"), admins: [name("admin")],
      members: members, unknownResources: question.unknown)
    let document = PolicyDocument(
      path: "exhaustive.yaml", model: model, symbols: symbols, organization: organization,
      groups: groups, workspaces: [main, second], serviceTokens: serviceTokens,
      personalTokens: personalTokens)
    return ExhaustiveWorld(
      title: title, document: document, action: Array(question.action.utf8),
      principals: principals.map { Array($0.utf8) }, operands: question.operands)
  }

  private func allowance(ofPlan plan: Int) -> Int {
    let roles = question.model.roles.filter { $0.plans.contains(plan) }
    return question.model.plans[plan].features.count + roles.count
  }

  /// The owner, an admin, and who is not in the organization; with policies also a member without
  /// access, one without policies, tokens of the organization and of the other workspace, and
  /// personal tokens.
  private mutating func addOthers() {
    principals += ["user:owner", "user:admin", "user:nobody"]
    guard question.model.access == .policies else { return }
    _ = addUser("outside")
    main.members.append(addUser("bare"))
    for user in ["admin", "outside", "bare"] { addPersonalTokens(of: user) }
    serviceTokens.append(PolicyDocument.ServiceToken(id: name("organization"), workspace: nil))
    serviceTokens.append(
      PolicyDocument.ServiceToken(id: name("second"), workspace: name("second")))
    principals += ["service_token:organization", "service_token:second"]
  }
}
