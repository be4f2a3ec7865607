import VerdictModel

@testable import VerdictPolicy

/// A document that uses every key of the format once, and what the reader makes of variants.
enum Sample {
  static let models: AccessModels = {
    do {
      return try AccessModels.shipped()
    } catch {
      fatalError("\(error)")
    }
  }()

  static let hex1 = String(repeating: "1a", count: 32)
  static let hex2 = String(repeating: "2B", count: 32)
  static let hex3 = String(repeating: "3c", count: 32)

  static let text = """
    apiVersion: verdict/v1
    model: rudderstack
    organization:
      id: acme
      plan: enterprise
      owner: olga@acme.example
      admins: [adam@acme.example]
      members: [mia@acme.example, max@acme.example]
      invitations: [new@acme.example]
      unknown_resources: future
    groups:
      data-engineers:
        members: [mia@acme.example]
        workspaces: [prod]
    workspaces:
      prod:
        members: [max@acme.example]
        resources:
          event_stream_source: [S1, {id: S2, name: "iOS app"}, S3]
          destination: [D1, D2, D3]
          table: [TB1]
          sql_model: [Q1]
          transformation: [{id: T1, connected_to: [D1]}]
          tracking_plan: [TP1]
          data_catalog: [{id: order_completed, tracking_plans: [TP1]}]
        connections:
          - {id: C1, source: event_stream_source/S1, destination: destination/D1}
          - {id: C2, source: transformation/T1, destination: destination/D2}
        policies:
          baseline:
            resources:
              event_stream_source: {edit: [S1, S2], connect: all}
              destination: {edit: [D1, D2], connect: all}
            pii:
              event_stream_source_live_events: [S1]
              reverse_etl_sync_failure_samples: [table/TB1, sql_model/Q1]
          groups:
            data-engineers:
              resources:
                transformation: {edit: all, create_delete: all}
              switches: [bot_management]
          members:
            max@acme.example:
              pii: {destination_live_events: {ids: [D1], include_future: true}}
      empty: {}
    tokens:
      service:
        - {id: ci, workspace: prod, secret_sha256: "\(hex1)", policy: {resources: {destination: {edit: all}}}}
        - {id: scim, kind: organization, secret_sha256: "\(hex2)", expires_at: "2027-01-01T00:00:00Z"}
      personal:
        - {id: mia-laptop, user: mia@acme.example, workspace: prod, scope: read_only, secret_sha256: "\(hex3)"}

    """

  static let segment = """
    apiVersion: verdict/v1
    model: segment
    organization: {id: seg, plan: business, owner: olga, admins: [adam]}
    workspaces:
      main:
        resources:
          source: [iOS, web]
          streaming_destination: [{id: SD1, parent: iOS}]
          tracking_plan: [{id: TP1, sources: [iOS]}]
          warehouse: [W1]
        connections: [{id: C1, source: source/iOS, destination: warehouse/W1}]
        roles:
          mia: [{role: source_admin, sources: all}, {role: warehouse_read_only}]
          max: [{role: source_read_only, sources: [web]}]

    """

  static let growth = """
    apiVersion: verdict/v1
    model: rudderstack
    organization: {id: small, plan: growth, owner: olga, members: [mia]}
    workspaces:
      main:
        members: [mia]
        resources: {destination: [D1]}
        policies: {members: {mia: {resources: {destination: {edit: all}}}}}

    """

  /// Reads `text`; a refusal fails the test that asked.
  static func read(_ text: String, path: String = "t.yaml") throws -> PolicyDocument {
    try PolicyDocument.parse(bytes: Array(text.utf8), path: path, models: models).document
  }

  /// The errors and warnings of `text`, one string each.
  static func findings(_ bytes: [UInt8], path: String = "t.yaml") -> [String] {
    do {
      return try PolicyDocument.parse(bytes: bytes, path: path, models: models).warnings
        .map(\.description)
    } catch {
      return error.diagnostics.map(\.description)
    }
  }

  static func findings(_ text: String, path: String = "t.yaml") -> [String] {
    findings(Array(text.utf8), path: path)
  }
}

extension String {
  /// The head of the segment sample as the head of a rudderstack document.
  var replacingModel: String {
    let head = with("model: segment", "model: rudderstack").split(separator: "\n").prefix(3)
    return head.joined(separator: "\n")
  }

  /// The string with its only occurrence of `old` replaced; a test's own mistake stops it.
  func with(_ old: String, _ new: String) -> String {
    let text = Array(utf8)
    let pattern = Array(old.utf8)
    let places = text.indices.filter { text[$0...].starts(with: pattern) }
    precondition(places.count == 1, "`\(old)` occurs \(places.count) times, not once")
    return String(decoding: text[..<places[0]], as: UTF8.self) + new
      + String(decoding: text[(places[0] + pattern.count)...], as: UTF8.self)
  }
}
