internal import VerdictCompiler
internal import VerdictEngine
public import VerdictModel
public import VerdictPolicy
public import VerdictSnapshot

/// Questions to a snapshot whose bytes nobody vouches for, and small snapshots to damage.
public enum SnapshotProbe {
  /// A small organization with something in every section.
  public static func snapshot() throws -> [UInt8] { try snapshots()[0] }

  /// The same, and one of a product whose rights come by roles.
  public static func snapshots() throws -> [[UInt8]] {
    try documents().map { try SnapshotCompiler.compile($0) }
  }

  /// What they are compiled from.
  public static func documents() throws -> [PolicyDocument] {
    try [document, documentOfRoles].map(parsed)
  }

  /// The snapshot of any document of a shipped model.
  public static func snapshot(of text: String) throws -> [UInt8] {
    try SnapshotCompiler.compile(try parsed(text))
  }

  private static func parsed(_ text: String) throws -> PolicyDocument {
    try PolicyDocument.parse(
      bytes: Array(text.utf8), path: "probe.yaml", models: try AccessModels.shipped()
    ).document
  }

  private static let document = """
    apiVersion: verdict/v1
    model: rudderstack
    organization:
      {id: acme, plan: enterprise, owner: olga, admins: [adam], members: [mia, max], \
    unknown_resources: future}
    groups: {engineers: {members: [mia], workspaces: [prod, dev]}}
    workspaces:
      prod:
        members: [mia, max]
        resources:
          event_stream_source: [S1, {id: S2, name: "iOS"}]
          destination: [D1, {id: a-destination-with-an-id-of-more-than-fifty-six-bytes-in-all}]
          transformation: [{id: T1, connected_to: [D1]}]
          tracking_plan: [TP1]
          data_catalog: [{id: order, tracking_plans: [TP1]}]
        connections: [{id: C1, source: event_stream_source/S1, destination: destination/D1}]
        policies:
          baseline: {resources: {event_stream_source: {edit: [S1], connect: all}}}
          groups: {engineers: {resources: {data_catalog: {edit: all}}, switches: [bot_management]}}
          members: {max: {pii: {destination_live_events: {ids: [D1], include_future: true}}}}
      dev: {members: [max], resources: {destination: [D9]}}
    tokens:
      service:
        - {id: ci, workspace: prod, secret_sha256: "\(String(repeating: "ab", count: 32))",
           policy: {resources: {destination: {edit: all}}}}
        - {id: scim, kind: organization}
      personal:
        - {id: laptop, user: mia, workspace: prod, scope: read_only}
    """

  private static let documentOfRoles = """
    apiVersion: verdict/v1
    model: segment
    organization: {id: segco, plan: business, owner: olga, admins: [adam]}
    workspaces:
      prod:
        resources:
          source: [S1, S2]
          streaming_destination: [{id: SD1, parent: S1}]
          warehouse: [W1]
          tracking_plan: [{id: TP1, sources: [S1, S2]}, TP3]
        roles:
          mia: [{role: source_admin, sources: [S1]}, {role: warehouse_admin}]
          max: [{role: protocols_admin}]
    """

  private typealias Words = (
    principal: String, workspace: String, action: String, resource: String
  )

  private static let checks: [Words] = [
    ("mia", "prod", "edit", "event_stream_source/S1"), ("max", "prod", "edit", "destination/D1"),
    ("mia", "dev", "edit", "data_catalog/order"), ("mia", "prod", "edit", "data_catalog/order"),
    ("max", "prod", "destination_live_events", "destination/new"), ("adam", "prod", "view", ""),
    ("service_token:ci", "", "edit", "destination/D1"), ("olga", "prod", "members.invite", ""),
    ("service_token:scim", "", "audit_logs.read", ""), ("mia", "prod", "bot_management", ""),
    ("personal_token:laptop", "", "delete", "event_stream_source/S2"),
    ("mia", "prod", "edit", "source/S1"), ("max", "prod", "edit", "tracking_plan/TP1"),
    ("mia", "prod", "view", "streaming_destination/SD1"),
    ("mia", "prod", "create", "destination"), ("nobody", "nowhere", "no.action", "no_type/x"),
    (
      "mia", "prod", "edit",
      "destination/a-destination-with-an-id-of-more-than-fifty-six-bytes-in-all"
    ),
  ]

  /// Asks everything of a view: whatever the bytes say, each question has an answer.
  ///
  /// - Returns: how many answers say something.
  public static func ask(_ view: SnapshotView) -> Int {
    var answered = 0
    let writer = AnswerWriter(view: view)
    for check in checks {
      for target in ["", "destination/D1", "event_stream_source/S1", "user:mia"] {
        [check.principal, check.workspace, check.action, check.resource, target]
          .map { Array($0.utf8) }.withViews { views in
            let question = Question(
              principal: views[0], workspace: views[1], action: views[2], resource: views[3],
              target: views[4])
            let decision = Engine.decide(question, in: view)
            if !writer.answer(decision, question).message.isEmpty { answered += 1 }
          }
      }
    }
    return answered
  }

  /// The same of the sections about sources, with one of the checks.
  public static func inspect(_ view: SnapshotView, check number: Int) {
    let check = checks[number % checks.count]
    let type = check.resource.prefix { $0 != "/" }
    [check.principal, check.workspace, check.action, check.resource, String(type), ""]
      .map { Array($0.utf8) }.withViews { views in
        var question = Question(
          principal: views[0], workspace: views[1], action: views[2], resource: views[3],
          target: views[5])
        _ = Engine.explain(question, in: view)
        _ = Engine.effectivePolicy(of: question.principal, in: question.workspace, view)
        _ = try? Engine.listPrincipals(question, PageRequest(), in: view)
        question.resource = views[4]
        _ = try? Engine.listResources(question, PageRequest(), in: view)
      }
  }
}

extension Array where Element == [UInt8] {
  /// Calls `body` with a view of each; the views may not escape.
  public func withViews(_ body: ([ByteView]) -> Void) {
    let block = flatMap { $0 }
    block.withByteView { block in
      var offset = 0
      body(
        map { part in
          defer { offset += part.count }
          return block[offset..<offset + part.count]
        })
    }
  }
}
