import CCjose
import Glibc
import VerdictCompiler
import VerdictControl
import VerdictEngine
import VerdictGateway
import VerdictHTTP1
import VerdictJWT
import VerdictModel
import VerdictPolicy
import VerdictRPC
import VerdictTestKit

/// What a gateway's request is read by, from its bytes to the decision.
///
/// Input: what it is, then the bytes: a `CheckRequest`, a head of HTTP/1.1, a body, or a JWT.
///
/// What holds: every request has an answer, which can be packed, and none is the server's fault; a
/// request whose credentials come twice never passes; a head is the same in pieces; what is JSON to
/// us is JSON to jansson, and the same; no token is believed, because nobody here can sign.
final class GatewayHarness: FuzzHarness {
  private let activation: Activation
  private let set: SnapshotSet
  private var gateway: Gateway
  private let arena = MessageArena()
  private static let nowSeconds: Int64 = 1_800_000_000
  private static let seed: UInt64 = 7

  init() throws {
    let models = try AccessModels.shipped()
    var tables: [UInt8] = []
    for document in try RouteDocument.shipped(models: models) {
      tables += try RouteCompiler.compile(document)
    }
    activation = Activation(
      publication: Publication(slotCount: 1), routes: try RouteTables(validating: tables))
    activation.activate(
      try LoadedSet(
        compiled: SnapshotProbe.snapshots().map {
          OrganizationSnapshot(bytes: $0, compilerVersion: ProductVersion.text)
        }, after: nil, createdSeconds: 1_700_000_000))
    // SAFETY: nothing is published after this, so the set stays.
    guard let set = unsafe SnapshotSet(bits: activation.publication.reader(slot: 0).enter()) else {
      preconditionFailure("a set is in force")
    }
    self.set = set
    gateway = Gateway(try GatewayHarness.identity(), isOnWorker: true)
  }

  private static func identity() throws -> IdentityConfiguration {
    // The key of RFC 7515, A.3. Whoever has its private half may sign; a fuzzer won't guess.
    let keys = """
      {"keys": [{"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", \
      "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}
      """
    var identity = IdentityConfiguration()
    identity.sources = [.bearer, .jwt, .claims, .peer, .header]
    identity.peerPrefix = "spiffe://acme/"
    identity.headerName = "x-user"
    identity.organizationClaim = "org"
    identity.workspaceClaim = "ws"
    identity.tokenTrust = TokenTrust(
      rules: TokenRules(issuer: "joe", audiences: ["a"]),
      keys: try TokenKeyStore(keySet: Array(keys.utf8)))
    return identity
  }

  func run(_ input: ByteView) {
    var reader = InputReader(input)
    let kind = reader.byte()
    let bytes = reader.rest()
    arena.reset()
    bytes.withByteView { bytes in
      switch kind % 4 {
      case 0: check(bytes)
      case 1: head(bytes)
      case 2: body(bytes)
      default: token(bytes)
      }
    }
  }

  // MARK: Requests

  private func check(_ bytes: ByteView) {
    guard let request = ExternalAuthorizationRequest(bytes, in: arena) else { return }
    decide(GatewayRequest(request))
  }

  @discardableResult
  private func decide(_ request: GatewayRequest) -> Bool {
    let answer = gateway.decide(request, set, nowSeconds: Self.nowSeconds, in: arena)
    precondition(!answer.isServersFault, "no request is the server's fault")
    let id: [UInt8] = Array(repeating: 7, count: 16)
    let isPacked = id.withByteView { GatewayReply(answer, decisionID: $0, in: arena) != nil }
    precondition(isPacked || arena.isExhausted, "an answer can be packed")
    guard answer.isAllow, !answer.principalID.isEmpty else { return answer.isAllow }
    // Whoever is somebody by a header is nobody by two of it.
    for name: StaticString in ["authorization", "x-user"] {
      guard case .once(let value) = request.headers.find(name),
        var headers = TextPairs(capacity: request.headers.count + 1, in: arena)
      else { continue }
      for index in 0..<request.headers.count { headers.append(request.headers[index]) }
      headers.append(TextPairs.Pair(name: ByteView(name), value: value))
      var twice = request
      twice.headers = headers
      let second = gateway.decide(twice, set, nowSeconds: Self.nowSeconds, in: arena)
      precondition(second.reason == .ambiguousIdentity, "credentials that come twice don't pass")
    }
    return true
  }

