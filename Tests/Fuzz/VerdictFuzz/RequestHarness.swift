import Glibc
import VerdictClient
import VerdictControl
import VerdictEngine
import VerdictHTTP2
import VerdictModel
import VerdictRPC
import VerdictServer
import VerdictSystem
import VerdictTestKit

/// The whole server under arbitrary messages of its own services, over a Unix socket.
///
/// Input: the method, then the message.
///
/// What holds: every call is answered in time, a message that can't be read never with OK, and
/// `Authorize` in its plain form as the reference interpreter answers.
final class RequestHarness: FuzzHarness {
  private let activation: Activation
  private let server: Server
  private let connection: Connection
  private let reference: ReferenceInterpreter
  private let arena = MessageArena()
  private static let generation: UInt64 = 1
  private static let timeoutNanoseconds: UInt64 = 20_000_000_000

  init() throws {
    let documents = try SnapshotProbe.documents()
    reference = ReferenceInterpreter(documents: documents)
    var listener = ListenerSettings(.unix(path: "/tmp/verdict-fuzz-\(getpid()).sock"))
    listener.servesInspection = true
    var configuration = ServerConfiguration(listeners: [listener], loopCount: 1)
    configuration.workerCount = 1
    activation = Activation(publication: Publication(slotCount: configuration.slotCount))
    activation.activate(
      try LoadedSet(
        compiled: SnapshotProbe.snapshots().map {
          OrganizationSnapshot(bytes: $0, compilerVersion: ProductVersion.text)
        }, after: nil, createdSeconds: 1_700_000_000))
    let state = ServiceState(
      version: ProductVersion.text, streamCountMax: configuration.session.streamCountMax)
    server = try Server(configuration, publication: activation.publication) { _ in
      Services(state)
    }
    connection = try Connection(server.addresses[0].description)
  }

  deinit {
    server.stopNow()
    server.waitUntilStopped()
  }

  func run(_ input: ByteView) {
    var reader = InputReader(input)
    // By its number, so that the corpus means the same when methods are added.
    // One that is answered until its caller goes is none of these.
    guard let method = Method(rawValue: reader.byte() % 16 + 1),
      method == .healthCheck || method.path.hasPrefix("/verdict."), method != .watchSnapshots
    else { return }
    let message = reader.rest()
    if awaitsPolicies(method, message) { return }
    let wire = WireRequest(message)
    do throws(ClientError) {
      let reply = try connection.call(
        path: method.path, message: message, timeoutNanoseconds: Self.timeoutNanoseconds)
      // A request for the server's state has no fields and is not looked into.
      if case .broken = wire, method != .getServerInfo {
        preconditionFailure("what can't be read is not answered with OK")
      }
      if method == .authorize, case .plain(let request) = wire { compare(request, reply) }
    } catch {
      guard case .status(let code, _) = error else {
        preconditionFailure("each call has an answer: \(error)")
      }
      precondition(code != 0 && code != 4, "a failure has a status, and none takes so long")
    }
  }

  /// Whether the server would wait for policies that never come, for seconds.
  private func awaitsPolicies(_ method: Method, _ message: [UInt8]) -> Bool {
    message.withByteView { message in
      arena.reset()
      let generation =
        switch method {
        case .authorize, .authorizeStream: AuthorizeRequest(message, in: arena)?.generationMin
        case .checkVisibility: CheckVisibilityRequest(message, in: arena)?.generationMin
        default: nil as UInt64?
        }
      return generation ?? 0 > Self.generation
    }
  }

  private func compare(_ request: WireRequest.Plain, _ bytes: [UInt8]) {
    guard let reply = try? AuthorizeReply(decoding: bytes, checkCount: request.checks.count) else {
      preconditionFailure("a reply has one answer for each check")
    }
    for (check, answer) in zip(request.checks, reply.answers) {
      let expected = reference.decide(
        ReferenceCheck(
          organization: request.organization.isEmpty ? nil : request.organization,
          principal: check.principal.isEmpty ? request.principal : check.principal,
          workspace: check.workspace.isEmpty ? request.workspace : check.workspace,
          action: check.action, resource: check.resource, target: check.target))
      precondition(
        answer.reason == expected.reason, "the server says \(answer.reason), not \(expected)")
    }
  }
}
