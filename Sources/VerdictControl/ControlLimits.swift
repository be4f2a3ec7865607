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
  /// One attachment of a set.
  public static let attachmentByteCountMax = 64 << 20
  /// Sets that stay reachable as `g<N>` unless a publish says otherwise; older refs go, their blobs
  /// stay until collected.
  public static let historyCount = 50
  /// As many as a publish may ask for: refs take up to 300 bytes each of `index.json`.
  public static let historyCountMax = 1_000
  /// Checks that a set carries.
  public static let embeddedCheckCountMax = 100_000
  /// A file with a key, and what it is limited to.
  public static let keyByteCountMax = 256 << 10
  /// By how much the clocks of publisher and server may differ before a set counts as not yet, or
  /// no longer, valid.
  public static let clockSkewSeconds: Int64 = 300
  /// A blob that no ref needs stays for so long: a copying tool may be about to refer to it.
  public static let collectionGraceSeconds: Int64 = 3_600
}
