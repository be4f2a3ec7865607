/// What a principal may do in a workspace, and why.
public struct EffectivePolicy: Sendable, Equatable {
  public var principal: InspectedPrincipal
  /// Why there are no rights there; nil where the principal has access.
  public var refusal: CheckAnswer?
  /// Whether everything is allowed, whatever policies say.
  public var administers = false
  /// What gives access, or makes the principal an administrator.
  public var access: [RightSource] = []
  /// Names of actions that access alone allows on resources of some type, and of those that it
  /// allows on the workspace itself.
  public var openActions: [String] = []
  public var workspaceActions: [String] = []
  /// By type, then permission, in the model's order; switches last.
  public var entries: [Entry] = []

  public init(principal: InspectedPrincipal) { self.principal = principal }

  /// One permission on one type.
  public struct Entry: Sendable, Equatable {
    public var permission: String
    public var display: String
    /// Empty for a switch.
    public var type: String
    public var typePlural: String
    public var isPII: Bool
    /// The union of the contributions.
    public var scope: GrantScope
    public var contributions: [Contribution]

    public init(
      permission: String, display: String, type: String, typePlural: String, isPII: Bool,
      scope: GrantScope, contributions: [Contribution]
    ) {
      self.permission = permission
      self.display = display
      self.type = type
      self.typePlural = typePlural
      self.isPII = isPII
      self.scope = scope
      self.contributions = contributions
    }
  }

  /// What one source adds.
  public struct Contribution: Sendable, Equatable {
    public var source: RightSource
    public var scope: GrantScope

    public init(source: RightSource, scope: GrantScope) {
      self.source = source
      self.scope = scope
    }
  }
}

/// A page of the resources on which a principal may do something.
public struct ResourcePage: Sendable, Equatable {
  /// Where the question itself is at fault, or nobody could be allowed anything: the answer.
  public var refusal: CheckAnswer?
  public var resources: [Resource] = []
  /// Whether it is also allowed on resources of the type that the snapshot doesn't know.
  public var includesUnknown = false
  /// Gets the next page; empty: this is the last.
  public var nextPageToken = ""

  public struct Resource: Sendable, Equatable {
    public var id: String
    /// The name for people.
    public var display: String

    public init(id: String, display: String) {
      self.id = id
      self.display = display
    }
  }

  public init() {}
}

/// A page of the principals who may do something on a resource.
public struct PrincipalPage: Sendable, Equatable {
  /// Where the question itself is at fault: the answer that anybody would get.
  public var refusal: CheckAnswer?
  public var principals: [Principal] = []
  /// Gets the next page; empty: this is the last.
  public var nextPageToken = ""

  public struct Principal: Sendable, Equatable {
    /// `user:ID`, `service_token:ID` or `personal_token:ID`.
    public var principal: String
    public var reason: Reason
    /// The smallest set of sources that it rests on.
    public var through: [RightSource]

    public init(principal: String, reason: Reason, through: [RightSource]) {
      self.principal = principal
      self.reason = reason
      self.through = through
    }
  }

  public init() {}
}

/// Why a page can't be given.
public enum PageFault: Error, Sendable, Equatable {
  /// The token is not one of this question.
  case foreignToken
  /// The policies have changed since the page before.
  case staleToken

  public var message: String {
    switch self {
    case .foreignToken: "page_token: not a token that this question's last page gave"
    case .staleToken:
      "page_token: the policies have changed since the page before; begin with the first page"
    }
  }
}
