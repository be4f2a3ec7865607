import VerdictCompiler
import VerdictControl
import VerdictEngine
import VerdictModel
import VerdictPolicy
import VerdictRPC
import VerdictTestKit

@testable import VerdictGateway

/// A gateway in front of some organizations and a route table, asked by texts.
final class GatewayWorld {
  private let activation: Activation
  private let set: SnapshotSet
  private var gateway: Gateway

  /// - Parameters:
  ///   - documents: of the organizations; nobody has looked at them together.
  ///   - routes: what stands in a route table of `rudderstack` below its head.
  init(_ documents: [String], routes: String) throws {
    let table = try RouteDocument.parse(
      bytes: Array("apiVersion: verdict.routes/v1\nmodel: rudderstack\n\(routes)".utf8),
      path: "r.yaml", models: try AccessModels.shipped())
    activation = Activation(
      publication: Publication(slotCount: 1),
      routes: try RouteTables(validating: try RouteCompiler.compile(table)))
    activation.activate(
      try LoadedSet(
        compiled: documents.map {
          OrganizationSnapshot(bytes: try SnapshotProbe.snapshot(of: $0), compilerVersion: "1")
        }, after: nil, createdSeconds: 1_700_000_000))
    // SAFETY: nothing is published after this, so the set stays.
    guard let set = unsafe SnapshotSet(bits: activation.publication.reader(slot: 0).enter()) else {
      preconditionFailure("a set is in force")
    }
    self.set = set
    gateway = Gateway(IdentityConfiguration(), isOnWorker: true)
  }

  /// What a request gets: its reason, and what goes back to the gateway for access logs.
  func ask(
    _ method: String, _ target: String, _ headers: [(name: String, value: [UInt8])],
    body: String = ""
  ) -> (reason: Reason, metadata: [UInt8]) {
    let arena = MessageArena()
    func kept(_ bytes: [UInt8]) -> ByteView {
      bytes.withByteView { arena.copy($0) } ?? ByteView()
    }
    guard var pairs = TextPairs(capacity: headers.count, in: arena) else {
      preconditionFailure("there is memory")
    }
    for header in headers {
      pairs.append(TextPairs.Pair(name: kept(Array(header.name.utf8)), value: kept(header.value)))
    }
    var request = GatewayRequest(
      method: kept(Array(method.utf8)), target: kept(Array(target.utf8)), headers: pairs,
      context: TextPairs())
    request.body = kept(Array(body.utf8))
    let answer = gateway.decide(request, set, nowSeconds: 1_700_000_000, in: arena)
    let id = [UInt8](repeating: 7, count: 16)
    let metadata = id.withByteView { GatewayReply(answer, decisionID: $0, in: arena)?.metadata }
    return (answer.reason, metadata?.array ?? [])
  }
}
