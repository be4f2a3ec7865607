public import VerdictModel

extension ColumnBatch {
  /// The columns that hold something for every check.
  public struct Rows {
    /// One byte a check, or empty: value 0 for all.
    public var actionOf = ByteView()
    public var resourceTypeOf = ByteView()
    public var targetTypeOf = ByteView()
    public var workspaceOf = ByteView()
    /// Ids one after the other and one length byte each, or empty: none for all.
    public var resourceIDs = (data: ByteView(), lengths: ByteView())
    public var targetIDs = (data: ByteView(), lengths: ByteView())
    public var principals = (data: ByteView(), lengths: ByteView())

    public init() {}
  }

  /// How far a batch has come: the next check, and where its ids begin.
  public struct Cursor {
    public internal(set) var row = 0
    var resourceOffset = 0
    var targetOffset = 0
    var principalOffset = 0

    public init() {}
  }
}
