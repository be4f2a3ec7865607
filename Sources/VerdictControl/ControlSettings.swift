/// How a server follows a control directory: whom it believes, what it remembers, what it holds
/// back.
public struct ControlSettings: Sendable {
  /// Keys of which one must have signed each set; nil: sets need no signature.
  public var trust: TrustedKeys?
  /// Whose the files must be where sets need no signature; nil: anybody's.
  public var ownership: Ownership?
  /// Where the last good set and the highest number are kept over restarts; nil: nowhere.
  public var state: StateDirectory?
  /// Take the first set whatever was in force before, and count from there.
  public var acceptsOlder = false
  /// Which ref is followed. What is staged has no last good set and may be of any number.
  public var channel = SetChannel.current
  /// Of the staging area: what is in force, to share with, and to hold keys with a limit to.
  public var live: (@Sendable () -> LoadedSet?)?
  /// nil: sets are not compared with the one in force.
  public var `guard`: SetGuard?

  public init() {}
}
