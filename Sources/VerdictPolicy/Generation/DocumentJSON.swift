public import VerdictModel

/// Writes a document's values as JSON of the format, for documents that were made and not read.
struct DocumentJSON {
  private let document: PolicyDocument
  private var model: AccessModel { document.model }

  init(_ document: PolicyDocument) { self.document = document }

  /// - Precondition: the model has `access: policies`, and a PII permission has one form of scope
  ///   on all its types.
  var value: JSONValue {
    precondition(model.access == .policies, "roles are not generated")
    let organization = document.organization
    var members: [JSONValue.Member] = [
      text(.apiVersion, PolicyDocument.apiVersion), text(.model, model.id),
      member(
        .organization,
        .object(
          [
            member(.id, name(organization.id)),
            text(.plan, model.plans[organization.plan].name),
            member(.owner, name(organization.owner)),
          ] + list(.admins, organization.admins) + list(.members, organization.members)
            + list(.invitations, organization.invitations) + [
              text(.unknownResources, organization.unknownResources.name)
            ])),
    ]
    let groups = document.groups.map { group in
      entry(group.id, .object(list(.members, group.members) + list(.workspaces, group.workspaces)))
    }
    if !groups.isEmpty { members.append(member(.groups, .object(groups))) }
    let workspaces = document.workspaces.map { entry($0.id, workspace($0)) }
    members.append(member(.workspaces, .object(workspaces)))
    let tokens = self.tokens
    if !tokens.isEmpty { members.append(member(.tokens, .object(tokens))) }
    return .object(members)
  }

  // MARK: Pieces

  private func member(_ key: Key, _ value: JSONValue) -> JSONValue.Member { .init(key.name, value) }
  private func text(_ key: Key, _ text: String) -> JSONValue.Member { .init(key.name, text) }
  private func string(_ name: Name) -> String { document.symbols.text(name.symbol) }
  private func name(_ name: Name) -> JSONValue { .text(string(name)) }

  private func entry(_ name: Name, _ value: JSONValue) -> JSONValue.Member {
    .init(string(name), value)
  }

  /// A list, left out where it is empty.
  private func list(_ key: Key, _ names: [Name]) -> [JSONValue.Member] {
    names.isEmpty ? [] : [member(key, .list(names.map(name)))]
  }

  private func workspace(_ workspace: PolicyDocument.Workspace) -> JSONValue {
    var members = list(.members, workspace.members)
    let resources = model.resourceTypes.indices.compactMap { type -> JSONValue.Member? in
      let all = workspace.resources.filter { $0.type == type }
      return all.isEmpty
        ? nil : .init(model.resourceTypes[type].name, .list(all.map { name($0.id) }))
    }
    if !resources.isEmpty { members.append(member(.resources, .object(resources))) }
    var policies: [JSONValue.Member] = []
    if let baseline = workspace.baseline { policies.append(member(.baseline, policy(baseline))) }
    for (key, held) in [
      (Key.groups, workspace.groupPolicies), (.members, workspace.memberPolicies),
    ] where !held.isEmpty {
      policies.append(
        member(key, .object(held.map { entry($0.holder, policy($0.policy)) })))
    }
    if !policies.isEmpty { members.append(member(.policies, .object(policies))) }
    return .object(members)
  }

  private func policy(_ policy: PolicyDocument.Policy) -> JSONValue {
    var members: [JSONValue.Member] = []
    let resources = model.resourceTypes.indices.compactMap { type -> JSONValue.Member? in
      let grants = policy.grants.filter {
        $0.type == type && model.permissions[$0.permission].kind == .resource
      }
      if grants.isEmpty { return nil }
      return .init(
        model.resourceTypes[type].name,
        .object(
          grants.map { .init(model.permissions[$0.permission].name, scope([$0], isTyped: false)) }))
    }
    if !resources.isEmpty { members.append(member(.resources, .object(resources))) }
    let pii = model.permissions.indices.compactMap { index -> JSONValue.Member? in
      let grants = policy.grants.filter { $0.permission == index }
      guard model.permissions[index].kind == .pii, !grants.isEmpty else { return nil }
      let isTyped = model.permissions[index].types.count > 1
      return .init(model.permissions[index].name, scope(grants, isTyped: isTyped))
    }
    if !pii.isEmpty { members.append(member(.pii, .object(pii))) }
    if !policy.switches.isEmpty {
      let names = policy.switches.map { JSONValue.text(model.permissions[$0].name) }
      members.append(member(.switches, .list(names)))
    }
    return .object(members)
  }

  private func scope(_ grants: [PolicyDocument.Grant], isTyped: Bool) -> JSONValue {
    var ids: [JSONValue] = []
    var hasFuture = false
    for grant in grants {
      guard case .some(let names, let future) = grant.scope else { return .text("all") }
      hasFuture = hasFuture || future
      let type = model.resourceTypes[grant.type].name
      ids += names.map { isTyped ? .text("\(type)/\(string($0))") : name($0) }
    }
    guard hasFuture else { return .list(ids) }
    return .object([member(.ids, .list(ids)), member(.includeFuture, .bool(true))])
  }

  private var tokens: [JSONValue.Member] {
    var members: [JSONValue.Member] = []
    let service = document.serviceTokens.map { token -> JSONValue in
      guard let workspace = token.workspace else {
        return .object([member(.id, name(token.id)), text(.kind, "organization")])
      }
      return .object([
        member(.id, name(token.id)), member(.workspace, name(workspace)),
        member(.policy, policy(token.policy)),
      ])
    }
    if !service.isEmpty { members.append(member(.service, .list(service))) }
    let personal = document.personalTokens.map { token in
      JSONValue.object([
        member(.id, name(token.id)), member(.user, name(token.user)),
        member(.workspace, name(token.workspace)), text(.scope, token.scope.name),
      ])
    }
    if !personal.isEmpty { members.append(member(.personal, .list(personal))) }
    return members
  }
}

extension OrganizationProfile {
  /// The organization as the text of a document in canonical form.
  ///
  /// - Throws: a profile that the model's last plan does not allow, in the words of the reader.
  public func text(
    model: AccessModel, organization: String, syntax: DocumentFormat.Syntax
  ) throws(PolicyError) -> [UInt8] {
    let bytes = DocumentJSON(document(model: model, organization: organization)).value.bytes
    return try DocumentFormat.canonical(
      bytes, path: "generated.json", models: try AccessModels([model]), syntax: syntax)
  }
}
