/// What a check came to. The raw value is the wire value of `verdict.v1.Effect`.
///
/// Zero is never a decision: a byte that nobody wrote must not read as an allow.
public enum Effect: UInt8, Sendable, CaseIterable {
  case allow = 1
  case deny = 2
  case indeterminate = 3

  /// The spelling used in JSON and on the command line.
  public var name: String {
    switch self {
    case .allow: "allow"
    case .deny: "deny"
    case .indeterminate: "indeterminate"
    }
  }
}
