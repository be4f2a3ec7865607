internal import VerdictEngine
internal import VerdictGateway
internal import VerdictHTTP1
internal import VerdictHTTP2
internal import VerdictLog
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSystem

/// Forward auth: the same decisions for gateways that ask in HTTP/1.1.
///
/// | Status | When |
/// |---|---|
/// | 200 | the request may pass; with who asks in `x-verdict-*` |
/// | 401 | nobody could be identified; with `www-authenticate` |
/// | 403 | it may not pass, or can't be read |
/// | 503 | the server's own state: no policies, too old ones, an internal failure |
///
/// All but 200 have `{"reason": ..., "message": ..., "decision_id": ...}` as their body, and reason
/// and id in headers for gateways that give no body on.
extension Services {
  /// Answers a head that was read.
  /// - Returns: what the status would be in gRPC: 503 is UNAVAILABLE.
  mutating func forwardAuthorization(
    _ head: RequestReader, _ set: SnapshotSet?, _ response: inout ResponseText
  ) -> RPCCode {
    arena.reset()
    logDraft.clear()
    let answer = decide(head, set)
    return respond(answer, isHead: head.isHead, keepsAlive: head.keepsAlive, &response)
  }

  /// Answers what can't be read; the connection is over then.
  /// - Returns: as above.
  mutating func forwardAuthorization(
    _ fault: RequestReader.Fault, _ response: inout ResponseText
  ) -> RPCCode {
    arena.reset()
    logDraft.clear()
    let answer = GatewayAnswer.refusal(
      .badRequest,
      fault == .tooLarge
        ? "the headers take more than 64 KiB, or are more than 256"
        : "the gateway's request is no HTTP/1.1")
    return respond(answer, isHead: false, keepsAlive: false, &response)
  }

  private mutating func decide(
    _ head: RequestReader, _ set: SnapshotSet?
  ) -> GatewayAnswer {
    guard let set else { return .refusal(.noSnapshot) }
    if set.isClosed { return .refusal(.stale) }
    guard var headers = TextPairs(capacity: head.headerCount, in: arena) else {
      return .refusal(.internal)
    }
    for index in 0..<head.headerCount {
      let header = head.header(index)
      headers.append(TextPairs.Pair(name: header.name, value: header.value))
    }
    switch ForwardedRequest(target: head.target, headers: headers, in: arena) {
    case .request(var request):
      request.sources = identity
      return gateway.decide(
        request, set, nowSeconds: SystemClock.realNanoseconds() / 1_000_000_000, in: arena)
    case .fault(let detail): return .refusal(.badRequest, detail)
    case nil: return .refusal(.internal)
    }
  }

  private mutating func respond(
    _ answer: GatewayAnswer, isHead: Bool, keepsAlive: Bool, _ response: inout ResponseText
  ) -> RPCCode {
    guard !arena.isExhausted, let id = nextDecisionID(),
      let reply = GatewayReply(answer, decisionID: id, in: arena)
    else {
      response.begin(status: 503)
      response.end(body: ByteView(), isHeadOnly: isHead, keepsAlive: false)
      return .unavailable
    }
    note(answer, id)
    response.begin(status: answer.isServersFault ? 503 : answer.isAllow ? 200 : answer.status)
    for index in 0..<reply.headers.count {
      response.header(reply.headers[index].name, reply.headers[index].value)
    }
    if !answer.isAllow {
      response.header(ByteView("x-verdict-reason"), reply.reason)
      response.header(ByteView("x-verdict-decision-id"), reply.decisionID)
    }
    response.end(body: reply.body, isHeadOnly: isHead, keepsAlive: keepsAlive)
    return answer.isServersFault ? .unavailable : .ok
  }
}
