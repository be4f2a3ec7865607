import VerdictModel
import VerdictPolicy

extension ExhaustiveWorld {
  /// A crowd of resources of one type, and members whose scopes list from none to many of them, far
  /// apart and close together; each is asked about each. Nil for a model without such a grant.
  static func crowd(model: AccessModel) -> ExhaustiveWorld? {
    guard model.access == .policies, let (action, term, type) = plainAction(of: model) else {
      return nil
    }
    let count = 1_200
    var symbols = SymbolTable()
    let ids = (0..<count).map { World.name("crowd-\($0)", &symbols) }
    var workspace = PolicyDocument.Workspace(id: World.name("main", &symbols))
    workspace.resources = ids.map { PolicyDocument.Resource(type: type, id: $0) }
    var members: [Name] = []
    for step in [1, 2, 31, 32, 33, 200, 290, 399, 599, 1_199, 5_000] {
      for future in [false, true] {
        let member = World.name("step-\(step)-\(future)", &symbols)
        members.append(member)
        let listed = stride(from: 0, to: count, by: step).map { ids[$0] }
        let grant = PolicyDocument.Grant(
          permission: term.permission, type: type, scope: .some(listed, future: future),
          mark: Mark(line: 0, column: 0))
        workspace.memberPolicies.append(
          PolicyDocument.HolderPolicy(
            holder: member, policy: PolicyDocument.Policy(grants: [grant])))
      }
    }
    workspace.members = members
    let plan = model.plans.indices.max {
      model.plans[$0].features.count < model.plans[$1].features.count
    }
    let organization = PolicyDocument.Organization(
      id: World.name("acme", &symbols), plan: plan ?? 0, owner: World.name("owner", &symbols),
      members: members)
    let names = members.map { member in
      Array("user:".utf8) + symbols.withBytes(of: member.symbol) { $0.array }
    }
    let typeName = model.resourceTypes[type].name
    return ExhaustiveWorld(
      title: "\(action): a crowd",
      document: PolicyDocument(
        path: "crowd.yaml", model: model, symbols: symbols, organization: organization,
        workspaces: [workspace]),
      action: Array(action.utf8), principals: names,
      operands: (0...count).map {
        Operands(resource: Array("\(typeName)/crowd-\($0)".utf8), target: nil)
      })
  }

  /// An action that takes one term on a resource whose grants may list ids.
  static func plainAction(
    of model: AccessModel
  ) -> (action: String, term: AccessModel.Term, type: Int)? {
    for action in model.actions {
      guard case .workspace(let rule) = action.rule, rule.selfOperand == .required else { continue }
      for item in rule.cases where item.target == .none && item.alternatives.count == 1 {
        guard let type = item.selfType, item.alternatives[0].count == 1,
          case .`self` = item.alternatives[0][0].operand,
          model.grantable(item.alternatives[0][0].permission, on: type)?.narrowable == true
        else { continue }
        return (action.name, item.alternatives[0][0], type)
      }
    }
    return nil
  }
}
