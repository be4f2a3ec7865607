public import VerdictModel

/// What gateways look up beside decisions.
extension SnapshotView {
  /// Whose secret has a SHA-256: a slot of `principals`, and when it expires in seconds since 1970
  /// (`Int64.max`: never).
  public func secretHolder(digest: ByteView) -> (slot: Int, expiresAtSeconds: Int64)? {
    let found = table(.secrets).find(tag: 0, digest)
    guard found.isFound else { return nil }
    let index = Int(found.value)
    return (
      Int(load32(.secretHolders, index)), Int64(bitPattern: load64(.secretHolders, index, 8))
    )
  }

  /// Both ends of a connection, slots of `resources`.
  public func connection(_ id: ByteView) -> (source: Int, destination: Int)? {
    let found = table(.connections).find(tag: 0, id)
    guard found.isFound else { return nil }
    let word = load64(.connectionEnds, Int(found.value))
    return (Int(word & 0xffff_ffff), Int(word >> 32))
  }

  /// The workspace of a slot of `resources` that holds one.
  public func workspace(ofResource slot: Int) -> Int { Int(table(.resources).slot(slot).extra) }

  /// Places in `resourceOrder` of all resources of a type in a workspace.
  public func resources(ofType type: Int, in workspace: Int) -> Range<Int> {
    let group = workspace &* typeCount &+ type
    return Int(load32(.resourceStarts, group))..<Int(load32(.resourceStarts, group &+ 1))
  }

  /// The slot of `resources` at a place in `resourceOrder`.
  public func resource(at place: Int) -> Int { Int(load32(.resourceOrder, place)) }

  /// Whether a resource has a link to another, by any relation. Complexity: linear in its links.
  public func isLinked(_ slot: Int, to other: Int) -> Bool {
    for index in links(table(.resources).slot(slot).value) where link(index).slot == other {
      return true
    }
    return false
  }
}
