import VerdictModel
public import VerdictPolicy

/// Prints a document's tree as the text of domain.md section 6, so that a generated world can be
/// fed to whatever reads documents. Not the product's formatter: another hand wrote this one.
///
/// Every name is quoted. Resources are grouped by type in the model's order, users' roles by user;
/// otherwise the order is the tree's.
public struct YAMLWriter {
  let document: PolicyDocument
  var model: AccessModel { document.model }

  /// - Precondition: the document is valid; no policy grants the same permission on the same type
  ///   twice, and a PII permission has the same form of scope on all its types.
  public static func text(of document: PolicyDocument) -> String {
    YAMLWriter(document: document).text()
  }

  private func text() -> String {
    let organization = document.organization
    var lines = ["apiVersion: verdict/v1", "model: \(quoted(model.id))", "organization:"]
    lines.append("  id: \(name(organization.id))")
    lines.append("  plan: \(model.plans[organization.plan].name)")
    lines.append("  owner: \(name(organization.owner))")
    lines += list("  admins", organization.admins)
    lines += list("  members", organization.members)
    lines += list("  invitations", organization.invitations)
    let unknown = organization.unknownResources == .deny ? "deny" : "future"
    lines.append("  unknown_resources: \(unknown)")
    if !document.groups.isEmpty {
      lines.append("groups:")
      for group in document.groups {
        lines.append("  \(name(group.id)):")
        lines.append("    members: \(names(group.members))")
        lines.append("    workspaces: \(names(group.workspaces))")
      }
    }
    if !document.workspaces.isEmpty {
      lines.append("workspaces:")
      for workspace in document.workspaces { lines += self.lines(of: workspace) }
    }
    lines += tokens()
    return lines.joined(separator: "\n") + "\n"
  }

  private func list(_ key: String, _ elements: [Name]) -> [String] {
    elements.isEmpty ? [] : ["\(key): \(names(elements))"]
  }

  // MARK: Workspaces

  private func lines(of workspace: PolicyDocument.Workspace) -> [String] {
    var lines: [String] = []
    lines += list("    members", workspace.members)
    lines += resources(of: workspace)
    if !workspace.connections.isEmpty {
      lines.append("    connections:")
      for connection in workspace.connections {
        let source = reference(connection.source)
        let end = reference(connection.destination)
        lines.append(
          "      - {id: \(name(connection.id)), source: \(source), destination: \(end)}")
      }
    }
    lines += policies(of: workspace)
    lines += roles(of: workspace)
    let key = "  \(name(workspace.id)):"
    return lines.isEmpty ? ["\(key) {}"] : [key] + lines
  }

  private func resources(of workspace: PolicyDocument.Workspace) -> [String] {
    if workspace.resources.isEmpty { return [] }
    var lines = ["    resources:"]
    for (index, type) in model.resourceTypes.enumerated() {
      let resources = workspace.resources.filter { $0.type == index }
      if resources.isEmpty { continue }
      lines.append("      \(type.name):")
      lines += resources.map { "        - \(text(of: $0))" }
    }
    return lines
  }

  private func text(of resource: PolicyDocument.Resource) -> String {
    var fields = ["id: \(name(resource.id))"]
    if let display = resource.display {
      fields.append("name: \(quoted(document.symbols.text(display)))")
    }
    for (index, relation) in model.relations.enumerated() {
      let ids = resource.links.filter { $0.relation == index }.map(\.id)
      guard let first = ids.first else { continue }
      fields.append("\(relation.name): \(relation.single ? name(first) : names(ids))")
    }
    return "{\(fields.joined(separator: ", "))}"
  }

  private func policies(of workspace: PolicyDocument.Workspace) -> [String] {
    var lines: [String] = []
    if let baseline = workspace.baseline { lines.append("      baseline: \(text(of: baseline))") }
    for (key, held) in [
      ("groups", workspace.groupPolicies), ("members", workspace.memberPolicies),
    ] where !held.isEmpty {
      lines.append("      \(key):")
      lines += held.map { "        \(name($0.holder)): \(text(of: $0.policy))" }
    }
    return lines.isEmpty ? [] : ["    policies:"] + lines
  }

