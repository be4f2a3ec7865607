internal import VerdictModel
internal import VerdictSnapshot

/// The classes of users with several workspaces, equal ones once.
struct AccessLists {
  /// What becomes section `accessLists`.
  private(set) var words: [UInt32] = []
  private var seen: SymbolTable
  private var values: [(value: UInt32, extra: UInt16)] = []
  /// Reused from user to user.
  private var key: [UInt32] = []
  private var table: [UInt32] = []

  /// - Parameter userCountMax: at most so many lists are expected; for speed alone.
  init(userCountMax: Int) {
    seen = SymbolTable(minimumCapacity: userCountMax)
    words.reserveCapacity(userCountMax * 8)
  }

  /// Value and extra of the slot of a user with these classes, which ascend.
  mutating func add(
    _ classes: [(workspace: UInt32, number: UInt32)]
  ) -> (value: UInt32, extra: UInt16) {
    // A class tells its workspace.
    key.removeAll(keepingCapacity: true)
    for item in classes { key.append(item.number) }
    let list = Int(key.withBytesOfWords { seen.intern($0) }.rawValue)
    if list == values.count { values.append(append(classes)) }
    return values[list]
  }

  private mutating func append(
    _ classes: [(workspace: UInt32, number: UInt32)]
  ) -> (value: UInt32, extra: UInt16) {
    guard let extra = AccessList.makeTable(classes, &table) else {
      let value = PrincipalValue.classList << PrincipalValue.formShift | UInt32(words.count)
      words.append(UInt32(classes.count))
      for item in classes { words.append(item.number) }
      return (value, 0)
    }
    while words.count % AccessList.alignment(wordCount: table.count) != 0 {
      words.append(AccessList.nothing)
    }
    let value = PrincipalValue.classTable << PrincipalValue.formShift | UInt32(words.count)
    words.append(contentsOf: table)
    return (value, extra)
  }
}
