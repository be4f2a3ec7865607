internal import VerdictModel

/// What may stand where in a policy document. The reader's lists of keys, the order in which
/// documents are written and the JSON Schema all come from here.
enum DocumentPlace: Hashable {
  // Mappings with fixed keys.
  case document, organization, group, workspace, connection, policies, policy, tokens
  case serviceToken, personalToken
  /// A scope that is written as a mapping.
  case scope
  /// `{id: S1}`, with the relations of its type.
  case resource(type: Int)
  /// `{role: source_admin, sources: all}`.
  case assignment

  // Mappings whose keys are ids of the organization.
  case groups, workspaces
  /// Policies by group or member.
  case holders
  /// Assignments by user.
  case roles

  // Mappings whose keys are words of the model.
  /// Resources by type.
  case resources
  /// Grants by type.
  case grants
  /// Scopes by permission.
  case permissions(type: Int)
  /// Scopes by PII permission.
  case pii

  // Lists, of what stands there.
  case resourceList(type: Int)
  case connections, assignments, serviceTokens, personalTokens

  /// Ids, or words.
  case ids
  /// An id, a name or a word.
  case text
  /// `all`, a list of ids, or a mapping.
  case scopeValue
  case flag

  /// The keys of a mapping with fixed ones, in the order in which they are written.
  var keys: [Key] {
    switch self {
    case .document: [.apiVersion, .model, .organization, .groups, .workspaces, .tokens]
    case .organization:
      [.id, .plan, .owner, .admins, .members, .invitations, .unknownResources]
    case .group: [.members, .workspaces]
    case .workspace: [.members, .resources, .connections, .policies, .roles]
    case .connection: [.id, .source, .destination]
    case .policies: [.baseline, .groups, .members]
    case .policy: [.resources, .pii, .switches]
    case .scope, .scopeValue: [.ids, .includeFuture]
    case .tokens: [.service, .personal]
    case .serviceToken: [.id, .kind, .workspace, .secretSha256, .expiresAt, .policy]
    case .personalToken: [.id, .user, .workspace, .scope, .secretSha256, .expiresAt]
    case .resource: [.id, .name]
    case .assignment: [.role]
    default: []
    }
  }

  /// Those of them that have to be there.
  var required: [Key] {
    switch self {
    case .document: [.apiVersion, .model, .organization]
    case .organization: [.id, .plan, .owner]
    case .connection: [.id, .source, .destination]
    case .scope, .scopeValue: [.ids]
    case .serviceToken: [.id]
    case .personalToken: [.id, .user, .workspace, .scope]
    case .resource: [.id]
    case .assignment: [.role]
    default: []
    }
  }

  /// The keys that only documents of the other kind of models have.
  func foreignKeys(in access: AccessModel.Access) -> [Key] {
    switch (self, access) {
    case (.document, .roles): [.groups, .tokens]
    case (.organization, .roles): [.members]
    case (.workspace, .roles): [.members, .policies]
    case (.workspace, .policies): [.roles]
    default: []
    }
  }

  /// What stands under a fixed key.
  func value(of key: Key) -> DocumentPlace {
    switch (self, key) {
    case (.document, .organization): .organization
    case (.organization, .admins), (.organization, .members), (.organization, .invitations),
      (.group, _), (.workspace, .members), (.policy, .switches), (.scope, .ids),
      (.scopeValue, .ids):
      .ids
    case (.document, .groups): .groups
    case (.document, .workspaces): .workspaces
    case (.document, .tokens): .tokens
    case (.workspace, .resources): .resources
    case (.workspace, .connections): .connections
    case (.workspace, .policies): .policies
    case (.workspace, .roles): .roles
    case (.policies, .baseline): .policy
    case (.policies, .groups), (.policies, .members): .holders
    case (.policy, .resources): .grants
    case (.policy, .pii): .pii
    case (.tokens, .service): .serviceTokens
    case (.tokens, .personal): .personalTokens
    case (.serviceToken, .policy): .policy
    case (.scope, .includeFuture), (.scopeValue, .includeFuture): .flag
    default: .text
    }
  }

  /// What stands under a key of a mapping without fixed ones; the word's number in the model where
  /// keys are words of it.
  func value(ofWord index: Int?) -> DocumentPlace {
    switch self {
    case .groups: .group
    case .workspaces: .workspace
    case .holders: .policy
    case .roles: .assignments
    case .resources: index.map { .resourceList(type: $0) } ?? .text
    case .grants: index.map { .permissions(type: $0) } ?? .text
    case .permissions, .pii: .scopeValue
    default: .text
    }
  }

  /// What the elements of a list are.
  var element: DocumentPlace {
    switch self {
    case .resourceList(let type): .resource(type: type)
    case .connections: .connection
    case .assignments: .assignment
    case .serviceTokens: .serviceToken
    case .personalTokens: .personalToken
    default: .text
    }
  }

  /// The words of the model that are keys here, in its order; nil where keys are ids or fixed.
  func words(of model: AccessModel) -> [String]? {
    switch self {
    case .resources: model.resourceTypes.map(\.name)
    case .grants: model.resourceTypes.map(\.name)
    case .permissions(let type):
      model.permissions.indices.filter {
        model.permissions[$0].kind == .resource && model.grantable($0, on: type) != nil
      }.map { model.permissions[$0].name }
    case .pii: model.permissions.filter { $0.kind == .pii }.map(\.name)
    default: nil
    }
  }
}

extension PolicyDocument.UnknownResources {
  /// As documents write it.
  var name: String { self == .deny ? "deny" : "future" }
}

extension PolicyDocument.TokenScope {
  /// As documents write it.
  var name: String {
    switch self {
    case .readOnly: "read_only"
    case .readWrite: "read_write"
    case .admin: "admin"
    }
  }
}
