import VerdictModel
import VerdictPolicy

/// A document with names instead of symbols and without places, to compare what two texts say.
struct Summary: Equatable {
  let lines: [String]

  init(_ document: PolicyDocument) {
    let symbols = document.symbols
    let text = { (name: Name) in symbols.text(name.symbol) }
    let list = { (names: [Name]) in names.map(text).joined(separator: ",") }
    let policy = { (policy: PolicyDocument.Policy) in
      policy.grants.map { grant in
        switch grant.scope {
        case .all: "\(grant.permission)/\(grant.type)=all"
        case .some(let ids, let future): "\(grant.permission)/\(grant.type)=\(list(ids))\(future)"
        }
      }.joined(separator: ";") + "|\(policy.switches)"
    }
    let organization = document.organization
    var lines = [
      "\(document.model.id) \(text(organization.id)) \(organization.plan) \(text(organization.owner))",
      list(organization.admins), list(organization.members), list(organization.invitations),
      "\(organization.unknownResources)",
    ]
    for group in document.groups {
      lines.append("group \(text(group.id)) \(list(group.members)) in \(list(group.workspaces))")
    }
    for workspace in document.workspaces {
      lines.append("workspace \(text(workspace.id)) \(list(workspace.members))")
      for resource in workspace.resources {
        let links = resource.links.map { "\($0.relation):\(text($0.id))" }
        let display = resource.display.map(symbols.text) ?? "-"
        lines.append("resource \(resource.type)/\(text(resource.id)) \(display) \(links)")
      }
      for connection in workspace.connections {
        let (source, destination) = (connection.source, connection.destination)
        lines.append(
          "connection \(text(connection.id)) \(source.type)/\(text(source.id)) "
            + "\(destination.type)/\(text(destination.id))")
      }
      if let baseline = workspace.baseline { lines.append("baseline \(policy(baseline))") }
      for holder in workspace.groupPolicies + workspace.memberPolicies {
        lines.append("policy \(text(holder.holder)) \(policy(holder.policy))")
      }
      for role in workspace.roles { lines.append("role \(text(role.user)) \(role.role)") }
    }
    for token in document.serviceTokens {
      lines.append(
        "service \(text(token.id)) \(token.workspace.map(text) ?? "-") \(policy(token.policy)) "
          + "\(token.secret.sha256) \(token.secret.expiresAtSeconds ?? -1)")
    }
    for token in document.personalTokens {
      lines.append(
        "personal \(text(token.id)) \(text(token.user)) \(text(token.workspace)) \(token.scope) "
          + "\(token.secret.sha256)")
    }
    self.lines = lines
  }
}
