internal import COpenSSL

/// Why certificates can't be used, in words for the operator: place first.
public struct TLSError: Error, Sendable, CustomStringConvertible {
  public let description: String

  init(_ place: String, _ words: String) {
    description = place.isEmpty ? words : "`\(place)`: \(words)"
  }

  /// With OpenSSL's own reason behind the words; empties its queue of errors.
  static func openSSL(_ place: String, _ words: String) -> TLSError {
    let reason = OpenSSLErrors.drain()
    return TLSError(place, reason.isEmpty ? words : "\(words) (\(reason))")
  }
}

/// OpenSSL's queue of errors, one for each thread. It must be empty before an operation on a
/// connection, because it is looked at to tell how the operation went: whoever makes an operation
/// fail empties it.
enum OpenSSLErrors {
  /// The first reason in the queue, which is emptied; empty when there is none.
  static func drain() -> String {
    let code = ERR_get_error()
    ERR_clear_error()
    guard code != 0 else { return "" }
    // SAFETY: a static C string, or null where OpenSSL has no words for the code.
    guard let words = unsafe ERR_reason_error_string(code) else {
      return "OpenSSL error \(code)"
    }
    return unsafe String(cString: words)
  }
}
