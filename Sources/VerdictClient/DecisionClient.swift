public import VerdictModel
public import VerdictRPC

/// Asks a running server, and waits for its answers.
///
/// ```swift
/// let client = try DecisionClient(address: "unix:/run/verdict.sock")
/// let answers = try client.authorize([
///   Check(principal: "user:mia", workspace: "prod", action: "edit", resource: "destination/D1")
/// ])
/// guard answers[0].effect == .allow else { ... }
/// ```
///
/// Under TLS, and from policies that are new enough:
///
/// ```swift
/// let client = try DecisionClient(
///   address: "verdict.internal:7070", security: ClientSecurity(authoritiesPath: "ca.pem"),
///   timeoutNanoseconds: 1_000_000_000)
/// var call = AuthorizeCall(organization: "acme", checks: checks, wantsMessages: false)
/// call.generationMin = generation
/// let reply = try client.authorize(call)
/// ```
///
/// It blocks, makes one call at a time over one connection, and belongs to one thread. A connection
/// that the server has ended is made anew by the next call; a call that failed is not repeated.
/// Every error means that nothing is allowed: there is no answer in it.
public final class DecisionClient {
  /// Checks of one request are split so that their texts stay below this many bytes, far from
  /// `Limits.messageByteCountMax` of the server.
  static let requestByteCountMax = 1 << 20

  private let connection: Connection
  /// For each request, from sending it to its answer.
  public var timeoutNanoseconds: UInt64

  /// Connects.
  ///
  /// - Parameters:
  ///   - address: `HOST:PORT`, `[V6]:PORT` or `unix:PATH`.
  ///   - security: TLS; nil for plaintext, as on a Unix socket.
  ///   - timeoutNanoseconds: for connecting, and then for each request.
  public init(
    address: String, security: ClientSecurity? = nil,
    timeoutNanoseconds: UInt64 = 10_000_000_000
  ) throws(ClientError) {
    connection = try Connection(
      address, security: security, connectTimeoutNanoseconds: timeoutNanoseconds)
    self.timeoutNanoseconds = timeoutNanoseconds
  }

  /// May these principals do these things? One answer for each check, in order.
  ///
  /// Checks of one organization go together, up to `Limits.plainCheckCountMax` of them; these are
  /// answered from one snapshot. More checks, and checks of other organizations, are requests of
  /// their own, between which the server's policies may change.
  ///
  /// - Parameter wantsMessages: also ask for one sentence for people for each answer.
  public func authorize(
    _ checks: [Check], wantsMessages: Bool = true
  ) throws(ClientError) -> [CheckAnswer] {
    var answers: [CheckAnswer?] = Array(repeating: nil, count: checks.count)
    for group in CheckGroup.groups(of: checks) {
      // The server refuses a whole request about an organization that can't be one. Here it is a
      // fault of these checks alone: no such organization is loaded anywhere.
      guard group.organization.isEmpty || group.organization.withByteView(Identifier.isValid) else {
        let reason = Reason.unknownOrganization
        for place in group.places {
          answers[place] = CheckAnswer(
            reason: reason, message: wantsMessages ? reason.row.text : "")
        }
        continue
      }
      let reply = try authorize(
        AuthorizeCall(
          organization: group.organization, checks: group.places.map { checks[$0] },
          wantsMessages: wantsMessages))
      for (place, answer) in zip(group.places, reply.answers) { answers[place] = answer }
    }
    return answers.map { answer in
      guard let answer else { preconditionFailure("every check is in one group") }
      return answer
    }
  }

  /// One request as it is, and its whole reply: for those who need the snapshot's digest and
  /// generation.
  public func authorize(_ call: AuthorizeCall) throws(ClientError) -> AuthorizeReply {
    for (index, check) in call.checks.enumerated() {
      // By bytes: two texts may be equal and be two ids.
      let organization = check.organization ?? ""
      guard organization.isEmpty || Array(organization.utf8) == Array(call.organization.utf8)
      else {
        throw .request(
          "check \(index) names organization `\(organization)` in a request about "
            + "`\(call.organization)`; send a request for each organization")
      }
    }
    let reply = try answer(.authorize, call.encoded())
    do throws(MalformedReply) {
      return try AuthorizeReply(decoding: reply, checkCount: call.checks.count)
    } catch {
      throw malformed(error)
    }
  }

  /// Which of these resources' data may these principals see? Answered from one snapshot.
  ///
  /// At most `Limits.visibilityCellCountMax` cells: principals, times permissions, times ids.
  public func checkVisibility(_ call: VisibilityCall) throws(ClientError) -> VisibilityReply {
    let reply = try answer(.checkVisibility, call.encoded())
    do throws(MalformedReply) {
      return try VisibilityReply(decoding: reply, for: call)
    } catch {
      throw malformed(error)
    }
  }

  /// What is running and from which policies it decides.
  public func serverInfo() throws(ClientError) -> ServerInfo {
    let reply = try answer(.getServerInfo, ServerInfo.request)
    do throws(MalformedReply) {
      return try ServerInfo(decoding: reply)
    } catch {
      throw malformed(error)
    }
  }

  func answer(_ method: Method, _ message: [UInt8]?) throws(ClientError) -> [UInt8] {
    guard let message else {
      throw .request(
        "the request takes more than \(Limits.messageByteCountMax) bytes, or has an id of more "
          + "than \(Limits.idByteCountMax); split it")
    }
    return try connection.call(
      path: method.path, message: message, timeoutNanoseconds: timeoutNanoseconds)
  }

  func malformed(_ error: MalformedReply) -> ClientError {
    .reply("`\(connection.address)`: \(error.message)")
  }
}

/// Checks that fit into one request.
struct CheckGroup: Equatable {
  let organization: String
  /// Places among all checks, ascending.
  var places: [Int] = []
  private var byteCount = 0

  init(organization: String) { self.organization = organization }

  /// Each check in one group; organizations in the order in which they first occur.
  static func groups(of checks: [Check]) -> [CheckGroup] {
    var groups: [CheckGroup] = []
    // By bytes: as text, two ids that differ may be equal.
    var open: [[UInt8]: Int] = [:]
    for (place, check) in checks.enumerated() {
      let key = Array((check.organization ?? "").utf8)
      let byteCount = CheckGroup.byteCount(of: check)
      if let index = open[key], groups[index].hasRoom(for: byteCount) {
        groups[index].add(place, byteCount)
      } else {
        open[key] = groups.count
        var group = CheckGroup(organization: check.organization ?? "")
        group.add(place, byteCount)
        groups.append(group)
      }
    }
    return groups
  }

  private func hasRoom(for byteCount: Int) -> Bool {
    places.count < Limits.plainCheckCountMax
      && self.byteCount + byteCount <= DecisionClient.requestByteCountMax
  }

  private mutating func add(_ place: Int, _ byteCount: Int) {
    places.append(place)
    self.byteCount += byteCount
  }

  private static func byteCount(of check: Check) -> Int {
    check.principal.utf8.count + check.action.utf8.count + (check.workspace ?? "").utf8.count
      + (check.resource ?? "").utf8.count + (check.target ?? "").utf8.count
  }
}
