internal import ArgumentParser
internal import VerdictControl

/// How `verdict serve` follows a control directory.
struct FollowingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Take only sets that this public key has signed. May be given several times; without it sets \
      need no signature, and files that others may write are refused.
      """, valueName: "file"))
  var trust: [String] = []

  @Option(
    help: ArgumentHelp(
      "Take files of the control directory that belong to this user instead of this process's.",
      valueName: "uid"))
  var controlOwner: UInt32?

  @Option(
    help: ArgumentHelp(
      """
      Where the last good set and the highest number are kept, so that a restart with a broken \
      directory serves on and an old set is refused. A directory for this server alone.
      """, valueName: "dir"))
  var state: String?

  @Flag(help: "Take the first set even if it is older than what was in force before.")
  var acceptOlder = false

  @Option(
    help: ArgumentHelp(
      "A recorded sample of checks, one a line of JSON, for the two flags below.",
      valueName: "file"))
  var guardChecks: String?

  @Option(
    help: ArgumentHelp(
      "Refuse a set that newly allows more than so many of the sample.", valueName: "n"))
  var maxNewAllows: Int?

  @Option(
    help: ArgumentHelp(
      "Refuse a set that no longer allows more than so many of the sample.", valueName: "n"))
  var maxNewDenies: Int?

  @Option(
    help: ArgumentHelp(
      "Say STALE once the set was made so long ago: 90d, 12h, 30m or 45s.", valueName: "span"),
    transform: TimeOption.span)
  var staleAfter: Int64?

  @Option(
    help: ArgumentHelp(
      "Decide nothing once the set was made so long ago; every check is INDETERMINATE.",
      valueName: "span"),
    transform: TimeOption.span)
  var failClosedAfter: Int64?

  func validate() throws {
    if state?.isEmpty == true { throw ValidationError("--state needs the name of a directory.") }
    let bounds = [("--max-new-allows", maxNewAllows), ("--max-new-denies", maxNewDenies)]
    for (name, value) in bounds {
      guard let value else { continue }
      if value < 0 { throw ValidationError("\(name) is a number from 0 on.") }
      if guardChecks == nil { throw ValidationError("\(name) goes with --guard-checks.") }
    }
    if guardChecks != nil && maxNewAllows == nil && maxNewDenies == nil {
      throw ValidationError("--guard-checks goes with --max-new-allows or --max-new-denies.")
    }
    if let staleAfter, let failClosedAfter, failClosedAfter < staleAfter {
      throw ValidationError("--fail-closed-after is not less than --stale-after.")
    }
  }

  /// Whether anything of it was asked for; it means nothing without a control directory.
  var isGiven: Bool {
    !trust.isEmpty || controlOwner != nil || state != nil || acceptOlder || guardChecks != nil
      || staleAfter != nil || failClosedAfter != nil
  }

  var freshness: FreshnessLimits {
    FreshnessLimits(staleAfterSeconds: staleAfter, failClosedAfterSeconds: failClosedAfter)
  }

  /// Reads the keys and the sample, so that what is wrong with them is told at once.
  func settings() throws(CommandFailure) -> ControlSettings {
    var settings = ControlSettings()
    do throws(ControlError) {
      if !trust.isEmpty { settings.trust = try TrustedKeys(files: trust) }
      settings.ownership = Ownership(owner: controlOwner)
      settings.state = state.map { StateDirectory(path: $0) }
      settings.acceptsOlder = acceptOlder
      if let guardChecks {
        let guarding = SetGuard(
          samplePath: guardChecks, newAllowCountMax: maxNewAllows, newDenyCountMax: maxNewDenies)
        _ = try guarding.sample()
        settings.guard = guarding
      }
    } catch {
      throw error.failure
    }
    return settings
  }
}
