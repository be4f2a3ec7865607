/// Who gains or loses what from one snapshot of an organization to another.
///
/// What counts is what can be decided: a scope that is written otherwise and covers the same is no
/// difference. A resource that one side doesn't know is covered by `all` and by a future flag
/// there; what `unknown_resources: deny` changes is told once, of the organization. Names for
/// people, secrets and expiry times give nobody a right and are not compared.
public struct SnapshotDifference: Sendable {
  /// Something of the organization itself: "plan", with both values.
  public struct Fact: Sendable, Equatable {
    public let name: String
    public let old: String
    public let new: String
  }

  /// A resource that came, went, moved, or is linked otherwise.
  public struct Resource: Sendable, Equatable {
    public let name: String
    /// The workspace on each side; nil: it is not there.
    public let old: String?
    public let new: String?
    /// Links as `relation type/id`.
    public let linksGained: [String]
    public let linksLost: [String]
  }

  public struct Principal: Sendable, Equatable {
    /// `user:mia@acme.example`.
    public let name: String
    /// "member", "admin"; nil: not there on that side.
    public let old: String?
    public let new: String?
    public let workspaces: [Workspace]
  }

  public struct Workspace: Sendable, Equatable {
    public let name: String
    public let changes: [Change]
  }

  public enum Sign: String, Sendable {
    case gains
    case loses
    /// What is left to somebody who loses everything, or was there before gaining it.
    case keeps
  }

  public struct Change: Sendable, Equatable {
    public let sign: Sign
    /// "access", "everything", or a permission's name.
    public let right: String
    /// The type, where the permission is granted on one.
    public let type: String?
    /// All, current and future ones.
    public let isAll: Bool
    /// The ids otherwise.
    public let ids: [String]
    /// Whatever the snapshot doesn't know.
    public let future: Bool
  }

  public internal(set) var facts: [Fact] = []
  public internal(set) var resources: [Resource] = []
  public internal(set) var principals: [Principal] = []
  public var isEmpty: Bool { facts.isEmpty && resources.isEmpty && principals.isEmpty }

  /// Complexity: linear in principals and resources, and in the distinct pairs of classes times
  /// their rights.
  public init(from old: SnapshotView, to new: SnapshotView) {
    var comparison = SnapshotComparison(SnapshotRights(old), SnapshotRights(new))
    facts = comparison.facts()
    resources = comparison.resources()
    principals = comparison.principals()
  }
}
