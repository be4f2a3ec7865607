internal import Synchronization

/// What the data plane reads: makes one table of each loaded set, publishes it, and gives the table
/// before and its mappings back once nobody reads them.
///
/// A table is a word (the address of whatever `build` made) that loops get from
/// `Publication.Reader.enter`.
public final class Activation: Sendable {
  public let publication: Publication
  private let build: @Sendable (LoadedSet) -> UInt
  private let free: @Sendable (UInt) -> Void
  /// Held for a whole activation: they come one after the other.
  private let activating = Mutex(())
  private let active = Mutex<LoadedSet?>(nil)

  /// - Parameters:
  ///   - build: makes the table of a set; not 0. The set's mappings stay for as long as the table.
  ///   - free: gives a table of `build` back.
  public init(
    publication: Publication, build: @escaping @Sendable (LoadedSet) -> UInt,
    free: @escaping @Sendable (UInt) -> Void
  ) {
    self.publication = publication
    self.build = build
    self.free = free
  }

  /// The active set; nil before the first. Takes a lock: not for the hot path.
  public var current: LoadedSet? { active.withLock { $0 } }

  /// Makes `set` what requests are answered from. Returns when no request is answered from the set
  /// before, and its memory is given back; for loops that takes about one turn.
  public func activate(_ set: LoadedSet) {
    let bits = build(set)
    precondition(bits != 0, "a table has an address")
    replace(with: bits, set)
  }

  /// Leaves nothing to answer from, and gives everything back.
  public func deactivate() {
    replace(with: 0, nil)
  }

  private func replace(with bits: UInt, _ set: LoadedSet?) {
    activating.withLock { _ in
      let old = publication.publish(bits)
      if old != 0 { free(old) }
      // Only now may the mappings of the set before go: `active` has kept them.
      active.withLock { $0 = set }
    }
  }
}
