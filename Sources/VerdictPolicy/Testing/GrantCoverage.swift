public import VerdictModel

/// Which grants of documents the allowed checks of tests rested on.
///
/// A check exercises a grant when the grant covers an operand of a term, and the terms of an
/// alternative all hold. This attributes answers and decides nothing: what is not `granted` is not
/// given to it. It reads documents, because only they know who gave what.
public struct GrantCoverage: Sendable {
  /// A grant, a switch or an assignment of a role.
  public struct Entry: Sendable, Equatable {
    public let path: String
    public let mark: Mark
    /// Whose it is: "baseline of `prod`".
    public let place: String
    /// What it gives: "edit on destination: D1, D2".
    public let grant: String
    public fileprivate(set) var isExercised = false
  }

  /// In the order of the documents, and of the places in each.
  public private(set) var entries: [Entry] = []
  private var organizations: [GrantIndex] = []

  public init(documents: [PolicyDocument]) {
    for document in documents {
      let listing = GrantListing(document)
      organizations.append(GrantIndex(document, listing, first: entries.count))
      entries += listing.entries
    }
  }

  /// Takes down an allowed check whose reason is `granted`. Others rest on no grant.
  ///
  /// Complexity: linear in the grants that its principal has in the workspace.
  public mutating func record(_ check: Check) {
    for organization in organizations
    where check.organization.map(organization.isNamed) ?? (organizations.count == 1) {
      for entry in organization.exercised(by: check) { entries[entry].isExercised = true }
    }
  }
}

/// The grants of one document, by who holds them.
struct GrantListing {
  enum Holder: Hashable {
    case baseline
    case group(Symbol)
    case user(Symbol)
    case serviceToken(Symbol)
  }

  struct Place: Hashable {
    var workspace: Symbol
    var holder: Holder
  }

  /// What an entry gives on one type (nil: a switch).
  struct Grant {
    var entry: Int
    var permission: Int
    var type: Int?
    var scope: PolicyDocument.Scope
  }

  private(set) var entries: [GrantCoverage.Entry] = []
  private(set) var grants: [Place: [Grant]] = [:]
  private let document: PolicyDocument
  private var model: AccessModel { document.model }

  init(_ document: PolicyDocument) {
    self.document = document
    for workspace in document.workspaces {
      let name = text(workspace.id)
      let id = workspace.id.symbol
      if let policy = workspace.baseline {
        add(policy, Place(workspace: id, holder: .baseline), "baseline of `\(name)`", workspace.id)
      }
      for held in workspace.groupPolicies {
        let place = Place(workspace: id, holder: .group(held.holder.symbol))
        add(held.policy, place, "group `\(text(held.holder))` in `\(name)`", held.holder)
      }
      for held in workspace.memberPolicies {
        let place = Place(workspace: id, holder: .user(held.holder.symbol))
        add(held.policy, place, "member `\(text(held.holder))` in `\(name)`", held.holder)
      }
      for assignment in workspace.roles { add(assignment, in: workspace.id) }
    }
    for token in document.serviceTokens {
      guard let workspace = token.workspace else { continue }
      let place = Place(workspace: workspace.symbol, holder: .serviceToken(token.id.symbol))
      add(token.policy, place, "service token `\(text(token.id))`", token.id)
    }
  }

  private func text(_ name: Name) -> String { document.symbols.text(name.symbol) }

  private mutating func add(
    _ policy: PolicyDocument.Policy, _ place: Place, _ words: String, _ holder: Name
  ) {
    for grant in policy.grants {
      let type = model.resourceTypes[grant.type].name
      let what = "\(model.permissions[grant.permission].name) on \(type): \(text(of: grant.scope))"
      let entry = append(grant.mark, words, what)
      grants[place, default: []].append(
        Grant(
          entry: entry, permission: grant.permission, type: grant.type, scope: grant.scope))
    }
    for (index, permission) in policy.switches.enumerated() {
      let mark = index < policy.switchMarks.count ? policy.switchMarks[index] : holder.mark
      let entry = append(mark, words, "switch \(model.permissions[permission].name)")
      grants[place, default: []].append(
        Grant(entry: entry, permission: permission, type: nil, scope: .all))
    }
  }

  private mutating func add(_ assignment: PolicyDocument.RoleAssignment, in workspace: Name) {
    let role = model.roles[assignment.role]
    // Whoever administers a workspace is allowed by rank, and a role without grants by access.
    if role.administers || role.grants.isEmpty { return }
    let scope = role.scope.map { " with \($0.key): \(text(of: assignment.scope))" } ?? ""
    let words = "`\(text(assignment.user))` in `\(text(workspace))`"
    let entry = append(assignment.user.mark, words, "role \(role.name)\(scope)")
    let place = Place(workspace: workspace.symbol, holder: .user(assignment.user.symbol))
    for grant in role.grants {
      if grant.onlyWithAll, case .some = assignment.scope { continue }
      let isScoped = grant.type != nil && grant.type == role.scope?.type
      grants[place, default: []].append(
        Grant(
          entry: entry, permission: grant.permission, type: grant.type,
          scope: isScoped ? assignment.scope : .all))
    }
  }

  private mutating func append(_ mark: Mark, _ place: String, _ grant: String) -> Int {
    entries.append(
      GrantCoverage.Entry(path: document.path, mark: mark, place: place, grant: grant))
    return entries.count - 1
  }

  private func text(of scope: PolicyDocument.Scope) -> String {
    guard case .some(let ids, let future) = scope else { return "all" }
    let shown = ids.prefix(8).map(text)
    let more = ids.count > 8 ? ["and \(ids.count - 8) more"] : []
    return (shown + more + (future ? ["future ones"] : [])).joined(separator: ", ")
  }
}
