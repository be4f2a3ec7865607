internal import VerdictModel

/// Sources, scopes and lists in words, for people who have never seen the product.
enum InspectionText {
  static func text(_ source: RightSource) -> String {
    switch source.kind {
    case .directAccess: "being a member of the workspace"
    case .baseline: "the workspace's baseline"
    case .group: "group `\(source.name)`"
    case .memberPolicy: "their own policy"
    case .tokenPolicy: "the token's own policy"
    case .role: role(source)
    case .owner: "being the organization's owner"
    case .admin: "being an admin of the organization"
    case .plan: "the plan, which opens personal data to everybody with access"
    case .organizationToken: "being a token of the organization"
    case .membership: "being a user of the organization"
    case .tokenWorkspace: "being a token of the workspace"
    }
  }

  private static func role(_ source: RightSource) -> String {
    guard let scope = source.scope else { return "role \(source.display)" }
    return "role \(source.display) on \(text(scope, source.scopeTypes))"
  }

  /// "all destinations", "destinations (D1, D2 and new ones)".
  static func text(_ scope: GrantScope, _ plural: String) -> String {
    if scope.isAll { return "all \(plural)" }
    let ids = shortened(scope)
    if ids.isEmpty { return scope.includesFuture ? "new \(plural)" : "no \(plural)" }
    return "\(plural) (\(joined(ids + (scope.includesFuture ? ["new ones"] : []))))"
  }

  /// Ids that a line names before it counts the rest.
  private static let namedCountMax = 12

  private static func shortened(_ scope: GrantScope) -> [String] {
    let ids = scope.ids.prefix(namedCountMax).map { $0 }
    let more = scope.idCount - ids.count
    return more > 0 ? ids + ["\(more) more"] : ids
  }

  /// "a", "a and b", "a, b and c".
  static func joined(_ parts: [String], _ last: String = "and") -> String {
    guard parts.count > 1, let end = parts.last else { return parts.first ?? "" }
    return "\(parts.dropLast().joined(separator: ", ")) \(last) \(end)"
  }

  static func joined(_ sources: [RightSource]) -> String { joined(sources.map(text)) }

  /// A resource's name for people, and its id where the name doesn't end with it.
  static func withID(_ display: String, _ id: String) -> String {
    id.isEmpty || display.hasSuffix(" \(id)") ? display : "\(display) (`\(id)`)"
  }

  /// `user:mia` as "user mia".
  static func principal(_ name: String) -> String {
    for kind in PrincipalKind.allCases where name.hasPrefix(kind.prefix) {
      return "\(words(kind)) \(name.dropFirst(kind.prefix.count))"
    }
    return "user \(name)"
  }

  private static func words(_ kind: PrincipalKind) -> String {
    switch kind {
    case .user: "user"
    case .serviceToken: "service token"
    case .personalToken: "personal token"
    }
  }

  /// What the policies know of a principal, behind its name: "an admin of the organization".
  static func rank(_ principal: InspectedPrincipal) -> String {
    switch principal.rank {
    case .unknown: return "not known to the organization"
    case .member: return "a member of the organization"
    case .admin: return "an admin of the organization"
    case .owner: return "the organization's owner"
    case .workspaceToken: return "which belongs to workspace \(principal.workspace)"
    case .organizationToken: return "which belongs to the organization"
    case .personalToken:
      let user =
        switch principal.userRank {
        case .owner: "\(principal.user), the organization's owner"
        case .admin: "\(principal.user), an admin of the organization"
        default: principal.user
        }
      return "with scope \(principal.tokenScope), of user \(user)"
    }
  }
}
