/// Bounds of reading documents and access models, with what happens when one is reached.
enum PolicyLimits {
  /// Errors kept of one document; more are counted. Warnings likewise, uncounted.
  static let diagnosticCountMax = 50

  /// Longest message in characters. The rest of a longer one is cut off.
  static let messageCharacterCountMax = 1_000

  /// Largest file in bytes. A larger one is an error before it is read.
  static let fileByteCountMax = (4 << 30) - 1

  /// Text of all scalars of one document in bytes. More is an error: the symbol table's offsets
  /// have 32 bits.
  static let textByteCountMax = Int(UInt32.max)

  /// Scalars and collections of one document. More are an error: node numbers have 32 bits.
  static let nodeCountMax = Int(Int32.max)

  /// Longest scalar in bytes. A longer one is an error. No key, id or name comes near.
  static let scalarByteCountMax = 64 << 10

  /// Longest name for people in bytes. A longer one is an error.
  static let displayByteCountMax = 1_024

  /// Levels of nesting. A deeper document is an error; a correct one has nine at most.
  static let depthMax = 32
}
