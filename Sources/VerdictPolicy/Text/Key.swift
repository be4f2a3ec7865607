internal import VerdictModel

/// Every key that documents, access models and policy tests may use.
///
/// A tree's symbol table begins with all of them in this order, so that a key is recognised by
/// its symbol's number alone.
enum Key: UInt32, CaseIterable {
  // Policy documents.
  case apiVersion, model, organization, groups, workspaces, tokens
  case id, plan, owner, admins, members, invitations, unknownResources
  case resources, connections, policies, roles
  case name, source, destination
  case baseline, pii, switches, ids, includeFuture
  case service, personal, workspace, user, scope, kind, policy, secretSha256, expiresAt
  case role

  // Access models.
  case display, plural, access, types, permissions, relations, actions, organizationActions, plans
  case narrowable, from, to, single, throughConnections
  case resource, symmetric, adminOnly, reads, sameAs, cases
  case target, optional, linkedBy, whenLinked, requires, anyOf, pairs
  case who, organizationTokens, atLimit, noneOf, without
  case administers, grants, key, type, onlyWithAll, features, limits

  // Policy tests.
  case rule, document, defaults, checks
  case principal, action, expect, reason, permission, operand

  // Route tables.
  case routes, match, when, unless, check, `public`, callers, tables, unknown

  var symbol: Symbol { Symbol(rawValue: rawValue) }

  /// The spelling in files: `unknown_resources`.
  var name: String {
    if self == .apiVersion { return "apiVersion" }
    var name = ""
    for character in String(describing: self) {
      if character.isUppercase { name += "_" }
      name += character.lowercased()
    }
    return name
  }

  /// A symbol table that begins with the keys.
  static let symbolTable: SymbolTable = {
    var symbols = SymbolTable(minimumCapacity: 4_096)
    for key in allCases {
      let symbol = symbols.intern(key.name)
      precondition(symbol == key.symbol, "keys are distinct, and first in the table")
    }
    return symbols
  }()
}