  // MARK: Heads

  private struct Head: Equatable {
    var target: [UInt8] = []
    var headers: [[UInt8]] = []
    var keepsAlive = false
  }

  private func head(_ bytes: ByteView) {
    let whole = heads(bytes, pieceByteCount: bytes.count)
    for pieceByteCount in [1, 7] {
      let pieces = heads(bytes, pieceByteCount: pieceByteCount)
      precondition(pieces.heads == whole.heads, "a head is the same in pieces")
      precondition(pieces.fault == whole.fault, "and is refused for the same reason")
    }
  }

  private func heads(
    _ bytes: ByteView, pieceByteCount: Int
  ) -> (heads: [Head], fault: RequestReader.Fault?) {
    let reader = RequestReader()
    var heads: [Head] = []
    var start = 0
    while start < bytes.count {
      let end = min(start + pieceByteCount, bytes.count)
      let (outcome, used) = reader.read(bytes[start..<end])
      precondition(used > 0, "a reader goes on")
      start += used
      switch outcome {
      case .needsMore: break
      case .head:
        heads.append(answered(reader))
        // As the server does.
        if !reader.keepsAlive { return (heads, nil) }
      case .refused(let fault): return (heads, fault)
      }
    }
    return (heads, nil)
  }

  private func answered(_ reader: RequestReader) -> Head {
    var head = Head(target: reader.target.array, keepsAlive: reader.keepsAlive)
    arena.reset()
    guard var headers = TextPairs(capacity: reader.headerCount, in: arena) else { return head }
    for index in 0..<reader.headerCount {
      let (name, value) = reader.header(index)
      head.headers += [name.array, value.array]
      headers.append(TextPairs.Pair(name: name, value: value))
    }
    if case .request(let request) = ForwardedRequest(
      target: reader.target, headers: headers, in: arena)
    {
      decide(request)
    }
    return head
  }

  // MARK: Bodies and tokens

  private func body(_ bytes: ByteView) {
    guard let body = JSONBody(bytes, seed: Self.seed, in: arena) else { return }
    var error = json_error_t()
    let flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL
    // SAFETY: the bytes live through the call.
    let other = unsafe json_loadb(
      bytes.buffer.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, Int(flags),
      &error)
    guard let other = unsafe other else {
      // Numbers beyond a double's range are numbers all the same.
      let isNumber = unsafe json_error_code(&error) == json_error_numeric_overflow
      return precondition(isNumber, "what is JSON to us is JSON to jansson")
    }
    // SAFETY: the value is ours until here.
    defer { unsafe json_decref(other) }
    for name in ["sourceId", "destinationId", "type", "a"] {
      let place = name.withByteView { body.member($0, of: 0) }
      let value = unsafe json_object_get(other, name)
      let isThere = unsafe value != nil
      precondition((place >= 0) == isThere, "both find a member, or neither")
      guard place >= 0, body[place].kind == .text else { continue }
      // SAFETY: as many bytes as jansson says.
      let text = unsafe Array(
        UnsafeRawBufferPointer(start: json_string_value(value), count: json_string_length(value)))
      precondition(text == body[place].text.array, "both read the same text")
    }
  }

  private func token(_ bytes: ByteView) {
    var value = Array("Bearer ".utf8)
    value += bytes.array
    value.withByteView { value in
      guard var headers = TextPairs(capacity: 1, in: arena) else { return }
      headers.append(TextPairs.Pair(name: ByteView("authorization"), value: value))
      guard var asked = TextPairs(capacity: 3, in: arena) else { return }
      asked.append(TextPairs.Pair(name: ByteView("x-forwarded-method"), value: ByteView("GET")))
      asked.append(
        TextPairs.Pair(name: ByteView("x-forwarded-uri"), value: ByteView("/v2/workspace")))
      asked.append(headers[0])
      let forwarded = ForwardedRequest(
        target: ByteView("/organization/acme/workspace/prod"), headers: asked, in: arena)
      guard case .request(let request) = forwarded else { return }
      precondition(!decide(request), "a token that nobody signed is believed by nobody")
    }
  }
}

extension String {
  fileprivate func withByteView<R>(_ body: (ByteView) -> R) -> R {
    Array(utf8).withByteView(body)
  }
}
