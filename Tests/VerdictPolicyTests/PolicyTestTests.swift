import Testing
import VerdictModel
import VerdictPolicy

@Suite("files of policy tests")
struct PolicyTestTests {
  static func read(_ text: String, path: String = "d/a.test.yaml") throws(PolicyError) -> PolicyTest
  {
    try PolicyTest.read(Array(text.utf8), path: path)
  }

  static func findings(_ text: String) -> String {
    do throws(PolicyError) {
      _ = try read(text)
      return ""
    } catch {
      return error.description
    }
  }

  @Test("a check has its own fields, and the defaults' where it has none")
  func defaults() throws {
    let test = try Self.read(
      """
      rule: what it shows
      policies: [acme.yaml, /etc/verdict]
      defaults: {workspace: prod, principal: mia, reason: granted}
      checks:
        - {action: edit, resource: destination/D1, expect: allow}
        - {action: edit, principal: max, workspace: web, target: a/b, organization: o,
           expect: deny, reason: missing_permission, permission: edit, operand: self}
      """)
    #expect(test.rule == "what it shows")
    guard case .paths(let paths) = test.policies else { return #expect(Bool(false)) }
    #expect(paths == ["d/acme.yaml", "/etc/verdict"])
    #expect(
      test.rows.map(\.check) == [
        Check(principal: "mia", workspace: "prod", action: "edit", resource: "destination/D1"),
        Check(
          organization: "o", principal: "max", workspace: "web", action: "edit", target: "a/b"),
      ])
    #expect(test.rows.map(\.mark.line) == [5, 6])
    #expect(test.rows[0].expected.reason == .granted && test.rows[0].expected.permission == nil)
    #expect(test.rows[1].expected.operand == "self")
  }

  @Test("what is written is compared, and nothing else")
  func comparison() throws {
    let rows = try Self.read(
      """
      policies: [a]
      defaults: {principal: p, action: a}
      checks:
        - {expect: deny}
        - {expect: deny, reason: missing_permission}
        - {expect: deny, permission: edit, operand: target}
      """
    ).rows.map(\.expected)
    let answer = CheckAnswer(reason: .missingPermission, permission: "edit", operand: "self")
    #expect(rows.map { $0.holds(for: answer) } == [true, true, false])
    let other = CheckAnswer(reason: .resourceNotInScope, permission: "edit", operand: "target")
    #expect(rows.map { $0.holds(for: other) } == [true, false, true])
    #expect(rows.map { $0.holds(for: CheckAnswer(reason: .granted)) } == [false, false, false])
  }

  @Test(
    "what is wrong is told with its place and its help",
    arguments: [
      ("checks: []", "d/a.test.yaml:1:9: `checks` is empty, expected some"),
      ("rule: x", "d/a.test.yaml:1:1: the policy tests has no `checks`, which is required"),
      (
        "check: []\nchecks: [{principal: a, action: b, expect: deny}]",
        "d/a.test.yaml:1:1: unknown key `check` in the policy tests, did you mean `checks`?"
      ),
      (
        "checks: [{principal: a, action: b, expect: maybe}]",
        "d/a.test.yaml:1:44: `expect` is `maybe`, expected one of `allow`, `deny`, `indeterminate`"
      ),
      (
        "checks: [{principal: a, action: b, expect: deny, reason: grantd}]",
        "d/a.test.yaml:1:58: unknown reason `grantd`, did you mean `granted`?"
      ),
      (
        "checks: [{principal: a, action: b, expect: deny, reason: granted}]",
        "d/a.test.yaml:1:58: `granted` is always `allow`, never `deny`"
      ),
      (
        "checks: [{principal: a, expect: deny}]",
        "d/a.test.yaml:1:10: a check has no `action`, which is required here or in `defaults`"
      ),
      (
        "document: x\npolicies: [a]\nchecks: [{principal: a, action: b, expect: deny}]",
        "d/a.test.yaml:2:1: `policies` beside `document`, expected one of them"
      ),
    ])
  func faults(text: String, expected: String) {
    #expect(Self.findings(text) == expected)
  }
}

