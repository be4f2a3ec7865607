/// The bounds of a control directory. Exceeding one refuses the publish or the set.
public enum ControlLimits {
  /// `index.json`.
  public static let indexByteCountMax = 1 << 20
  /// The index of one set: about 400 bytes an organization.
  public static let setByteCountMax = 16 << 20
  /// The manifest of one organization.
  public static let manifestByteCountMax = 64 << 10
  /// Organizations in one set.
  public static let organizationCountMax = 20_000
  /// One snapshot. It is copied into memory before it is looked into.
  public static let snapshotByteCountMax = 8 << 30
  /// The message of a publish, and its author.
  public static let messageByteCountMax = 4_096
  /// Numbers of sets and generations. Exact in every JSON reader, and never reached by counting:
  /// who publishes a higher one wants that nothing newer can follow.
  public static let setNumberMax: UInt64 = 1 << 53
  /// Sets that stay reachable as `g<N>`; older refs go, their blobs stay until collected.
  public static let historyCount = 50
}
