import VerdictModel
import VerdictPolicy

extension ExhaustiveWorld {
  /// Members of none to forty workspaces, with the one that is asked about among them and without
  /// it, in byte order in their midst or the last of all. Nil for a model without a plain grant.
  static func severalWorkspaces(model: AccessModel, isLast: Bool) -> ExhaustiveWorld? {
    guard model.access == .policies, let (action, term, type) = plainAction(of: model) else {
      return nil
    }
    var symbols = SymbolTable()
    let others = (0..<40).map {
      World.name("\(isLast || $0 % 2 == 0 ? "a" : "z")-\($0)", &symbols)
    }
    var workspaces = ([World.name("main", &symbols)] + others).map { id in
      var workspace = PolicyDocument.Workspace(id: id)
      workspace.resources = [
        PolicyDocument.Resource(
          type: type, id: World.name("of-\(symbols.text(id.symbol))", &symbols))
      ]
      return workspace
    }
    let grant = PolicyDocument.Grant(
      permission: term.permission, type: type,
      scope: .some([workspaces[0].resources[0].id], future: false),
      mark: Mark(line: 0, column: 0))
    workspaces[0].baseline = PolicyDocument.Policy(grants: [grant])
    var members: [Name] = []
    for count in 0...others.count {
      for first in [0, 1, 7, 20] {
        for isInMain in [false, true] {
          let member = World.name("in-\(count)-from-\(first)-\(isInMain)", &symbols)
          members.append(member)
          if isInMain { workspaces[0].members.append(member) }
          for place in first..<first + count {
            workspaces[1 + place % others.count].members.append(member)
          }
        }
      }
    }
    let plan = model.plans.indices.max {
      model.plans[$0].features.count < model.plans[$1].features.count
    }
    let organization = PolicyDocument.Organization(
      id: World.name("acme", &symbols), plan: plan ?? 0, owner: World.name("owner", &symbols),
      members: members)
    let typeName = model.resourceTypes[type].name
    return ExhaustiveWorld(
      title: "\(action): members of several workspaces",
      document: PolicyDocument(
        path: "several.yaml", model: model, symbols: symbols, organization: organization,
        workspaces: workspaces),
      action: Array(action.utf8),
      principals: members.map { member in
        Array("user:".utf8) + symbols.withBytes(of: member.symbol) { $0.array }
      },
      operands: ["main", "a-0", "unknown"].map {
        Operands(resource: Array("\(typeName)/of-\($0)".utf8), target: nil)
      })
  }
}
