internal import VerdictEngine
public import VerdictModel
public import VerdictRPC
internal import VerdictSnapshot

/// What goes back to a gateway, apart from the way it is packed: in the arena.
///
/// | Header | To the upstream of a request that may pass |
/// |---|---|
/// | `x-verdict-principal` | `user:ID`, `service_token:ID` or `personal_token:ID` |
/// | `x-verdict-organization`, `x-verdict-workspace` | the ids |
/// | `x-verdict-decision-id` | 32 hexadecimal digits |
/// | `x-verdict-generation` | of the organization's policies |
///
/// Each is set, or removed where it has no value: none of the client's gets through. Bytes that a
/// header can't hold, `%` and spaces are percent-encoded.
public struct GatewayReply {
  /// Of the request that goes on, or of the answer to the client.
  public let headers: TextPairs
  /// Headers that the request that goes on must not have.
  public let removed: ResponseTexts
  /// `{"reason": ..., "message": ..., "decision_id": ...}`, or empty for an allow.
  public let body: ByteView
  /// A `google.protobuf.Struct` for access logs.
  public let metadata: ByteView
  /// The reason's name, and the decision's id as hexadecimal digits.
  public let reason: ByteView
  public let decisionID: ByteView

  /// Puts an answer together; nil where the arena is full.
  public init?(
    _ answer: GatewayAnswer, decisionID: ByteView, in arena: borrowing MessageArena
  ) {
    guard let parts = ReplyParts(answer, decisionID, arena),
      var headers = TextPairs(capacity: 5, in: arena),
      var removed = ResponseTexts(capacity: 5, in: arena),
      let metadata = GatewayReply.metadata(answer, parts, arena)
    else { return nil }
    self.metadata = metadata
    reason = ReasonTexts.shared.name(answer.reason)
    self.decisionID = parts.decisionID
    if answer.isAllow {
      for index in 0..<parts.identity.count {
        let pair = parts.identity[index]
        if pair.value.isEmpty { removed.append(pair.name) } else { headers.append(pair) }
      }
      body = ByteView()
    } else {
      headers.append(GatewayReply.pair("content-type", "application/json"))
      if answer.status == 401 {
        headers.append(GatewayReply.pair("www-authenticate", "Bearer realm=\"verdict\""))
      }
      guard let body = GatewayReply.body(answer, parts, arena) else { return nil }
      self.body = body
    }
    self.headers = headers
    self.removed = removed
  }

  private static func pair(_ name: StaticString, _ value: StaticString) -> TextPairs.Pair {
    TextPairs.Pair(name: ByteView(name), value: ByteView(value))
  }

  private static func metadata(
    _ answer: GatewayAnswer, _ parts: ReplyParts, _ arena: borrowing MessageArena
  ) -> ByteView? {
    let byteCount =
      512 + parts.principal.count + answer.workspace.count + answer.route.count
      + parts.organization.count + answer.action.count
    guard var writer = StructWriter(capacity: byteCount, in: arena) else { return nil }
    writer.add("decision_id", parts.decisionID)
    writer.add("effect", ByteView(answer.isAllow ? "allow" : "deny"))
    writer.add("reason", ReasonTexts.shared.name(answer.reason))
    writer.add("generation", parts.generation)
    if !parts.principal.isEmpty { writer.add("principal", parts.principal) }
    if !parts.organization.isEmpty { writer.add("organization", parts.organization) }
    if !answer.workspace.isEmpty { writer.add("workspace", answer.workspace) }
    if !answer.route.isEmpty { writer.add("route", answer.route) }
    if !answer.action.isEmpty { writer.add("action", answer.action) }
    return writer.bytes
  }

  /// The body of a denial.
  private static func body(
    _ answer: GatewayAnswer, _ parts: ReplyParts, _ arena: borrowing MessageArena
  ) -> ByteView? {
    let message = answer.message.isEmpty ? answer.sentence : answer.message
    // Each byte of the message is at most six of JSON.
    guard var text = ArenaText(capacity: 256 + message.count * 6, in: arena) else { return nil }
    text.add(ByteView("{\"reason\": \""))
    text.add(ReasonTexts.shared.name(answer.reason))
    text.add(ByteView("\", \"message\": \""))
    text.add(escaped: message)
    text.add(ByteView("\", \"decision_id\": \""))
    text.add(parts.decisionID)
    text.add(ByteView("\"}\n"))
    return text.bytes
  }
}

/// Texts that several parts of a reply hold.
private struct ReplyParts {
  /// As it is, for metadata.
  let principal: ByteView
  let organization: ByteView
  let generation: ByteView
  let decisionID: ByteView
  /// The headers with their values, percent-encoded.
  let identity: InlineArray<5, TextPairs.Pair>

  init?(_ answer: GatewayAnswer, _ id: ByteView, _ arena: borrowing MessageArena) {
    guard let decisionID = ArenaText.hexadecimal(id, arena),
      let principal = ReplyParts.principal(answer, arena)
    else { return nil }
    self.decisionID = decisionID
    self.principal = principal
    organization = answer.organization?.view.organizationID ?? ByteView()
    if let number = answer.organization?.generation {
      guard let text = ArenaText.decimal(number, arena) else { return nil }
      generation = text
    } else {
      generation = ByteView()
    }
    guard let who = ArenaText.headerValue(principal, arena),
      let whose = ArenaText.headerValue(organization, arena),
      let place = ArenaText.headerValue(answer.workspace, arena)
    else { return nil }
    identity = [
      TextPairs.Pair(name: ByteView("x-verdict-principal"), value: who),
      TextPairs.Pair(name: ByteView("x-verdict-organization"), value: whose),
      TextPairs.Pair(name: ByteView("x-verdict-workspace"), value: place),
      TextPairs.Pair(name: ByteView("x-verdict-decision-id"), value: decisionID),
      TextPairs.Pair(name: ByteView("x-verdict-generation"), value: generation),
    ]
  }

  private static func principal(
    _ answer: GatewayAnswer, _ arena: borrowing MessageArena
  ) -> ByteView? {
    guard !answer.principalID.isEmpty else { return ByteView() }
    guard var text = ArenaText(capacity: 16 + answer.principalID.count, in: arena) else {
      return nil
    }
    switch answer.principalKind {
    case .user: text.add(ByteView("user:"))
    case .serviceToken: text.add(ByteView("service_token:"))
    case .personalToken: text.add(ByteView("personal_token:"))
    }
    text.add(answer.principalID)
    return text.bytes
  }
}

extension GatewayAnswer {
  /// An answer to a message that can't be read.
  public static var unreadable: GatewayAnswer {
    refusal(.badRequest, "the message is not readable")
  }

  /// A denial of what was not even decided.
  ///
  /// - Parameter detail: what is wrong, in one sentence; the reason's own where it is empty.
  public static func refusal(_ reason: Reason, _ detail: StaticString = "") -> GatewayAnswer {
    precondition(reason.effect != .allow, "a refusal")
    var answer = GatewayAnswer()
    answer.detail = detail
    return answer.denied(reason)
  }

  /// Whether it is none to the client: the call has to fail, for the operator's choice to hold.
  public var isServersFault: Bool { reason.rawValue >= Reason.noSnapshot.rawValue }

  /// One sentence for people, where the engine has not put one together.
  var sentence: ByteView {
    detail.utf8CodeUnitCount > 0 ? ByteView(detail) : ReasonTexts.shared.text(reason)
  }
}
