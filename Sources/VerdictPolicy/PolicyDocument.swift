public import VerdictModel

/// Where something stands in a document: line and column, both from 1. Zero: nowhere.
public struct Mark: Sendable, Equatable {
  public var line: UInt32
  public var column: UInt32

  @inlinable
  public init(line: UInt32, column: UInt32) {
    self.line = line
    self.column = column
  }
}

/// A name with its place.
public struct Name: Sendable, Equatable {
  public var symbol: Symbol
  public var mark: Mark

  @inlinable
  public init(symbol: Symbol, mark: Mark) {
    self.symbol = symbol
    self.mark = mark
  }
}

/// One policy document (version 1, domain.md section 6): what one organization's members, groups
/// and tokens may do. Types, permissions, relations and roles are indices into `model`; ids are
/// symbols of `symbols`. A document of this type has been parsed *and checked*: every rule of
/// domain.md 2.7 ("Invalid documents") and of the plans holds.
public struct PolicyDocument: Sendable {
  /// The path that it was read from, for diagnostics.
  public var path: String
  public var model: AccessModel
  public var symbols: SymbolTable
  public var organization: Organization
  public var groups: [Group]
  public var workspaces: [Workspace]
  public var serviceTokens: [ServiceToken]
  public var personalTokens: [PersonalToken]

  public init(
    path: String, model: AccessModel, symbols: SymbolTable, organization: Organization,
    groups: [Group] = [], workspaces: [Workspace] = [], serviceTokens: [ServiceToken] = [],
    personalTokens: [PersonalToken] = []
  ) {
    self.path = path
    self.model = model
    self.symbols = symbols
    self.organization = organization
    self.groups = groups
    self.workspaces = workspaces
    self.serviceTokens = serviceTokens
    self.personalTokens = personalTokens
  }

  public struct Organization: Sendable {
    public var id: Name
    /// Index into `model.plans`.
    public var plan: Int
    public var owner: Name
    public var admins: [Name]
    public var members: [Name]
    public var invitations: [Name]
    public var unknownResources: UnknownResources

    public init(
      id: Name, plan: Int, owner: Name, admins: [Name] = [], members: [Name] = [],
      invitations: [Name] = [], unknownResources: UnknownResources = .future
    ) {
      self.id = id
      self.plan = plan
      self.owner = owner
      self.admins = admins
      self.members = members
      self.invitations = invitations
      self.unknownResources = unknownResources
    }
  }

  public enum UnknownResources: Sendable {
    /// A resource that the snapshot does not know counts as created after it.
    case future
    /// It is denied.
    case deny
  }

  public struct Group: Sendable {
    public var id: Name
    public var members: [Name]
    /// The workspaces that it is attached to.
    public var workspaces: [Name]

    public init(id: Name, members: [Name], workspaces: [Name]) {
      self.id = id
      self.members = members
      self.workspaces = workspaces
    }
  }

  public struct Workspace: Sendable {
    public var id: Name
    /// Direct access.
    public var members: [Name]
    public var resources: [Resource]
    public var connections: [Connection]
    public var baseline: Policy?
    public var groupPolicies: [HolderPolicy]
    public var memberPolicies: [HolderPolicy]
    /// Models with `access: roles` only.
    public var roles: [RoleAssignment]

    public init(
      id: Name, members: [Name] = [], resources: [Resource] = [], connections: [Connection] = [],
      baseline: Policy? = nil, groupPolicies: [HolderPolicy] = [],
      memberPolicies: [HolderPolicy] = [], roles: [RoleAssignment] = []
    ) {
      self.id = id
      self.members = members
      self.resources = resources
      self.connections = connections
      self.baseline = baseline
      self.groupPolicies = groupPolicies
      self.memberPolicies = memberPolicies
      self.roles = roles
    }
  }

  public struct Resource: Sendable {
    public var type: Int
    public var id: Name
    /// The name for people, where the document gives one.
    public var display: Symbol?
    public var links: [Link]

