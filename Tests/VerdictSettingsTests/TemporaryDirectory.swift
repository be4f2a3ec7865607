import Glibc
import VerdictSystem

/// A directory of its own, gone with its owner.
final class TemporaryDirectory {
  let path = "/tmp/verdict-settings-\(SystemRandom.word())"

  init() throws { try File.createDirectories(path) }

  deinit {
    for name in (try? File.names(in: path)) ?? [] {
      // SAFETY: a C string for the call alone.
      _ = unsafe unlink("\(path)/\(name)")
    }
    // SAFETY: as above.
    _ = unsafe rmdir(path)
  }
}

/// Where the repository's own files are, seen from this file.
enum Repository {
  static func path(_ relative: String) -> String {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    return parts.dropLast(3).joined(separator: "/") + "/" + relative
  }
}
