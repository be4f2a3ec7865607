/// An access model: what a product's permissions are and what each action requires, as data.
///
/// Verdict knows no product by name. A model is read from a file (`models/`), compiled into every
/// snapshot, and is all that the engine knows about resource types, permissions and actions.
/// Everything refers to everything else by index: a type's index is its place in
/// `resourceTypes`, a permission's its place in `permissions`, and so on.
///
/// Source of the rules: domain.md sections 1 to 3.
public struct AccessModel: Sendable, Equatable {
  /// The name that documents use: `model: rudderstack`.
  public var id: String
  /// The name for people.
  public var display: String
  /// How members get rights.
  public var access: Access
  public var resourceTypes: [ResourceType]
  /// Resource permissions, PII permissions and switches, in the model's order.
  public var permissions: [Permission]
  public var relations: [Relation]
  /// Workspace and organization actions, in the model's order, the ones that follow from a PII
  /// permission or a switch included.
  public var actions: [Action]
  /// Types that a document's `connections` may join, in this order (source, destination).
  public var connections: [Pair]
  public var roles: [Role]
  public var plans: [Plan]

  public enum Access: String, Sendable, Equatable {
    /// Members, groups and tokens with policies.
    case policies
    /// Roles assigned in workspaces.
    case roles
  }

  public init(
    id: String, display: String, access: Access, resourceTypes: [ResourceType],
    permissions: [Permission], relations: [Relation], actions: [Action], connections: [Pair],
    roles: [Role], plans: [Plan]
  ) {
    self.id = id
    self.display = display
    self.access = access
    self.resourceTypes = resourceTypes
    self.permissions = permissions
    self.relations = relations
    self.actions = actions
    self.connections = connections
    self.roles = roles
    self.plans = plans
  }

  /// A type of resources, such as `destination`.
  public struct ResourceType: Sendable, Equatable {
    public var name: String
    /// One of them, for people: "destination".
    public var display: String
    /// Several of them, for people: "destinations".
    public var plural: String

    public init(name: String, display: String, plural: String) {
      self.name = name
      self.display = display
      self.plural = plural
    }
  }

  /// Something that a policy grants on a type, such as `edit`.
  public struct Permission: Sendable, Equatable {
    public var name: String
    public var display: String
    public var kind: Kind
    /// The types it can be granted on, with whether a grant may name instances; in the model's
    /// order. Empty for a switch.
    public var types: [Grantable]

    public enum Kind: UInt8, Sendable, Equatable {
      /// Granted under `resources`.
      case resource = 0
      /// Granted under `pii`: a right to view payload data.
      case pii = 1
      /// Granted under `switches`: on or off, no instances.
      case `switch` = 2
    }

    public init(name: String, display: String, kind: Kind, types: [Grantable]) {
      self.name = name
      self.display = display
      self.kind = kind
      self.types = types
    }
  }

  /// One type that a permission can be granted on.
  public struct Grantable: Sendable, Equatable {
    public var type: Int
    /// Whether a grant may name instances; otherwise its scope is `all` or absent.
    public var narrowable: Bool

    public init(type: Int, narrowable: Bool) {
      self.type = type
      self.narrowable = narrowable
    }
  }

  /// A link from a resource to others of its workspace; its name is the document's key.
  public struct Relation: Sendable, Equatable {
    public var name: String
    public var from: Int
    public var to: Int
    /// At most one resource may be linked (`parent`), and its absence is an error.
    public var single: Bool
    /// A document's `connections` between the two types are such links too.
    public var throughConnections: Bool

    public init(name: String, from: Int, to: Int, single: Bool, throughConnections: Bool) {
      self.name = name
      self.from = from
      self.to = to
      self.single = single
      self.throughConnections = throughConnections
    }
  }

  /// Two types, in this order.
  public struct Pair: Sendable, Equatable {
    public var first: Int
    public var second: Int

    public init(first: Int, second: Int) {
      self.first = first
      self.second = second
    }
  }

  /// What a request can ask for.
  public struct Action: Sendable, Equatable {
    public var name: String
    public var display: String
    public var rule: Rule

    public enum Rule: Sendable, Equatable {
      case workspace(WorkspaceRule)
      case organization(OrganizationRule)
    }

    public init(name: String, display: String, rule: Rule) {
      self.name = name
      self.display = display
      self.rule = rule
    }
  }

  /// What an action inside a workspace takes and requires.
  public struct WorkspaceRule: Sendable, Equatable {
    public var selfOperand: SelfOperand
    /// Both ends count alike: a target of a type that no case has as `self` is a
    /// `wrong_resource_type`, not an `invalid_pair`.
    public var symmetric: Bool
    /// Owners and admins only, whatever a policy grants.
    public var adminOnly: Bool
    /// A `read_only` token keeps it (`view` and every PII action).
    public var reads: Bool
    /// Open to everyone with access on plans without the `pii` feature.
    public var pii: Bool
    /// One per type of `self`, plus one with `selfType` nil if the action can go without.
    /// A type without a case is a `wrong_resource_type`.
    public var cases: [Case]

    public enum SelfOperand: UInt8, Sendable, Equatable {
      /// Takes no resource.
      case none = 0
      /// A resource, or nothing (the workspace itself).
      case optional = 1
      /// A resource with an id.
      case required = 2
      /// A type without an id (`create`).
      case type = 3
    }

