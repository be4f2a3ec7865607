public import VerdictModel
public import VerdictRPC
internal import VerdictRoutes

/// A client's request as a gateway tells of it in the head of a request of its own: nginx'
/// `auth_request`, Caddy's `forward_auth`, Traefik's `ForwardAuth`.
///
/// | Header | Says |
/// |---|---|
/// | `x-forwarded-method`, `x-original-method` | the method |
/// | `x-forwarded-uri`, `x-original-uri` | path and query, as on the request line |
/// | `x-forwarded-host` | the host; routes see it as `:authority` |
///
/// Those that are there agree, each comes once, and there are a method and a path. What the
/// gateway's configuration says of the route stands in the path of its own request, which no client
/// can write: `/`, `/organization/ID`, `/workspace/ID`, or one behind the other.
public enum ForwardedRequest {
  case request(GatewayRequest)
  /// The reason is `bad_request`; this says of what kind.
  case fault(StaticString)

  /// Headers that are about the gateway's own request.
  private static func isOwn(_ name: ByteView) -> Bool {
    name == ByteView("host") || name == ByteView("content-length")
      || name == ByteView("transfer-encoding") || name == ByteView("connection")
  }

  /// Reads a head; nil where the arena is full.
  ///
  /// - Parameters:
  ///   - target: of the gateway's own request.
  ///   - headers: of the gateway's own request, with names in lower case and everything that comes
  ///     twice twice.
  public init?(
    target: ByteView, headers: TextPairs, in arena: borrowing MessageArena
  ) {
    let method: ByteView
    let uri: ByteView
    let host: ByteView
    switch ForwardedRequest.agreed(headers, "x-forwarded-method", "x-original-method") {
    case .once(let value): method = value
    case .absent:
      self = .fault("the gateway doesn't say x-forwarded-method")
      return
    case .repeated:
      self = .fault("x-forwarded-method is there twice, or x-original-method is another")
      return
    }
    switch ForwardedRequest.agreed(headers, "x-forwarded-uri", "x-original-uri") {
    case .once(let value): uri = value
    case .absent:
      self = .fault("the gateway doesn't say x-forwarded-uri")
      return
    case .repeated:
      self = .fault("x-forwarded-uri is there twice, or x-original-uri is another")
      return
    }
    switch headers.find("x-forwarded-host") {
    case .once(let value): host = value
    case .absent: host = ByteView()
    case .repeated:
      self = .fault("x-forwarded-host is there twice")
      return
    }
    guard var kept = TextPairs(capacity: headers.count + 1, in: arena) else { return nil }
    for index in 0..<headers.count where !ForwardedRequest.isOwn(headers[index].name) {
      kept.append(headers[index])
    }
    if !host.isEmpty { kept.append(TextPairs.Pair(name: ByteView(":authority"), value: host)) }
    guard let room = unsafe arena.allocate(byteCount: target.count),
      var context = TextPairs(capacity: 2, in: arena)
    else { return nil }
    // SAFETY: as much room as the target has bytes.
    let bytes = unsafe room.bindMemory(to: UInt8.self, capacity: max(target.count, 1))
    guard unsafe ForwardedRequest.read(target, room: bytes, into: &context) else {
      self = .fault("the gateway asks at another path than /organization/ID/workspace/ID")
      return
    }
    self = .request(GatewayRequest(method: method, target: uri, headers: kept, context: context))
  }

  /// What two headers say that have to agree; `repeated` where they don't.
  private static func agreed(
    _ headers: TextPairs, _ first: StaticString, _ second: StaticString
  ) -> TextPairs.Finding {
    switch (headers.find(first), headers.find(second)) {
    case (.repeated, _), (_, .repeated): .repeated
    case (.absent, let other), (let other, .absent): other
    case (.once(let one), .once(let other)): one == other ? .once(one) : .repeated
    }
  }

  /// Reads the path of the gateway's own request; its query says nothing, because some gateways put
  /// the client's there.
  @unsafe
  private static func read(
    _ target: ByteView, room: UnsafeMutablePointer<UInt8>, into context: inout TextPairs
  ) -> Bool {
    let path: RequestPath
    do throws(RequestPathFault) {
      // SAFETY: the caller's room.
      path = unsafe try RequestPath(target, room: room)
    } catch {
      return false
    }
    if path.count == 0 { return true }
    var index = 0
    if path.count >= 2, path[0] == ByteView("organization") {
      context.append(TextPairs.Pair(name: ByteView("verdict.organization"), value: path[1]))
      index = 2
    }
    if path.count == index + 2, path[index] == ByteView("workspace") {
      context.append(TextPairs.Pair(name: ByteView("verdict.workspace"), value: path[index + 1]))
      index += 2
    }
    return index > 0 && index == path.count
  }
}