@Suite("coverage of grants")
struct GrantCoverageTests {
  static let text = """
    apiVersion: verdict/v1
    model: rudderstack
    organization: {id: acme, plan: enterprise, owner: olga, members: [mia, max]}
    groups: {ops: {members: [max], workspaces: [prod]}}
    workspaces:
      prod:
        members: [mia]
        resources:
          destination: [D1, D2]
          tracking_plan: [TP1, TP2]
          data_catalog: [{id: item, tracking_plans: [TP1, TP2]}]
        policies:
          baseline:
            resources:
              destination: {edit: [D1]}
          groups:
            ops:
              resources:
                destination: {edit: {ids: [D2], include_future: true}}
                data_catalog: {edit: all}
                tracking_plan: {edit: [TP1]}
              switches: [bot_management]
          members:
            max:
              resources:
                tracking_plan: {edit: [TP2], connect: all}
    tokens:
      service: [{id: ci, workspace: prod, policy: {resources: {destination: {edit: all}}}}]
      personal: [{id: laptop, user: max, workspace: prod, scope: read_write}]
    """

  /// The places, as `line what`, that these checks exercise.
  static func exercised(_ checks: Check...) throws -> [String] {
    let document = try PolicyDocument.parse(
      bytes: Array(text.utf8), path: "t.yaml", models: try AccessModels.shipped()
    ).document
    var coverage = GrantCoverage(documents: [document])
    #expect(coverage.entries.count == 8)
    for check in checks { coverage.record(check) }
    return coverage.entries.filter(\.isExercised).map { "\($0.mark.line) \($0.place): \($0.grant)" }
  }

  static func check(_ principal: String, _ action: String, _ resource: String? = nil) -> Check {
    Check(principal: principal, workspace: "prod", action: action, resource: resource)
  }

  @Test("a grant is exercised where it covers the resource")
  func covering() throws {
    #expect(
      try Self.exercised(Self.check("mia", "edit", "destination/D1")) == [
        "15 baseline of `prod`: edit on destination: D1"
      ])
    #expect(
      try Self.exercised(Self.check("max", "edit", "destination/D2")) == [
        "19 group `ops` in `prod`: edit on destination: D2, future ones"
      ])
    #expect(
      try Self.exercised(Self.check("max", "edit", "destination/new")) == [
        "19 group `ops` in `prod`: edit on destination: D2, future ones"
      ])
  }

  @Test("every linked resource counts, whoever granted it")
  func related() throws {
    #expect(
      try Self.exercised(Self.check("max", "edit", "data_catalog/item")) == [
        "20 group `ops` in `prod`: edit on data_catalog: all",
        "21 group `ops` in `prod`: edit on tracking_plan: TP1",
        "26 member `max` in `prod`: edit on tracking_plan: TP2",
      ])
  }

  @Test("tokens, switches and users of tokens")
  func others() throws {
    #expect(
      try Self.exercised(
        Check(
          organization: "acme", principal: "service_token:ci", action: "edit",
          resource: "destination/D1")) == [
          "15 baseline of `prod`: edit on destination: D1",
          "28 service token `ci`: edit on destination: all",
        ])
    #expect(
      try Self.exercised(Self.check("personal_token:laptop", "bot_management")) == [
        "22 group `ops` in `prod`: switch bot_management"
      ])
  }

  @Test("what rests on no grant exercises none")
  func none() throws {
    #expect(
      try Self.exercised(
        Self.check("mia", "view", "destination/D1"), Self.check("mia", "edit", "destination/D2"),
        Self.check("nobody", "fly"), Self.check("service_token:no", "edit", "destination/D1"),
        Check(
          organization: "globex", principal: "mia", workspace: "prod", action: "edit",
          resource: "destination/D1")) == [])
  }
}
