internal import Glibc

/// A system call that failed: what was tried, on what, and the kernel's reason.
public struct SystemError: Error, Sendable, CustomStringConvertible {
  /// What was tried, as an operator would say it: `open`, `bind`, `rename`.
  public let operation: String
  /// The path or address that it was tried on; empty when there is none.
  public let subject: String
  /// The kernel's error number, as in `errno(3)`.
  public let number: Int32

  public init(_ operation: String, _ subject: String = "", number: Int32) {
    self.operation = operation
    self.subject = subject
    self.number = number
  }

  /// Place first: `/run/x.sock: bind: Permission denied`.
  public var description: String {
    let place = subject.isEmpty ? "" : "`\(subject)`: "
    return "\(place)\(operation): \(SystemError.text(of: number))"
  }

  /// The C library's words for an error number.
  public static func text(of number: Int32) -> String {
    // SAFETY: strerror answers a valid C string for every number; it is copied at once.
    unsafe String(cString: strerror(number))
  }
}

/// The error numbers that callers tell apart.
public enum Errno {
  public static let interrupted = EINTR
  public static let wouldBlock = EAGAIN
  public static let notFound = ENOENT
  public static let exists = EEXIST
  public static let tooManyDescriptors = EMFILE
  public static let tooManyDescriptorsInSystem = ENFILE
  public static let connectionRefused = ECONNREFUSED
  public static let addressInUse = EADDRINUSE
  public static let timedOut = ETIMEDOUT
  public static let tooBig = EFBIG
  public static let invalid = EINVAL
}

/// Turns the C layer's answer (negated errno) into a result or an error.
@discardableResult
func checked<Number: BinaryInteger>(
  _ result: Number, _ operation: String, _ subject: @autoclosure () -> String = ""
) throws(SystemError) -> Number {
  guard result < 0 else { return result }
  throw SystemError(operation, subject(), number: Int32(0 - Int(result)))
}
