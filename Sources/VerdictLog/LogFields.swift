internal import VerdictCrypto
internal import VerdictModel

/// A member of records whose value operators may not want to be there.
public enum LogField: String, Sendable, CaseIterable {
  case organization, principal, workspace, resource, target, caller
}

/// What is done with the values of fields.
public struct LogFields: Sendable {
  enum Treatment: Sendable {
    case plain
    /// `***` in its place.
    case masked
    /// `hmac:` and half of its HMAC with SHA-256 in its place.
    case hashed
  }

  let masked: Set<LogField>
  let hashed: Set<LogField>
  private let key: [UInt8]

  /// All as they are.
  public init() {
    self.init(masked: [], hashed: [], key: [])
  }

  /// - Parameter key: of the hashed ones; of the length that `LogLimits` says where there are any.
  public init(masked: Set<LogField>, hashed: Set<LogField>, key: [UInt8]) {
    precondition(
      hashed.isEmpty || LogLimits.keyByteCountRange.contains(key.count), "a key for hashed fields")
    self.masked = masked
    self.hashed = hashed
    self.key = key
  }

  func treatment(of field: LogField) -> Treatment {
    masked.contains(field) ? .masked : hashed.contains(field) ? .hashed : .plain
  }

  /// The sixteen bytes that stand for a hashed value.
  func digest(of bytes: ByteView) -> [UInt8] {
    Array(KeyedDigest.sha256(of: bytes, key: key).prefix(16))
  }
}