    public init(
      selfOperand: SelfOperand, symmetric: Bool = false, adminOnly: Bool = false,
      reads: Bool = false, pii: Bool = false, cases: [Case]
    ) {
      self.selfOperand = selfOperand
      self.symmetric = symmetric
      self.adminOnly = adminOnly
      self.reads = reads
      self.pii = pii
      self.cases = cases
    }
  }

  /// What an action requires of one type of resource.
  public struct Case: Sendable, Equatable {
    public var selfType: Int?
    public var target: TargetOperand
    /// Types that the target may have; another known type is an `invalid_pair`.
    public var targetTypes: [Int]
    /// If `self` is known to be linked to the target by this relation, `linkedTerms` are
    /// required instead of `alternatives`.
    public var linkedBy: Int?
    public var linkedTerms: [Term]
    /// Any one of these lists of terms must hold completely. One empty list: access to the
    /// workspace is enough (the view floor).
    public var alternatives: [[Term]]

    public enum TargetOperand: UInt8, Sendable, Equatable {
      case none = 0
      case optional = 1
      case required = 2
    }

    public init(
      selfType: Int?, target: TargetOperand = .none, targetTypes: [Int] = [], linkedBy: Int? = nil,
      linkedTerms: [Term] = [], alternatives: [[Term]]
    ) {
      self.selfType = selfType
      self.target = target
      self.targetTypes = targetTypes
      self.linkedBy = linkedBy
      self.linkedTerms = linkedTerms
      self.alternatives = alternatives
    }
  }

  /// One permission on one operand.
  public struct Term: Sendable, Equatable {
    public var permission: Int
    public var operand: Operand

    public enum Operand: Sendable, Equatable {
      /// The resource asked about. Where the check names only its type (`create`), and where the
      /// snapshot does not know the resource: `all` or a future flag.
      case `self`
      /// The other end.
      case target
      /// Every resource that `self` is linked to by the relation, in byte order of their ids.
      case every(relation: Int)
      /// At least one resource that `self` is linked to by the relation.
      case any(relation: Int)
      /// The one resource that `self` is linked to; of an unknown `self`: all current and future
      /// resources of the parent's type.
      case parent(relation: Int)
      /// No operand: the permission is a switch.
      case none
    }

    public init(permission: Int, operand: Operand) {
      self.permission = permission
      self.operand = operand
    }
  }

  /// Who may do something with the organization itself.
  public struct OrganizationRule: Sendable, Equatable {
    public var who: Who
    /// Organization tokens may do it too (`organization_token`).
    public var organizationTokens: Bool
    /// The action acts on a user, who must be known and not the owner.
    public var targetsUser: Bool
    /// What of the plan stops it, for admins too.
    public var plan: PlanGate?

    public enum Who: UInt8, Sendable, Equatable {
      case admins = 0
      /// Every user, for himself.
      case selfService = 1
      case nobody = 2
    }

    public enum PlanGate: Sendable, Equatable {
      /// As many as the plan allows are there already.
      case atLimit(PlanLimit)
      /// The plan allows none at all.
      case noneOf(PlanLimit)
      case without(PlanFeature)
    }

    public init(
      who: Who, organizationTokens: Bool = false, targetsUser: Bool = false, plan: PlanGate? = nil
    ) {
      self.who = who
      self.organizationTokens = organizationTokens
      self.targetsUser = targetsUser
      self.plan = plan
    }
  }

  /// A role of the model (`access: roles`): a bundle of grants.
  public struct Role: Sendable, Equatable {
    public var name: String
    public var display: String
    /// Indices of the plans that have it.
    public var plans: [Int]
    /// Whoever holds it may do everything in the workspace.
    public var administers: Bool
    /// The type whose instances an assignment may list, and the key that lists them
    /// (`sources: all` or `sources: [ids]`); nil: the whole workspace.
    public var scope: RoleScope?
    public var grants: [RoleGrant]

    public init(
      name: String, display: String, plans: [Int], administers: Bool, scope: RoleScope?,
      grants: [RoleGrant]
    ) {
      self.name = name
      self.display = display
      self.plans = plans
      self.administers = administers
      self.scope = scope
      self.grants = grants
    }
  }

  public struct RoleScope: Sendable, Equatable {
    public var key: String
    public var type: Int

    public init(key: String, type: Int) {
      self.key = key
      self.type = type
    }
  }

  public struct RoleGrant: Sendable, Equatable {
    public var permission: Int
    /// nil: the permission is a switch.
    public var type: Int?
    /// Given only where the role covers all current and future instances.
    public var onlyWithAll: Bool

    public init(permission: Int, type: Int?, onlyWithAll: Bool) {
      self.permission = permission
      self.type = type
      self.onlyWithAll = onlyWithAll
    }
  }

  /// A plan and what it limits.
  public struct Plan: Sendable, Equatable {
    public var name: String
    public var display: String
    public var features: Set<PlanFeature>
    /// Absent: no limit.
    public var limits: [PlanLimit: Int]

    public init(
      name: String, display: String, features: Set<PlanFeature>, limits: [PlanLimit: Int]
    ) {
      self.name = name
      self.display = display
      self.features = features
      self.limits = limits
    }
  }

  public enum PlanFeature: String, Sendable, CaseIterable {
    case baseline
    case instanceScopes = "instance_scopes"
    case memberPolicies = "member_policies"
    case groupPolicies = "group_policies"
    case pii
    case serviceTokens = "service_tokens"
    case auditLog = "audit_log"
  }

  public enum PlanLimit: String, Sendable, CaseIterable {
    /// Owner, admins, members and pending invitations.
    case members
    case groups
    case workspaces
  }
}
