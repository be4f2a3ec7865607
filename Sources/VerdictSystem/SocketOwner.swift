internal import Glibc

/// Who a Unix socket's name belongs to.
public struct SocketOwner: Sendable, Equatable {
  /// nil: left as it is.
  public let user: UInt32?
  public let group: UInt32?

  /// Why a text is no owner, in words for the person who typed it.
  public struct ParseError: Error, Sendable, CustomStringConvertible {
    public let description: String
  }

  /// Reads `USER`, `USER:GROUP` or `:GROUP`, each a name of this machine or a number.
  public init(parsing text: String) throws(ParseError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let names = parts.map(String.init)
    user = names[0].isEmpty ? nil : UInt32(names[0]) ?? SocketOwner.userNumber(names[0])
    group =
      names.count < 2 || names[1].isEmpty
      ? nil : UInt32(names[1]) ?? SocketOwner.groupNumber(names[1])
    if !names[0].isEmpty && user == nil {
      throw ParseError(description: "`\(text)`: no user `\(names[0])` on this machine")
    }
    if names.count == 2 && !names[1].isEmpty && group == nil {
      throw ParseError(description: "`\(text)`: no group `\(names[1])` on this machine")
    }
    if user == nil && group == nil {
      throw ParseError(description: "`\(text)`: expected USER, USER:GROUP or :GROUP")
    }
  }

  private static func userNumber(_ name: String) -> UInt32? {
    // SAFETY: the record is looked at before anybody asks again; arguments are read by one thread.
    unsafe getpwnam(name)?.pointee.pw_uid
  }

  private static func groupNumber(_ name: String) -> UInt32? {
    // SAFETY: as above.
    unsafe getgrnam(name)?.pointee.gr_gid
  }

  func own(_ path: String) throws(SystemError) {
    // SAFETY: a C string for the call alone. The greatest number means: as it is.
    let result = unsafe chown(path, user ?? .max, group ?? .max)
    try checked(result < 0 ? -errno : result, "chown", path)
  }
}
