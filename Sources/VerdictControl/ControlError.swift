internal import VerdictSystem

/// Why a control directory was not published to or not loaded. Whatever it says, nothing has
/// changed: the directory serves its old set, and the server what it had loaded.
public struct ControlError: Error, Equatable, Sendable, CustomStringConvertible {
  /// One code for each step that can fail. Logs, metrics and `GetServerInfo` call a failure by the
  /// same name.
  public enum Code: String, Sendable, CaseIterable {
    /// The kernel refused: missing, no permission, disk full.
    case system
    /// Not an OCI image layout.
    case layout
    /// A directory or file that others may write, or that belongs to somebody else.
    case owner
    /// `index.json` is missing or half written; looking again soon may help.
    case unsettled
    /// Nothing is staged.
    case absent
    /// `index.json`, a set or a manifest doesn't say what it must.
    case document
    /// Nobody has signed the set.
    case unsigned
    /// The key that signed the set is not among those that are trusted.
    case untrusted
    /// The signature is not one of this set.
    case signature
    /// Signed for another channel: staged content is not to be served.
    case channel
    /// A key that is limited to some organizations has changed others.
    case scope
    /// Not valid yet.
    case early
    /// Not valid any more.
    case expired
    /// A lower number than what was in force before, or another set with the same number.
    case older
    /// A blob has not the size or the digest that its name and descriptor promise.
    case blob
    /// A snapshot failed validation, or is not the one that its manifest announces.
    case snapshot
    /// The route tables of a set are malformed.
    case routes
    /// A check that the set carries did not come out as it must.
    case checks
    /// More of the recorded checks than allowed would be answered otherwise.
    case `guard`
    /// What was accepted could not be noted in the state directory.
    case state
    /// A limit of `ControlLimits` is exceeded.
    case limit
    /// Another publisher is at work.
    case busy
    /// The directory is pinned to its current set.
    case pinned
    /// Policy documents did not compile.
    case documents
  }

  public let code: Code
  /// The file or directory.
  public let place: String
  /// What is wrong, and what to do about it.
  public let message: String

  public init(_ code: Code, _ place: String, _ message: String) {
    self.code = code
    self.place = place
    self.message = message
  }

  init(_ error: SystemError, _ place: String) {
    self.init(.system, place, "\(error.operation): \(SystemError.text(of: error.number))")
  }

  public var description: String { place.isEmpty ? message : "`\(place)`: \(message)" }
}

/// Foreign text inside a message: in backticks, on one line and of bounded length, whatever it is.
func quoted(_ text: String) -> String {
  var result = "`"
  for scalar in text.unicodeScalars.prefix(120) {
    result +=
      scalar.value < 0x20 || scalar.value == 0x7f ? scalar.escaped(asASCII: true) : "\(scalar)"
  }
  return result + (text.unicodeScalars.count > 120 ? "...`" : "`")
}
