internal import VerdictModel

/// A text of settings, as YAML or JSON: its leaves with the keys that lead to each, in the order of
/// the text. Read as strictly as a policy document is: nothing twice, no null, no aliases.
public struct KeyedText: Sendable {
  /// A value, or a list of values.
  public struct Leaf: Sendable, Equatable {
    /// From the outermost key to the one that the value belongs to.
    public let keys: [String]
    public let texts: [String]
    public let isList: Bool
    /// Of the innermost key.
    public let mark: Mark

    public init(keys: [String], texts: [String], isList: Bool, mark: Mark) {
      self.keys = keys
      self.texts = texts
      self.isList = isList
      self.mark = mark
    }
  }

  public let path: String
  public private(set) var leaves: [Leaf] = []

  /// Reads a file; JSON if its name ends in `.json`, otherwise YAML.
  ///
  /// - Throws: a file that can't be read, or every place where it is not such a text.
  public init(readingFile path: String) throws(PolicyError) {
    try self.init(try Files.read(path), path: path)
  }

  /// The same for bytes that are there already.
  public init(_ bytes: [UInt8], path: String) throws(PolicyError) {
    self.path = path
    var reading = try KeyedText.parse(bytes, path)
    if reading.isMapping(0, "the file") { collect(0, [], &reading) }
    try reading.diagnostics.check()
  }

  private static func parse(_ bytes: [UInt8], _ path: String) throws(PolicyError) -> Reading {
    let result: Result<Reading, PolicyError> = bytes.withByteView { view in
      do throws(PolicyError) {
        return .success(try Reading.parse(view, path: path))
      } catch { return .failure(error) }
    }
    return try result.get()
  }

  private mutating func collect(_ mapping: Int, _ keys: [String], _ reading: inout Reading) {
    for (key, value) in reading.tree.entries(mapping) where reading.tree.isText(key) {
      let inner = keys + [reading.tree.text(key)]
      switch reading.tree.kind(value) {
      case .mapping:
        collect(value, inner, &reading)
      case .sequence:
        let texts = reading.tree.elements(value).compactMap { reading.text($0, "a value") }
        append(inner, texts, isList: true, reading.tree.mark(key))
      case .scalar, .text:
        append(inner, [reading.tree.text(value)], isList: false, reading.tree.mark(key))
      case .refused:
        continue
      }
    }
  }

  private mutating func append(_ keys: [String], _ texts: [String], isList: Bool, _ mark: Mark) {
    leaves.append(Leaf(keys: keys, texts: texts, isList: isList, mark: mark))
  }
}
