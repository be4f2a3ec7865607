internal import VerdictControl
internal import VerdictSettings

/// What the settings mean to whoever follows a control directory.
extension FollowingSettings {
  var freshness: FreshnessLimits {
    FreshnessLimits(
      staleAfterSeconds: staleAfter?.seconds, failClosedAfterSeconds: failClosedAfter?.seconds)
  }

  /// Reads the keys and the sample, so that what is wrong with them is told at once.
  func control() throws(CommandFailure) -> ControlSettings {
    var settings = ControlSettings()
    do throws(ControlError) {
      if !trust.isEmpty { settings.trust = try TrustedKeys(files: trust) }
      settings.ownership = Ownership(owner: controlOwner.map { UInt32($0) })
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
