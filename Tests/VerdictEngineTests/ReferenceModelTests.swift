import Testing
import VerdictModel
import VerdictPolicy
import VerdictTestKit

/// The shipped access models against a second transcription of the same tables.
@Suite("the shipped access models say what the tables say")
struct ReferenceModelTests {
  @Test(
    "types, permissions, relations, actions, roles and plans are those of the tables",
    arguments: [ReferenceModel.rudderstack, ReferenceModel.segment])
  func equal(expected: AccessModel) throws {
    let shipped = try #require(try AccessModels.shipped()[expected.id])
    #expect(shipped.access == expected.access)
    #expect(shipped.resourceTypes.map(\.name) == expected.resourceTypes.map(\.name))
    #expect(shipped.permissions.map(\.name) == expected.permissions.map(\.name))
    for (ours, theirs) in zip(expected.permissions, shipped.permissions) {
      #expect(ours.kind == theirs.kind, "\(ours.name)")
      #expect(ours.types.map(\.type) == theirs.types.map(\.type), "\(ours.name)")
      // Only a policy can be narrowed; roles have scopes of their own.
      if expected.access == .policies { #expect(ours.types == theirs.types, "\(ours.name)") }
    }
    #expect(shipped.relations == expected.relations)
    #expect(shipped.connections == expected.connections)

    let names = Set(expected.actions.map(\.name))
    #expect(Set(shipped.actions.map(\.name)) == names)
    #expect(shipped.actions.count == names.count)
    for action in expected.actions {
      let theirs = try #require(shipped.actions.first { $0.name == action.name })
      #expect(theirs.rule.sorted == action.rule.sorted, "\(action.name)")
    }

    #expect(shipped.roles.map(\.name) == expected.roles.map(\.name))
    for (ours, theirs) in zip(expected.roles, shipped.roles) {
      #expect(ours.plans == theirs.plans, "\(ours.name)")
      #expect(ours.administers == theirs.administers, "\(ours.name)")
      #expect(ours.scope == theirs.scope, "\(ours.name)")
      let grants = ours.grants.sorted(by: precedes)
      #expect(grants == theirs.grants.sorted(by: precedes), "\(ours.name)")
    }
    #expect(shipped.plans.map(\.name) == expected.plans.map(\.name))
    for (ours, theirs) in zip(expected.plans, shipped.plans) {
      #expect(ours.features == theirs.features, "\(ours.name)")
      #expect(ours.limits == theirs.limits, "\(ours.name)")
    }
  }

  private func precedes(_ a: AccessModel.RoleGrant, _ b: AccessModel.RoleGrant) -> Bool {
    (a.permission, a.type ?? -1) < (b.permission, b.type ?? -1)
  }
}

extension AccessModel.Action.Rule {
  /// The same rule with its cases by type, whose order says nothing.
  fileprivate var sorted: Self {
    guard case .workspace(var rule) = self else { return self }
    for index in rule.cases.indices { rule.cases[index].targetTypes.sort() }
    rule.cases.sort { ($0.selfType ?? -1) < ($1.selfType ?? -1) }
    return .workspace(rule)
  }
}
