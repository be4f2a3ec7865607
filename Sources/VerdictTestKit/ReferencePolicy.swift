import VerdictModel
import VerdictPolicy

/// A bundle of grants (section 1).
struct ReferencePolicy {
  var grants: [Grant] = []
  var switches: Set<Int> = []

  struct Grant {
    var permission: Int
    var type: Int
    var scope: ReferenceScope
  }

  init(_ policy: PolicyDocument.Policy, bytes: (Name) -> [UInt8]) {
    grants = policy.grants.map { grant in
      Grant(
        permission: grant.permission, type: grant.type,
        scope: ReferenceScope(grant.scope, bytes: bytes))
    }
    switches = Set(policy.switches)
  }

  /// A role with the scope of its assignment (section 3). The scope narrows the type that the role
  /// lists; what the role grants on other types it grants on all of them.
  init(_ role: AccessModel.Role, scope: ReferenceScope) {
    for grant in role.grants {
      if grant.onlyWithAll && !scope.all { continue }
      guard let type = grant.type else {
        switches.insert(grant.permission)
        continue
      }
      let narrowed = role.scope?.type == type
      grants.append(
        Grant(permission: grant.permission, type: type, scope: narrowed ? scope : .everything))
    }
  }
}

/// A set of ids with or without the future flag, or all (section 1).
struct ReferenceScope {
  var all: Bool
  var ids: Set<[UInt8]>
  /// Covers resources that the document does not know.
  var future: Bool

  static let everything = ReferenceScope(all: true, ids: [], future: false)
  static let nothing = ReferenceScope(all: false, ids: [], future: false)

  init(all: Bool, ids: Set<[UInt8]>, future: Bool) {
    self.all = all
    self.ids = ids
    self.future = future
  }

  init(_ scope: PolicyDocument.Scope, bytes: (Name) -> [UInt8]) {
    switch scope {
    case .all: self = .everything
    case .some(let names, let future):
      self.init(all: false, ids: Set(names.map(bytes)), future: future)
    }
  }

  /// `all` absorbs everything; otherwise ids unite and the flags are or-ed.
  func union(_ other: ReferenceScope) -> ReferenceScope {
    if all || other.all { return .everything }
    return ReferenceScope(all: false, ids: ids.union(other.ids), future: future || other.future)
  }

  /// An empty set without the flag grants nothing.
  var grantsNothing: Bool { !all && ids.isEmpty && !future }

  /// What this covers of a resource that the document knows.
  func covers(known id: [UInt8]) -> Bool { all || ids.contains(id) }

  /// Whether this covers what the document doesn't know: a resource created after it, or one that
  /// is about to be created.
  var coversUnknown: Bool { all || future }
}

extension [ReferencePolicy] {
  /// The union of what these policies grant of a permission on a type. There is no deny statement,
  /// no precedence, no subtraction.
  func scope(permission: Int, type: Int) -> ReferenceScope {
    var scope = ReferenceScope.nothing
    for policy in self {
      for grant in policy.grants where grant.permission == permission && grant.type == type {
        scope = scope.union(grant.scope)
      }
    }
    return scope
  }

  /// The switch is on in some policy.
  func hasSwitch(_ permission: Int) -> Bool { contains { $0.switches.contains(permission) } }
}