  private func text(of policy: PolicyDocument.Policy) -> String {
    var fields: [String] = []
    let resources = model.resourceTypes.indices.compactMap { grants(on: $0, in: policy) }
    if !resources.isEmpty { fields.append("resources: {\(resources.joined(separator: ", "))}") }
    let pii = model.permissions.indices.compactMap { self.pii($0, in: policy) }
    if !pii.isEmpty { fields.append("pii: {\(pii.joined(separator: ", "))}") }
    let switches = policy.switches.map { model.permissions[$0].name }
    if !switches.isEmpty { fields.append("switches: [\(switches.joined(separator: ", "))]") }
    return "{\(fields.joined(separator: ", "))}"
  }

  private func grants(on type: Int, in policy: PolicyDocument.Policy) -> String? {
    let grants = policy.grants.filter {
      $0.type == type && model.permissions[$0.permission].kind == .resource
    }
    if grants.isEmpty { return nil }
    let fields = grants.map { "\(model.permissions[$0.permission].name): \(text(of: $0.scope))" }
    return "\(model.resourceTypes[type].name): {\(fields.joined(separator: ", "))}"
  }

  private func pii(_ permission: Int, in policy: PolicyDocument.Policy) -> String? {
    let grants = policy.grants.filter { $0.permission == permission }
    guard model.permissions[permission].kind == .pii, let first = grants.first else { return nil }
    let key = model.permissions[permission].name
    if model.permissions[permission].types.count == 1 { return "\(key): \(text(of: first.scope))" }
    // Several types: ids are written `type/id`, and one flag serves them all.
    var ids: [String] = []
    var future = false
    for grant in grants {
      guard case .some(let names, let flag) = grant.scope else { return "\(key): all" }
      ids += names.map { reference(PolicyDocument.ResourceReference(type: grant.type, id: $0)) }
      future = future || flag
    }
    return "\(key): \(scope(ids, future: future))"
  }

  private func text(of scope: PolicyDocument.Scope) -> String {
    switch scope {
    case .all: "all"
    case .some(let names, let future): self.scope(names.map(name), future: future)
    }
  }

  private func scope(_ ids: [String], future: Bool) -> String {
    let list = "[\(ids.joined(separator: ", "))]"
    return future ? "{ids: \(list), include_future: true}" : list
  }

  private func roles(of workspace: PolicyDocument.Workspace) -> [String] {
    if workspace.roles.isEmpty { return [] }
    var lines = ["    roles:"]
    var seen: Set<Symbol> = []
    for assignment in workspace.roles where seen.insert(assignment.user.symbol).inserted {
      let held = workspace.roles.filter { $0.user.symbol == assignment.user.symbol }
      lines.append("      \(name(assignment.user)):")
      for assignment in held {
        let role = model.roles[assignment.role]
        var fields = ["role: \(role.name)"]
        if let scope = role.scope { fields.append("\(scope.key): \(text(of: assignment.scope))") }
        lines.append("        - {\(fields.joined(separator: ", "))}")
      }
    }
    return lines
  }

  // MARK: Tokens

  private func tokens() -> [String] {
    var lines: [String] = []
    if !document.serviceTokens.isEmpty {
      lines.append("  service:")
      for token in document.serviceTokens {
        var fields = ["id: \(name(token.id))"]
        if let workspace = token.workspace {
          fields += ["workspace: \(name(workspace))", "policy: \(text(of: token.policy))"]
        } else {
          fields.append("kind: organization")
        }
        lines.append("    - {\((fields + self.fields(of: token.secret)).joined(separator: ", "))}")
      }
    }
    if !document.personalTokens.isEmpty {
      lines.append("  personal:")
      for token in document.personalTokens {
        let scope =
          switch token.scope {
          case .readOnly: "read_only"
          case .readWrite: "read_write"
          case .admin: "admin"
          }
        let fields = [
          "id: \(name(token.id))", "user: \(name(token.user))",
          "workspace: \(name(token.workspace))", "scope: \(scope)",
        ]
        lines.append("    - {\((fields + self.fields(of: token.secret)).joined(separator: ", "))}")
      }
    }
    return lines.isEmpty ? [] : ["tokens:"] + lines
  }

  private func fields(of secret: PolicyDocument.Secret) -> [String] {
    var fields: [String] = []
    if !secret.sha256.isEmpty {
      let digits = secret.sha256.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
      fields.append("secret_sha256: \"\(digits.joined())\"")
    }
    if let seconds = secret.expiresAtSeconds {
      fields.append("expires_at: \"\(YAMLWriter.timestamp(seconds))\"")
    }
    return fields
  }
}
