/// Why a check was decided as it was, and what would change that.
public struct Explanation: Sendable, Equatable {
  /// The decision, the same that a check gets.
  public var answer: CheckAnswer
  public var principal: InspectedPrincipal
  /// Everything that gives the principal access to the workspace.
  public var access: [RightSource] = []
  /// What the action requires here: all terms of one alternative. Empty where terms don't decide:
  /// for owners and admins, and where the check stops before them.
  public var alternatives: [Alternative] = []
  /// Of an allow: the smallest set of sources that it rests on.
  public var basis: [RightSource] = []
  /// Of a denial: what would allow it, each by itself; none where no grant can.
  public var remedies: [Remedy] = []
  /// What stands in the way that no grant can mend, or has to be mended first: a sentence.
  public var obstacle = ""

  public init(answer: CheckAnswer, principal: InspectedPrincipal) {
    self.answer = answer
    self.principal = principal
  }

  /// Terms that all have to hold.
  public struct Alternative: Sendable, Equatable {
    public var terms: [Term]
    public var holds: Bool { terms.allSatisfy(\.holds) }

    public init(terms: [Term]) { self.terms = terms }
  }

  /// One permission on one operand.
  public struct Term: Sendable, Equatable {
    /// Name and name for people.
    public var permission: String
    public var display: String
    /// As models write it: `self`, `target`, `every RELATION`, `any RELATION`, `parent RELATION`;
    /// empty for a switch.
    public var operand: String
    public var holds: Bool
    /// What the operand comes to here. Of `any` one has to hold, else all of them.
    public var requirements: [Requirement]

    public init(
      permission: String, display: String, operand: String, holds: Bool,
      requirements: [Requirement]
    ) {
      self.permission = permission
      self.display = display
      self.operand = operand
      self.holds = holds
      self.requirements = requirements
    }
  }

  /// A permission on one resource.
  public struct Requirement: Sendable, Equatable {
    /// `TYPE/ID`; `TYPE` alone for new and unknown resources, which only `all` and the future flag
    /// cover; empty for a switch.
    public var resource: String
    /// For people: "destination Warehouse".
    public var display: String
    public var holds: Bool
    /// Whether the principal has the permission on other resources.
    public var isGrantedElsewhere: Bool
    /// Every policy that grants it.
    public var sources: [RightSource]

    public init(
      resource: String, display: String, holds: Bool, isGrantedElsewhere: Bool,
      sources: [RightSource]
    ) {
      self.resource = resource
      self.display = display
      self.holds = holds
      self.isGrantedElsewhere = isGrantedElsewhere
      self.sources = sources
    }
  }

  /// Grants that together would allow what was denied; none of them can be left out.
  public struct Remedy: Sendable, Equatable {
    public var grants: [MissingGrant]

    public init(grants: [MissingGrant]) { self.grants = grants }
  }

  public struct MissingGrant: Sendable, Hashable {
    /// Name and name for people.
    public var permission: String
    public var display: String
    /// Empty for a switch.
    public var type: String
    /// Empty: all resources of the type, or the switch.
    public var id: String
    /// For people: "destination Warehouse", "all destinations".
    public var resourceDisplay: String
    /// Whether a scope with the future flag would do as well as `all`.
    public var futureSuffices: Bool
    /// In models with roles: names of those that give it.
    public var roles: [String]

    public init(
      permission: String, display: String, type: String, id: String, resourceDisplay: String,
      futureSuffices: Bool, roles: [String]
    ) {
      self.permission = permission
      self.display = display
      self.type = type
      self.id = id
      self.resourceDisplay = resourceDisplay
      self.futureSuffices = futureSuffices
      self.roles = roles
    }
  }
}
