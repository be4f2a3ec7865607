/// Why bytes are not a snapshot. The message names the place.
public struct SnapshotError: Error, Equatable, CustomStringConvertible {
  public enum Code: Sendable {
    /// Not a snapshot at all, or cut short.
    case notASnapshot
    /// A format version that this build doesn't read.
    case unknownVersion
    /// The digest in the header is not that of the bytes.
    case wrongDigest
    /// The digest is right and the content is not: made by a faulty or hostile writer.
    case malformed
  }

  public let code: Code
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
