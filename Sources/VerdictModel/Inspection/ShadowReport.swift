/// How a staged set would have answered live checks, beside how the set in force does.
public struct ShadowReport: Sendable, Equatable {
  /// Requests that are compared, in a million.
  public var sharePerMillion: UInt32 = 0
  /// The number of the set in force, and of the staged one; 0: none.
  public var liveSet: UInt64 = 0
  public var stagedSet: UInt64 = 0
  /// Names the staged set; empty: none.
  public var stagedDigest: [UInt8] = []
  /// When the comparison with this staged set began, in seconds since 1970.
  public var sinceSeconds: Int64 = 0
  /// Why the staging area's newest set is not the one that is compared; empty: it is.
  public var refusal = ""
  /// Requests that were compared, and their checks.
  public var requestCount: UInt64 = 0
  public var checkCount: UInt64 = 0
  /// Checks whose effect differs.
  public var effectChangeCount: UInt64 = 0
  /// Checks with the same effect for another reason.
  public var reasonChangeCount: UInt64 = 0
  /// Requests that were not compared, because too many waited already.
  public var overflowCount: UInt64 = 0
  /// Requests that were not compared, because they take too much memory.
  public var oversizedCount: UInt64 = 0
  /// The most frequent first, in all three lists; where the effect differs before the others.
  public var changes: [Change] = []
  public var principals: [Principal] = []
  public var checks: [ChangedCheck] = []
  /// Differing checks that the lists don't hold, because they are full.
  public var unlistedChangeCount: UInt64 = 0
  public var unlistedPrincipalCount: UInt64 = 0
  public var unlistedCheckCount: UInt64 = 0

  public init() {}

  /// From one reason to another for an action.
  public struct Change: Sendable, Hashable {
    public var action: String
    public var live: Reason
    public var staged: Reason
    public var count: UInt64

    public init(action: String, live: Reason, staged: Reason, count: UInt64) {
      self.action = action
      self.live = live
      self.staged = staged
      self.count = count
    }
  }

  /// For whom the effect differs.
  public struct Principal: Sendable, Hashable {
    public var organization: String
    /// `user:ID`, `service_token:ID` or `personal_token:ID`; of a request's own spelling.
    public var name: String
    public var count: UInt64

    public init(organization: String, name: String, count: UInt64) {
      self.organization = organization
      self.name = name
      self.count = count
    }
  }

  /// A check that the two sets decide otherwise. Of a request at a gateway the resource is method
  /// and path.
  public struct ChangedCheck: Sendable, Equatable {
    public var check: Check
    public var live: Reason
    public var staged: Reason
    public var count: UInt64

    public init(check: Check, live: Reason, staged: Reason, count: UInt64) {
      self.check = check
      self.live = live
      self.staged = staged
      self.count = count
    }
  }

  /// The share in percent, as `--shadow` takes it.
  public var sharePercent: String {
    let whole = sharePerMillion / 10_000
    let rest = sharePerMillion % 10_000
    if rest == 0 { return "\(whole)%" }
    var digits = String(rest + 10_000).dropFirst()
    while digits.last == "0" { digits.removeLast() }
    return "\(whole).\(digits)%"
  }
}

extension ShadowReport {
  /// As `verdict shadow report --json` prints it.
  public var json: JSONValue {
    func count(_ name: String, _ count: UInt64) -> JSONValue.Member {
      .init(name, .number(Int64(clamping: count)))
    }
    var members: [JSONValue.Member] = [
      .init("share", sharePercent), count("live_set", liveSet), count("staged_set", stagedSet),
    ]
    if !refusal.isEmpty { members.append(.init("refusal", refusal)) }
    members += [
      .init("since_seconds", .number(sinceSeconds)), count("requests", requestCount),
      count("checks", checkCount), count("effect_changes", effectChangeCount),
      count("reason_changes", reasonChangeCount), count("overflowed_requests", overflowCount),
      count("oversized_requests", oversizedCount),
      .init(
        "changes",
        .list(
          changes.map { change in
            .object(
              [.init("action", change.action)] + Self.reasons(change.live, change.staged)
                + [count("count", change.count)])
          })), count("unlisted_changes", unlistedChangeCount),
      .init(
        "principals",
        .list(
          principals.map { one in
            .object([
              .init("organization", one.organization), .init("principal", one.name),
              count("count", one.count),
            ])
          })), count("unlisted_principals", unlistedPrincipalCount),
      .init(
        "differences",
        .list(
          checks.map { one in
            .object(
              Self.members(one.check) + Self.reasons(one.live, one.staged)
                + [count("count", one.count)])
          })), count("unlisted_differences", unlistedCheckCount),
    ]
    return .object(members)
  }

  private static func reasons(_ live: Reason, _ staged: Reason) -> [JSONValue.Member] {
    [
      .init("live_effect", live.effect.name), .init("live_reason", live.name),
      .init("staged_effect", staged.effect.name), .init("staged_reason", staged.name),
    ]
  }

  private static func members(_ check: Check) -> [JSONValue.Member] {
    let all: [(String, String?)] = [
      ("organization", check.organization), ("principal", check.principal),
      ("workspace", check.workspace), ("action", check.action), ("resource", check.resource),
      ("target", check.target),
    ]
    return all.compactMap { name, value in value.map { JSONValue.Member(name, $0) } }
  }
}