    public init(type: Int, id: Name, display: Symbol? = nil, links: [Link] = []) {
      self.type = type
      self.id = id
      self.display = display
      self.links = links
    }
  }

  /// One link of a resource to another of the relation's target type, in the same workspace.
  public struct Link: Sendable {
    public var relation: Int
    public var id: Name

    public init(relation: Int, id: Name) {
      self.relation = relation
      self.id = id
    }
  }

  public struct ResourceReference: Sendable {
    public var type: Int
    public var id: Name

    public init(type: Int, id: Name) {
      self.type = type
      self.id = id
    }
  }

  /// A connection of two resources of the workspace, addressable by its own id.
  public struct Connection: Sendable {
    public var id: Name
    public var source: ResourceReference
    public var destination: ResourceReference

    public init(id: Name, source: ResourceReference, destination: ResourceReference) {
      self.id = id
      self.source = source
      self.destination = destination
    }
  }

  /// A policy of a group or member in a workspace.
  public struct HolderPolicy: Sendable {
    public var holder: Name
    public var policy: Policy

    public init(holder: Name, policy: Policy) {
      self.holder = holder
      self.policy = policy
    }
  }

  public struct Policy: Sendable {
    /// Resource and PII grants. A PII permission over several types is one grant per type.
    public var grants: [Grant]
    /// Indices of the permissions of kind `switch` that are on.
    public var switches: [Int]
    /// Where each of them is written; empty in documents that were not read.
    public var switchMarks: [Mark]

    public init(grants: [Grant] = [], switches: [Int] = [], switchMarks: [Mark] = []) {
      self.grants = grants
      self.switches = switches
      self.switchMarks = switchMarks
    }
  }

  public struct Grant: Sendable {
    public var permission: Int
    public var type: Int
    public var scope: Scope
    public var mark: Mark

    public init(permission: Int, type: Int, scope: Scope, mark: Mark) {
      self.permission = permission
      self.type = type
      self.scope = scope
      self.mark = mark
    }
  }

  public enum Scope: Sendable {
    case all
    /// These ids; with `future` also whatever the snapshot does not know.
    case some([Name], future: Bool)
  }

  public struct RoleAssignment: Sendable {
    public var user: Name
    public var role: Int
    /// `.all` where the role has no scope of its own.
    public var scope: Scope

    public init(user: Name, role: Int, scope: Scope) {
      self.user = user
      self.role = role
      self.scope = scope
    }
  }

  /// What identifies a token's bearer: the SHA-256 of its secret, and until when.
  public struct Secret: Sendable {
    /// 32 bytes, or empty where the document gives none.
    public var sha256: [UInt8]
    /// Seconds since 1970-01-01 UTC, or nil: no expiry.
    public var expiresAtSeconds: Int64?

    public init(sha256: [UInt8] = [], expiresAtSeconds: Int64? = nil) {
      self.sha256 = sha256
      self.expiresAtSeconds = expiresAtSeconds
    }
  }

  public struct ServiceToken: Sendable {
    public var id: Name
    /// nil: a token of the organization.
    public var workspace: Name?
    public var policy: Policy
    public var secret: Secret

    public init(id: Name, workspace: Name?, policy: Policy = Policy(), secret: Secret = Secret()) {
      self.id = id
      self.workspace = workspace
      self.policy = policy
      self.secret = secret
    }
  }

  public struct PersonalToken: Sendable {
    public var id: Name
    public var user: Name
    public var workspace: Name
    public var scope: TokenScope
    public var secret: Secret

    public init(
      id: Name, user: Name, workspace: Name, scope: TokenScope, secret: Secret = Secret()
    ) {
      self.id = id
      self.user = user
      self.workspace = workspace
      self.scope = scope
      self.secret = secret
    }
  }

  /// What a personal token keeps of its user's rights. The raw value is stored in snapshots.
  public enum TokenScope: UInt8, Sendable, CaseIterable {
    case readOnly = 0
    case readWrite = 1
    case admin = 2
  }
}
