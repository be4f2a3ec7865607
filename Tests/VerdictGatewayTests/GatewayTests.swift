import Testing
import VerdictCrypto
import VerdictModel

@testable import VerdictGateway

@Suite("requests at a gateway")
struct GatewayTests {
  private static func digest(_ secret: String) -> String {
    secret.withByteView { SHA256Digest(of: $0).hex }
  }

  /// An organization whose only token has a secret, and may edit all destinations.
  private static func document(_ organization: String, secret: String) -> String {
    """
    apiVersion: verdict/v1
    model: rudderstack
    organization: {id: \(organization), plan: enterprise, owner: olga}
    workspaces: {prod: {resources: {destination: [D1]}}}
    tokens:
      service:
        - {id: ci, workspace: prod, secret_sha256: "\(digest(secret))",
           policy: {resources: {destination: {edit: all}}}}

    """
  }

  private static func bearer(_ secret: String) -> (name: String, value: [UInt8]) {
    ("authorization", Array("Bearer \(secret)".utf8))
  }

  private static let edit = """
    routes:
      - {match: "PUT /d/{id}", check: "edit destination/{id}"}
      - {match: POST /d, when: {body.kind: secret}, check: create destination}
      - {match: POST /d, check: view}
      - {match: PUT /e, when: {"body.events[].id": "*"}, check: view}
      - {match: PUT /e, check: create destination}
      - {match: GET /m, when: {header.x-mode: "*"}, check: view}
      - {match: GET /w, workspace: header.x-workspace, check: view}

    """

  @Test("a secret that two organizations know identifies nobody")
  func sharedSecret() throws {
    let world = try GatewayWorld(
      [
        Self.document("acme", secret: "one"), Self.document("globex", secret: "two"),
        Self.document("initech", secret: "one"),
      ], routes: Self.edit)
    #expect(world.ask("PUT", "/d/D1", [Self.bearer("two")]).reason == .granted)
    #expect(world.ask("PUT", "/d/D1", [Self.bearer("one")]).reason == .ambiguousIdentity)
    #expect(world.ask("PUT", "/d/D1", [Self.bearer("three")]).reason == .unidentified)
  }

  @Test("a condition on a body is not got round by another spelling of its member")
  func spellings() throws {
    let world = try GatewayWorld([Self.document("acme", secret: "one")], routes: Self.edit)
    func reason(_ body: String) -> Reason {
      world.ask("POST", "/d", [Self.bearer("one")], body: body).reason
    }
    #expect(reason(#"{"kind": "open"}"#) == .viewFloor)
    #expect(reason(#"{"kind": "secret"}"#) == .missingPermission)
    for body in [
      #"{"Kind": "secret"}"#, #"{"kind": "open", "KIND": "secret"}"#,
      #"{"\u212aind": "secret", "kind": "open"}"#, #"{"kind": "secret\u0000"}"#,
      #"{"kind\u0000": "secret", "kind": "open"}"#,
    ] {
      #expect(reason(body) == .badRequest, "\(body)")
    }
  }

  @Test(
    "what is linked to a target is asked for itself, or rights on all where there are too many",
    arguments: [10, GatewayLimits.linkScanCountMax + 1])
  func linked(_ count: Int) throws {
    func reason(_ scope: String, _ target: String) throws -> Reason {
      let others = (1..<count).map { "T\($0)" }.joined(separator: ", ")
      let document = """
        apiVersion: verdict/v1
        model: rudderstack
        organization: {id: acme, plan: enterprise, owner: olga}
        workspaces:
          prod:
            resources:
              destination: [D1]
              transformation: [{id: T0, connected_to: [D1]}, \(others)]
        tokens:
          service:
            - {id: ci, workspace: prod, secret_sha256: "\(Self.digest("one"))",
               policy: {resources: {destination: {edit: all, connect: all},
                                    transformation: {edit: \(scope), connect: all}}}}

        """
      let world = try GatewayWorld(
        [document],
        routes: """
          unknown: future
          routes:
            - {match: "DELETE /d/{id}", check: "disconnect transformation/@target destination/{id}"}

          """)
      return world.ask("DELETE", "/d/\(target)", [Self.bearer("one")]).reason
    }
    #expect(try reason("all", "D1") == .granted)
    for scope in ["{ids: [], include_future: true}", "{ids: [T1], include_future: true}", "[T1]"] {
      #expect(try reason(scope, "D1") == .resourceNotInScope, "\(scope)")
      // Nobody knows what is linked to it.
      #expect(try reason(scope, "D2") == .resourceNotInScope, "\(scope)")
    }
    #expect(try reason("all", "D2") == .granted)
  }

  @Test("an empty text is neither there nor absent")
  func empty() throws {
    let world = try GatewayWorld([Self.document("acme", secret: "one")], routes: Self.edit)
    func reason(_ body: String) -> Reason {
      world.ask("PUT", "/e", [Self.bearer("one")], body: body).reason
    }
    #expect(reason(#"{"events": [{"id": "a"}, {"id": "b"}]}"#) == .viewFloor)
    for body in [
      "{}", #"{"events": []}"#, #"{"events": [{}]}"#, #"{"events": [{"id": "a"}, {}]}"#,
      #"{"events": [{"id": null}, {"id": "a"}]}"#,
    ] {
      #expect(reason(body) == .missingPermission, "\(body)")
    }
    #expect(reason(#"{"events": [{"id": "a"}, {"id": ""}]}"#) == .badRequest)
    func mode(_ headers: (name: String, value: [UInt8])...) -> Reason {
      world.ask("GET", "/m", [Self.bearer("one")] + headers).reason
    }
    #expect(mode() == .noRoute && mode(("x-mode", [0x61])) == .viewFloor)
    #expect(mode(("x-mode", [])) == .badRequest)
  }

  @Test("what is no text gets into no answer")
  func texts() throws {
    let world = try GatewayWorld([Self.document("acme", secret: "one")], routes: Self.edit)
    func ask(_ workspace: [UInt8]) -> (reason: Reason, metadata: [UInt8]) {
      world.ask("GET", "/w", [Self.bearer("one"), ("x-workspace", workspace)])
    }
    #expect(ask(Array("prod".utf8)).reason == .viewFloor)
    for workspace in [[0xff], [0x70, 0xc3], [0], Array(repeating: 0x61, count: 256)] as [[UInt8]] {
      let answer = ask(workspace)
      #expect(answer.reason == .invalidID)
      #expect(answer.metadata.withByteView { Identifier.isText($0) })
    }
  }
}
