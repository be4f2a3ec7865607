import VerdictSystem

/// The conformance corpus: every `*.yaml` file of a directory, read in byte order of the names.
/// Documents that several scenarios share are in `worlds/` below it.
public enum ScenarioCorpus {
  /// Longest scenario or world in bytes. A longer file is an error.
  private static let fileByteCountMax = 1 << 20

  public static func load(directory: String) throws -> [Scenario] {
    let names = try File.names(in: directory).filter { $0.hasSuffix(".yaml") }
    return try names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { name in
      let path = "\(directory)/\(name)"
      let text = try File.read(path, byteCountMax: fileByteCountMax)
      return try Scenario(path: name, text: text) { world in
        try File.read("\(directory)/\(world)", byteCountMax: fileByteCountMax)
      }
    }
  }
}
