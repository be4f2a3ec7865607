internal import Glibc

/// Who this process is to the kernel.
public enum ProcessIdentity {
  /// The number of the user whose rights count.
  public static var userID: UInt32 { geteuid() }

  /// An environment variable; nil where it is not set or empty.
  public static func environment(_ name: String) -> String? {
    // SAFETY: a C string for the call; the answer is copied at once.
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }
}
