/// What a right comes from, for people and programs that ask why.
public struct RightSource: Sendable, Hashable {
  /// The raw value is the wire value.
  public enum Kind: UInt8, Sendable, CaseIterable {
    /// The principal was added to the workspace itself.
    case directAccess = 1
    /// The workspace's baseline, which everybody with access has.
    case baseline = 2
    /// A group that is attached to the workspace.
    case group = 3
    /// The member's own policy.
    case memberPolicy = 4
    /// The service token's own policy.
    case tokenPolicy = 5
    /// A role, as it is assigned.
    case role = 6
    case owner = 7
    case admin = 8
    /// The organization's plan, which can't restrict this.
    case plan = 9
    /// What a service token of the organization is for.
    case organizationToken = 10
    /// Being a user of the organization.
    case membership = 11
    /// A service token belongs to its workspace.
    case tokenWorkspace = 12

    /// The stable name, as in JSON.
    public var name: String {
      switch self {
      case .directAccess: "direct_access"
      case .baseline: "baseline"
      case .group: "group"
      case .memberPolicy: "member_policy"
      case .tokenPolicy: "token_policy"
      case .role: "role"
      case .owner: "owner"
      case .admin: "admin"
      case .plan: "plan"
      case .organizationToken: "organization_token"
      case .membership: "membership"
      case .tokenWorkspace: "token_workspace"
      }
    }
  }

  public var kind: Kind
  /// A group's id or a role's name; empty for other kinds.
  public var name: String
  /// A role's name for people; empty for other kinds.
  public var display: String
  /// What the assignment of a role covers, where a role can be assigned to some resources only.
  public var scope: GrantScope?
  /// Plural of the type of the resources in `scope`, for people.
  public var scopeTypes: String

  public init(
    _ kind: Kind, name: String = "", display: String = "", scope: GrantScope? = nil,
    scopeTypes: String = ""
  ) {
    self.kind = kind
    self.name = name
    self.display = display
    self.scope = scope
    self.scopeTypes = scopeTypes
  }
}

/// The resources that a grant covers.
public struct GrantScope: Sendable, Hashable {
  /// Everything, now and later.
  public var isAll: Bool
  /// Whatever the snapshot doesn't know. True where `isAll` is.
  public var includesFuture: Bool
  /// Ids in byte order, up to `Limits.scopeIDCountMax` of them; none where `isAll`.
  public var ids: [String]
  /// How many ids there are in all.
  public var idCount: Int

  public init(isAll: Bool, includesFuture: Bool, ids: [String] = [], idCount: Int = 0) {
    self.isAll = isAll
    self.includesFuture = includesFuture
    self.ids = ids
    self.idCount = idCount
  }

  public static let all = GrantScope(isAll: true, includesFuture: true)
}

/// Who a question is about, as the policies know them.
public struct InspectedPrincipal: Sendable, Equatable {
  /// The raw value is the wire value.
  public enum Rank: UInt8, Sendable, CaseIterable {
    case unknown = 0
    case member = 1
    case admin = 2
    case owner = 3
    case workspaceToken = 4
    case organizationToken = 5
    case personalToken = 6

    /// The stable name, as in JSON.
    public var name: String {
      switch self {
      case .unknown: "unknown"
      case .member: "member"
      case .admin: "admin"
      case .owner: "owner"
      case .workspaceToken: "workspace_service_token"
      case .organizationToken: "organization_service_token"
      case .personalToken: "personal_token"
      }
    }
  }

  public var rank: Rank
  /// Of a personal token: its user and its scope (`read_only`, `read_write`, `admin`).
  public var user: String
  public var tokenScope: String
  /// The workspace in question: the check's, or a token's own.
  public var workspace: String
  /// The rank of a personal token's user; else the same as `rank`.
  public var userRank: Rank

  public init(
    rank: Rank, user: String = "", tokenScope: String = "", workspace: String = "",
    userRank: Rank? = nil
  ) {
    self.rank = rank
    self.user = user
    self.tokenScope = tokenScope
    self.workspace = workspace
    self.userRank = userRank ?? rank
  }
}
