internal import VerdictModel
internal import VerdictPolicy
internal import VerdictSnapshot

/// What every step of a compilation needs: the document, the byte order of its names, and the
/// numbers of its workspaces.
struct CompileContext {
  let document: PolicyDocument
  let ranks: [UInt32]
  /// Places in `document.workspaces`, in byte order of their ids: the order of their numbers.
  let workspaceOrder: [Int]
  private let workspaceNumbers: [Symbol: Int]

  static let none = UInt32.max

  init(_ document: PolicyDocument) throws(CompileError) {
    self.document = document
    let ranks = ByteOrder.ranks(of: document.symbols)
    self.ranks = ranks
    workspaceOrder = document.workspaces.indices.sorted {
      ranks[Int(document.workspaces[$0].id.symbol.rawValue)]
        < ranks[Int(document.workspaces[$1].id.symbol.rawValue)]
    }
    var numbers: [Symbol: Int] = [:]
    for (number, index) in workspaceOrder.enumerated() {
      numbers[document.workspaces[index].id.symbol] = number
    }
    workspaceNumbers = numbers
    guard workspaceOrder.count <= Limits.workspaceCountMax else {
      throw error(
        "the organization has \(workspaceOrder.count) workspaces and a snapshot holds "
          + "\(Limits.workspaceCountMax); split the organization")
    }
  }

  func rank(_ name: Name) -> UInt32 { ranks[Int(name.symbol.rawValue)] }

  /// - Precondition: a workspace of the document, which checking has made sure of.
  func workspaceNumber(_ symbol: Symbol) -> Int {
    guard let number = workspaceNumbers[symbol] else {
      preconditionFailure("a checked document names only workspaces that it has")
    }
    return number
  }

  func error(_ message: String) -> CompileError {
    CompileError(path: document.path, message: message)
  }

  func writeWorkspaces(to writer: inout SnapshotWriter) {
    var table = KeyTableBuilder()
    for (number, index) in workspaceOrder.enumerated() {
      document.symbols.withBytes(of: document.workspaces[index].id.symbol) {
        table.add(tag: 0, $0, value: UInt32(number))
      }
    }
    writer[.workspaces] = table.build().section
  }
}
