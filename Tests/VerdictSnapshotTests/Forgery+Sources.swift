import Testing
import VerdictModel

@testable import VerdictSnapshot

extension Forgery {
  /// Where rights come from.
  static let ofSources: [Forgery] =
    [
      Forgery(.policies, "groupNames N: a text's place") {
        $0[.groupNames, 0, 4] = UInt32($0.count(of: .provenanceTexts) + 1)
      },
      Forgery(.policies, "groupNames N: not text") {
        $0[.provenanceTexts][Int($0[.groupNames, 0])] = 0xff
      },
      Forgery(.roles, "role N: the flags") { $0.set(.roles, 0, byte: 22, to: 8) },
      Forgery(.roles, "role N: the flags") {
        $0.set(.roles, 0, byte: 22, to: UInt8(RoleFlag.scoped))
        $0.set(.roles, 0, byte: 23, to: UInt8($0.count(of: .types)))
      },
      Forgery(.roles, "role N: the grants") {
        $0[.roles, 0, 16] = UInt32($0.count(of: .roleGrants) + 1)
      },
      Forgery(.roles, "role grant N") { $0[.roleGrants, 0] = UInt32($0.cellCount) },
      Forgery(.roles, "role grant N") { $0.set(.roleGrants, 0, byte: 2, to: 4) },
      Forgery(.policies, "grantables: the number") {
        $0.pad(.grantables, to: $0.cellCount + 1)
      },
      Forgery(.policies, "grantable N") { $0.set(.grantables, 0, byte: 0, to: 255) },
      Forgery(.policies, "grantable N") { $0.set(.grantables, 0, byte: 1, to: 254) },
      Forgery(.policies, "grantable N") { $0.set(.grantables, 0, byte: 2, to: 4) },
      Forgery(.policies, "grantable N") { $0[.grantables, 0] = $0[.grantables, 1] },
    ] + ofPolicies

  private static let ofPolicies: [Forgery] = [
    Forgery(.policies, "policies: the number") { $0[.policies] = [] },
    Forgery(.policies, "policy N: the kind") { $0.set(.policies, 0, byte: 0, to: 5) },
    Forgery(.policies, "policy N: the holder") { $0.set(.policies, 0, byte: 2, to: 2) },
    Forgery(.policies, "policy N: the holder") { $0[.policies, 0, 4] = 1 },
    Forgery(.policies, "policy N: the holder") {
      $0.set(.policies, 0, byte: 0, to: PolicyKind.group.rawValue)
      $0[.policies, 0, 4] = UInt32($0.count(of: .groupNames))
    },
    Forgery(.policies, "policy N: not a baseline") {
      $0.set(.policies, 0, byte: 0, to: PolicyKind.member.rawValue)
    },
    Forgery(.policies, "policy N: not a baseline") { $0.set(.policies, 0, byte: 2, to: 1) },
    Forgery(.policies, "policy N: the grants") {
      $0[.policies, 0, 12] = UInt32($0.count(of: .policyGrants) + 1)
    },
    Forgery(.policies, "policy N: a cell") { $0[.policyGrants, 0] = UInt32($0.cellCount) },
    Forgery(.policies, "policy N: a cell") { $0[.policyGrants, 1] = $0[.policyGrants, 0] },
    Forgery(.policies, "policy N: a scope") { $0[.policyGrants, 0, 4] = 0 },
    Forgery(.policies, "policy N: a scope") { $0[.policyGrants, 0, 4] = CellWord.administers },
    Forgery(.policies, "policy N: a scope") {
      $0[.policyGrants, 0, 4] = UInt32($0.count(of: .policyScopes)) << 2 | 3
    },
    Forgery(.policies, "policyScopes N: the order") {
      $0[.policyGrants, 0, 4] = UInt32($0.count(of: .policyScopes)) << 2 | 2
      for word: UInt32 in [2, 0, 5, 5] { $0[.policyScopes].append(integer: word) }
    },
    Forgery(.policies, "class mixes: the number") {
      $0.pad(.classMixes, to: $0.count(of: .classMixes) + 1)
    },
    Forgery(.policies, "mix N: the place") {
      $0[.classMixes, 0] = UInt32($0.count(of: .mixes))
    },
    Forgery(.policies, "mix N: the length") { $0[.mixes, 0] = UInt32($0.count(of: .mixes)) },
    Forgery(.policies, "mix N: a policy") {
      $0[.classMixes, 0] = UInt32($0.count(of: .mixes))
      $0[.mixes].append(integer: UInt32(1))
      $0[.mixes].append(integer: UInt32($0.count(of: .policies)))
    },
    Forgery(.policies, "own mix N: the principal") { $0.setOwnMixes([(1_000, 0)]) },
    Forgery(.policies, "own mix N: the principal") { $0.setOwnMixes([(0, 1_000)]) },
    Forgery(.policies, "own mix N: the principal") { $0.setOwnMixes([(0, 1), (0, 1)]) },
    Forgery(.policies, "own mix N: the principal") { $0.setOwnMixes([(1, 0), (0, 1)]) },
    Forgery(.policies, "mix N: the place") { $0.setOwnMixes([(0, 0)], mix: 1_000) },
  ]

