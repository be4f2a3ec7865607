/// How a control directory is followed: whom its sets are believed from, what is remembered, what
/// is held back. `FollowingSettings.options` has a row for each field.
public struct FollowingSettings: Sendable, Equatable {
  public var trust: [String] = []
  public var controlOwner: Int?
  public var state: String?
  public var acceptOlder = false
  public var guardChecks: String?
  public var maxNewAllows: Int?
  public var maxNewDenies: Int?
  public var staleAfter: TimeSpan?
  public var failClosedAfter: TimeSpan?
  public var shadow: Share?

  public init() {}

  /// What does not fit together.
  var faults: [String] {
    var faults: [String] = []
    if guardChecks == nil && (maxNewAllows != nil || maxNewDenies != nil) {
      faults.append("--max-new-allows and --max-new-denies go with --guard-checks")
    }
    if guardChecks != nil && maxNewAllows == nil && maxNewDenies == nil {
      faults.append("--guard-checks goes with --max-new-allows or --max-new-denies")
    }
    if let staleAfter, let failClosedAfter, failClosedAfter.seconds < staleAfter.seconds {
      faults.append("--fail-closed-after is less than --stale-after, expected at least as long")
    }
    return faults
  }

  static let options: [SettingsOption<FollowingSettings>] = [
    SettingsOption(
      "trust", "file", list: \.trust,
      """
      Take only sets of policies that this public key has signed. Without any, sets need no \
      signature, and files that others may write are refused.
      """),
    SettingsOption(
      "control-owner", "uid", \.controlOwner,
      "Without --trust: whose files of the control directory are taken, beside root's.",
      default: "this process's user", check: within(0...Int(UInt32.max))),
    SettingsOption(
      "state", "dir", \.state,
      """
      Where the last good set and the highest number are kept, so that a restart with a broken \
      directory serves on and an old set is refused. A directory for this server alone.
      """),
    SettingsOption(
      "accept-older", "", \.acceptOlder,
      "Take the first set even if it is older than what was in force before."),
    SettingsOption(
      "guard-checks", "file", \.guardChecks,
      "A recorded sample of checks, one a line of JSON, for the two options below."),
    SettingsOption(
      "max-new-allows", "n", \.maxNewAllows,
      "Refuse a set that newly allows more than so many of the sample.",
      check: within(0...Int.max)),
    SettingsOption(
      "max-new-denies", "n", \.maxNewDenies,
      "Refuse a set that no longer allows more than so many of the sample.",
      check: within(0...Int.max)),
    SettingsOption(
      "stale-after", "span", \.staleAfter,
      "Say STALE once the set was made so long ago: 90d, 12h, 30m or 45s."),
    SettingsOption(
      "fail-closed-after", "span", \.failClosedAfter,
      "Decide nothing once the set was made so long ago; every check is INDETERMINATE."),
    SettingsOption(
      "shadow", "share", \.shadow,
      """
      Decide this share of the live requests by the staged set too, and count what it would answer \
      otherwise: 1%, 0.01% or 100%. No answer changes; `verdict shadow report` tells.
      """, default: "the staged set is not looked at"),
  ]
}
