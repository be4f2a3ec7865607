internal import CVerdictSystem
internal import Glibc

/// What the process was started with.
public enum ProcessEnvironment {
  /// A variable's text; nil where it is not set or empty.
  public static func text(_ name: String) -> String? {
    // SAFETY: nobody changes the environment while the program runs; the text is copied at once.
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }

  /// The process's own number.
  public static var processID: Int32 { getpid() }

  /// All variables, in the order of the environment; bytes that are not UTF-8 are replaced.
  public static var variables: [(name: String, value: String)] {
    var variables: [(name: String, value: String)] = []
    // SAFETY: an array of C strings with null at its end, which nobody in the process changes.
    guard var next = unsafe verdict_environment() else { return [] }
    while let entry = unsafe next.pointee {
      let text = unsafe String(cString: entry)
      unsafe next += 1
      guard let equals = text.firstIndex(of: "=") else { continue }
      variables.append((String(text[..<equals]), String(text[text.index(after: equals)...])))
    }
    return variables
  }
}
