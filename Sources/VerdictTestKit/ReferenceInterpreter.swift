import VerdictModel
public import VerdictPolicy

/// Decides checks straight from policy documents, step by step as domain.md 2.7 says.
///
/// It is the second opinion on the engine: written from domain.md alone, sharing no code with
/// compiler, snapshot or engine, and as plain as possible. Slow on purpose where plain is slow.
/// What an action takes and requires comes from the access model; who has which rights, how they
/// combine and in which order things are asked is written out here.
///
/// | Step of 2.7 | Where |
/// |---|---|
/// | 1 organization and ids, 2 principal | this file |
/// | 3 shape | `ReferenceInterpreter+Shape.swift` |
/// | 4 organization actions | `ReferenceInterpreter+Organization.swift` |
/// | 5 workspace to 11 token scope | `ReferenceInterpreter+Workspace.swift` |
/// | 10 terms | `ReferenceTerms.swift` |
public struct ReferenceInterpreter: Sendable {
  let organizations: [[UInt8]: ReferenceOrganization]

  /// A set of documents, one per organization.
  ///
  /// - Precondition: the documents are valid, and no two are of the same organization.
  public init(documents: [PolicyDocument]) {
    var organizations: [[UInt8]: ReferenceOrganization] = [:]
    for document in documents {
      let organization = ReferenceOrganization(document)
      precondition(organizations[organization.id] == nil, "one document per organization")
      organizations[organization.id] = organization
    }
    self.organizations = organizations
  }

  /// Steps 1 to 11, in order.
  public func decide(_ check: ReferenceCheck) -> ReferenceAnswer {
    let fields = Fields(check)

    // Step 1: the organization, then the ids.
    guard let organization = organization(named: fields.organization) else {
      return ReferenceAnswer(.unknownOrganization)
    }
    guard fields.ids.allSatisfy(ReferenceInterpreter.isValidID) else {
      return ReferenceAnswer(.invalidID)
    }

    // Step 2: the principal.
    guard let principal = ReferencePrincipal(fields.principal, in: organization) else {
      return ReferenceAnswer(.unknownPrincipal)
    }

    // Step 3: the shape.
    let shape: ReferenceShape
    switch ReferenceShape.read(fields, model: organization.model) {
    case .failure(let fault): return ReferenceAnswer(fault.reason)
    case .success(let read): shape = read
    }

    switch shape {
    case .organization(let rule, let target):
      // Step 4: organization actions, and done.
      return organization.decide(rule, target: target, for: principal)
    case .workspace(let question):
      // Step 4: for all others an organization token is denied.
      if case .organizationToken = principal { return ReferenceAnswer(.tokenKind) }
      // Steps 5 to 11.
      return organization.decide(question, workspace: fields.workspace, for: principal)
    }
  }

  /// Step 1: "not loaded, or not named while several are loaded".
  private func organization(named name: [UInt8]?) -> ReferenceOrganization? {
    if let name { return organizations[name] }
    return organizations.count == 1 ? organizations.first?.value : nil
  }

  /// Step 1: an id is 1 to 255 bytes of UTF-8 without NUL.
  static func isValidID(_ id: [UInt8]) -> Bool {
    !id.isEmpty && id.count <= 255 && !id.contains(0)
      && String(validating: id, as: UTF8.self) != nil
  }
}

/// A check's fields, with the ids in them.
struct Fields {
  let organization: [UInt8]?
  let principal: PrincipalField
  let workspace: [UInt8]?
  let action: [UInt8]
  let resource: ReferenceOperand?
  let target: TargetField?

  /// `user:ID`, `service_token:ID` or `personal_token:ID`; without one of these it is a user.
  enum PrincipalField {
    case user([UInt8])
    case serviceToken([UInt8])
    case personalToken([UInt8])
  }

  /// `user:ID` or `TYPE/ID`.
  struct TargetField {
    /// The id behind `user:`.
    var user: [UInt8]?
    var operand: ReferenceOperand
  }

  init(_ check: ReferenceCheck) {
    func given(_ field: [UInt8]?) -> [UInt8]? { field?.isEmpty == true ? nil : field }

    organization = given(check.organization)
    if let id = check.principal.dropping(prefix: "user:") {
      principal = .user(id)
    } else if let id = check.principal.dropping(prefix: "service_token:") {
      principal = .serviceToken(id)
    } else if let id = check.principal.dropping(prefix: "personal_token:") {
      principal = .personalToken(id)
    } else {
      principal = .user(check.principal)
    }
    workspace = given(check.workspace)
    action = check.action
    resource = given(check.resource).map { ReferenceOperand($0) }
    target = given(check.target).map { bytes in
      TargetField(user: bytes.dropping(prefix: "user:"), operand: ReferenceOperand(bytes))
    }
  }

  /// Every id that the check names, whether its action reads it or not. The organization's is
  /// not among them: one that is no id is not loaded.
  var ids: [[UInt8]] {
    var ids: [[UInt8]] = []
    switch principal {
    case .user(let id), .serviceToken(let id), .personalToken(let id): ids.append(id)
    }
    if let workspace { ids.append(workspace) }
    if let id = resource?.id { ids.append(id) }
    if let target, let id = target.user ?? target.operand.id { ids.append(id) }
    return ids
  }
}

/// Step 2: who asks, with what decides about their rights.
enum ReferencePrincipal {
  case user([UInt8])
  case workspaceToken(workspace: [UInt8], policy: ReferencePolicy)
  case organizationToken
  case personalToken(user: [UInt8], workspace: [UInt8], scope: PolicyDocument.TokenScope)

  /// nil: unknown, or a personal token whose user is not in the organization.
  init?(_ field: Fields.PrincipalField, in organization: ReferenceOrganization) {
    switch field {
    case .user(let id):
      guard organization.hasUser(id) else { return nil }
      self = .user(id)
    case .serviceToken(let id):
      guard let token = organization.serviceTokens[id] else { return nil }
      if let workspace = token.workspace {
        self = .workspaceToken(workspace: workspace, policy: token.policy)
      } else {
        self = .organizationToken
      }
    case .personalToken(let id):
      guard let token = organization.personalTokens[id], organization.hasUser(token.user) else {
        return nil
      }
      self = .personalToken(user: token.user, workspace: token.workspace, scope: token.scope)
    }
  }

  /// The user whose rights these are: a personal token has its user's.
  var user: [UInt8]? {
    switch self {
    case .user(let id): id
    case .personalToken(let user, _, _): user
    case .workspaceToken, .organizationToken: nil
    }
  }
}
