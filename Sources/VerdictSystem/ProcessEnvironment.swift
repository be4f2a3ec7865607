internal import CVerdictSystem

/// The environment variables of the process.
public enum ProcessEnvironment {
  /// All of them, in the order of the environment; bytes that are not UTF-8 are replaced.
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
