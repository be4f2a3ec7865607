internal import VerdictEngine
internal import VerdictGateway
internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSystem

/// Envoy's external authorization.
extension Services {
  /// Only the server's own state makes the call fail, so that the operator's choice for failures
  /// holds and no client can bring it about: whatever a request says, a message that can't be read
  /// included, is answered.
  mutating func externalAuthorization(
    _ message: ByteView, _ set: SnapshotSet?, _ reply: inout ReplyBuffer
  ) -> ServiceOutcome {
    guard let set else { return .answered(Services.noSnapshot) }
    if set.isClosed {
      return .answered(RPCStatus(.unavailable, "the policies are too old to decide by"))
    }
    var answer = GatewayAnswer.unreadable
    if message.isEmpty {
      answer = .refusal(.badRequest, "the gateway's message is longer than 4 MiB, or empty")
    } else if let external = ExternalAuthorizationRequest(message, in: arena) {
      var request = GatewayRequest(external)
      request.sources = identity
      answer = gateway.decide(
        request, set, nowSeconds: SystemClock.realNanoseconds() / 1_000_000_000, in: arena)
    }
    if answer.awaitsVerification { return .toBeVerified }
    if respond(answer, &reply) {
      return .answered(answer.isServersFault ? Services.gatewayFailed : .ok)
    }
    // The arena is full of what the client sent; this needs little.
    arena.reset()
    return .answered(respond(.unreadable, &reply) ? .ok : Services.gatewayFailed)
  }

  mutating func takeNews() -> VerifiedToken? { gateway.takeVerifiedToken() }

  mutating func learn(_ news: VerifiedToken) { gateway.remember(news) }

  private static var gatewayFailed: RPCStatus {
    RPCStatus(.unavailable, "the request could not be decided")
  }

  /// Packs the answer, and notes it; false where there is no memory for it.
  private mutating func respond(_ answer: GatewayAnswer, _ reply: inout ReplyBuffer) -> Bool {
    guard !arena.isExhausted, let id = nextDecisionID(),
      let parts = GatewayReply(answer, decisionID: id, in: arena)
    else { return false }
    let response: ExternalAuthorizationResponse =
      answer.isAllow
      ? .allow(headers: parts.headers, removed: parts.removed)
      : .deny(status: answer.status, headers: parts.headers, body: parts.body)
    // SAFETY: the reply reserved as many bytes as the message has.
    unsafe response.pack(metadata: parts.metadata) { unsafe reply.claim($0) }
    note(answer, id)
    return true
  }
}
