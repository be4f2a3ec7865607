/// The kinds of principals. The raw value is stored in snapshots.
public enum PrincipalKind: UInt8, Sendable, CaseIterable {
  case user = 0
  case serviceToken = 1
  case personalToken = 2

  /// The prefix that names the kind in checks, colon included.
  public var prefix: String {
    switch self {
    case .user: "user:"
    case .serviceToken: "service_token:"
    case .personalToken: "personal_token:"
    }
  }
}

/// A principal as a check names it: `user:ID`, `service_token:ID` or `personal_token:ID`;
/// without one of these prefixes it is a user (domain.md section 7).
public struct PrincipalName {
  public let kind: PrincipalKind
  /// The id: what follows the prefix.
  public let id: ByteView

  /// Splits `bytes` at the prefix. Total: bytes without a known prefix are a user's id.
  @inlinable
  public init(_ bytes: ByteView) {
    // The first byte tells most ids apart from a prefix; the comparisons are for the rest.
    switch bytes.isEmpty ? 0 : bytes[0] {
    case UInt8(ascii: "u") where PrincipalName.starts(bytes, with: "user:"):
      kind = .user
      id = bytes[5..<bytes.count]
    case UInt8(ascii: "s") where PrincipalName.starts(bytes, with: "service_token:"):
      kind = .serviceToken
      id = bytes[14..<bytes.count]
    case UInt8(ascii: "p") where PrincipalName.starts(bytes, with: "personal_token:"):
      kind = .personalToken
      id = bytes[15..<bytes.count]
    default:
      kind = .user
      id = bytes
    }
  }

  @inlinable
  static func starts(_ bytes: ByteView, with prefix: StaticString) -> Bool {
    guard bytes.count >= prefix.utf8CodeUnitCount else { return false }
    for index in 0..<prefix.utf8CodeUnitCount {
      // SAFETY: a static string's own bytes, below its own count.
      guard unsafe bytes[index] == prefix.utf8Start[index] else { return false }
    }
    return true
  }
}