  /// Orders to list by.
  static let ofOrders: [Forgery] = [
    Forgery(.policies, "principal order: the number") {
      $0.pad(.principalOrder, to: $0.count(of: .principalOrder) + 1)
    },
    Forgery(.policies, "principal order N: the slot") { $0[.principalOrder, 0] = 1_000 },
    Forgery(.policies, "principal order N: the slot") {
      $0[.principalOrder, 0] = $0[.principalOrder, 1]
    },
    Forgery(.lists, "principal order N: the slot") {
      $0[.principalOrder, 0] = UInt32($0.emptySlot(.principals))
    },
    Forgery(.policies, "token users: the number") { $0[.tokenUsers] = [] },
    Forgery(.policies, "token user N: the token") { $0[.tokenUsers, 0] = 1_000 },
    Forgery(.policies, "token user N: the token") {
      $0[.tokenUsers, 0] = UInt32(try $0.slot(.principals, tag: 1, "ci"))
    },
    Forgery(.policies, "token user N: the user") { $0[.tokenUsers, 0, 4] = 1_000 },
    Forgery(.policies, "token user N: the user") {
      $0[.tokenUsers, 0, 4] = UInt32(try $0.slot(.principals, tag: 1, "ci"))
    },
    Forgery(.policies, "resource starts: the number") {
      $0.pad(.resourceStarts, to: $0.count(of: .resourceStarts) + 1)
    },
    Forgery(.policies, "resource order: the number") {
      $0.pad(.resourceOrder, to: $0.count(of: .resourceOrder) + 1)
    },
    Forgery(.policies, "resource starts N: the place") { $0[.resourceStarts, 0] = 1 },
    Forgery(.policies, "resource starts N: the place") { $0[.resourceStarts, 1] = 1_000 },
    Forgery(.policies, "resource starts: the end") {
      $0[.resourceStarts, $0.count(of: .resourceStarts) - 1] += 1
    },
    Forgery(.policies, "resource order N: the slot") { $0[.resourceOrder, 0] = 1_000 },
    Forgery(.policies, "resource order N: the slot") {
      let first = $0[.resourceOrder, 0]
      $0[.resourceOrder, 0] = $0[.resourceOrder, 1]
      $0[.resourceOrder, 1] = first
    },
    Forgery(.policies, "resource order N: the slot") {
      // One more of its type than there are.
      let place = $0.place(.resources, slot: try $0.source())
      $0[.resources].store(UInt32(900), at: place)
    },
    Forgery(.policies, "workspaces: two of one number") {
      for id in ["prod", "dev"] {
        let place = $0.place(.workspaces, slot: try $0.slot(.workspaces, tag: 0, id))
        $0[.workspaces].store(UInt32(0), at: place)
      }
    },
  ]
}

extension SnapshotWriter {
  fileprivate mutating func setOwnMixes(
    _ keys: [(slot: UInt32, number: UInt32)], mix: UInt32 = 0
  ) {
    self[.ownMixes] = []
    for key in keys {
      for word in [key.slot, key.number, mix] { self[.ownMixes].append(integer: word) }
    }
  }
}
