import Testing
import VerdictClient
import VerdictControl
import VerdictCrypto
import VerdictModel
import VerdictPolicy
import VerdictRPC
import VerdictServer
import VerdictSystem
import VerdictTestKit

@testable import verdict

@Suite("the client and a real server")
struct DecisionClientTests {
  static let document = """
    apiVersion: verdict/v1
    model: rudderstack
    organization: {id: acme, plan: enterprise, owner: olga, members: [mia, max]}
    workspaces:
      prod:
        members: [mia]
        resources:
          destination: [D1, D2, D3]
          transformation: [{id: T1, connected_to: [D1]}, T2]
        policies:
          baseline:
            pii:
              destination_live_events: [D1, D3]
              destination_failure_samples: [D1]
    """

  /// A server of that document.
  static func server() throws -> FourSources {
    let models = try AccessModels.shipped()
    let parsed = try PolicyDocument.parse(
      bytes: Array(document.utf8), path: "acme.yaml", models: models)
    return try FourSources([parsed.document])
  }

  @Test("server information is that of the set that is served")
  func serverInfo() throws {
    let server = try Self.server()
    for address in server.server.addresses {
      let info = try DecisionClient(address: address.description).serverInfo()
      #expect(info.version == ProductVersion.text && info.setNumber == server.set.setNumber)
      #expect(info.organizations.count == 1)
      let (told, loaded) = (info.organizations[0], server.set.organizations[0])
      #expect(told.organization == "acme" && told.model == "rudderstack")
      #expect(told.snapshotDigest == loaded.digest.bytes)
      #expect(told.generation == loaded.generation)
      #expect(told.snapshotByteCount == UInt64(loaded.byteCount))
    }
  }

  @Test("an answer names the snapshot that it comes from, and no two answers have one id")
  func origin() throws {
    let server = try Self.server()
    let client = try DecisionClient(address: server.server.addresses[1].description)
    let call = AuthorizeCall(
      organization: "acme",
      checks: [Check(principal: "mia", workspace: "prod", action: "view")], wantsMessages: false)
    let replies = [try client.authorize(call), try client.authorize(call)]
    for reply in replies {
      #expect(reply.origin.snapshotDigest == server.set.organizations[0].digest.bytes)
      #expect(reply.origin.generation == 1 && reply.origin.decisionID.count == 16)
      #expect(reply.answers == [CheckAnswer(reason: .viewFloor)])
    }
    #expect(replies[0].origin.decisionID != replies[1].origin.decisionID)
  }

  @Test("every cell of a visibility page is what a check of it says")
  func visibility() throws {
    let server = try Self.server()
    let client = try DecisionClient(address: server.server.addresses[0].description)
    let call = VisibilityCall(
      organization: "acme", workspace: "prod", principals: ["olga", "user:mia", "max", "nobody"],
      permissions: ["view", "destination_live_events", "transformation_failure_samples"],
      blocks: [
        VisibilityCall.Block(resourceType: "destination", ids: ["D1", "D2", "D3", "new"]),
        VisibilityCall.Block(
          resourceType: "transformation", ids: ["T1", "T2", "T1"], targetType: "destination",
          targetIDs: ["D1", "D1", ""]),
      ])
    let reply = try client.checkVisibility(call)
    var visibleCount = 0
    for (p, principal) in call.principals.enumerated() {
      for (a, action) in call.permissions.enumerated() {
        for (b, block) in call.blocks.enumerated() {
          for (i, id) in block.ids.enumerated() {
            let target =
              block.targetIDs.isEmpty || block.targetIDs[i].isEmpty
              ? nil : "\(block.targetType)/\(block.targetIDs[i])"
            let check = Check(
              organization: "acme", principal: principal, workspace: "prod", action: action,
              resource: "\(block.resourceType)/\(id)",
              target: action == "transformation_failure_samples" ? target : nil)
            // A target where the action takes none is the block's fault, not the cell's.
            guard action == "transformation_failure_samples" || target == nil else { continue }
            let answer = try client.authorize([check])[0]
            let isVisible = reply.isVisible(principal: p, permission: a, block: b, id: i)
            #expect(isVisible == (answer.effect == .allow), "\(check)")
            if isVisible { visibleCount += 1 }
          }
        }
      }
    }
    #expect(visibleCount > 10)
    #expect(reply.reason(principal: 3, permission: 0) == .unknownPrincipal)
    #expect(reply.reason(principal: 1, permission: 1) == nil)
  }

  @Test("a request about two organizations is not sent")
  func mixed() throws {
    let server = try Self.server()
    let client = try DecisionClient(address: server.server.addresses[1].description)
    let call = AuthorizeCall(
      organization: "e\u{301}",
      checks: [Check(organization: "\u{e9}", principal: "p", action: "view")],
      wantsMessages: false)
    #expect(throws: ClientError.self) { try client.authorize(call) }
    #expect(try client.authorize([]).isEmpty)
  }

  @Test("a server without policies answers nothing")
  func noPolicies() throws {
    let server = try Self.server()
    let client = try DecisionClient(address: server.server.addresses[1].description)
    server.activation.deactivate()
    do {
      _ = try client.authorize([Check(principal: "olga", action: "members.invite")])
      Issue.record("an answer without policies")
    } catch ClientError.status(let code, _) {
      #expect(code == 14)
    }
    #expect(try client.serverInfo().organizations.isEmpty)
  }

  @Test("a server that has gone away is an error")
  func gone() throws {
    var server: FourSources? = try Self.server()
    let address = try #require(server?.server.addresses[0].description)
    let client = try DecisionClient(address: address, timeoutNanoseconds: 5_000_000_000)
    let check = Check(principal: "mia", workspace: "prod", action: "view")
    #expect(try client.authorize([check])[0].effect == .allow)
    server = nil
    #expect(throws: ClientError.self) { try client.authorize([check]) }
  }
}
