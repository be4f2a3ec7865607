internal import Synchronization
internal import VerdictCrypto
internal import VerdictEngine
internal import VerdictSystem

/// What the data plane reads: makes one `SnapshotSet` of each loaded set, publishes its address,
/// and gives the one before and its mappings back once nobody reads them.
///
/// A loop gets the address from `Publication.Reader.enter` and reads it with `SnapshotSet(bits:)`.
public final class Activation: Sendable {
  public let publication: Publication
  /// Held for a whole activation: they come one after the other.
  private let activating = Mutex(())
  private let active = Mutex<LoadedSet?>(nil)
  /// Is told how long publications take.
  private let board: PolicyBoard?
  private let routes: RouteTables

  /// - Parameter routes: compiled route tables for gateways: instead of a set's own, unless they
  ///   yield to those.
  public init(
    publication: Publication, board: PolicyBoard? = nil, routes: RouteTables = .none
  ) {
    self.publication = publication
    self.board = board
    self.routes = routes
  }

  /// The active set; nil before the first. Takes a lock: not for the hot path.
  public var current: LoadedSet? { active.withLock { $0 } }

  /// Makes `set` what requests are answered from. Returns when no request is answered from the set
  /// before, and its memory is given back; for loops that takes about one turn.
  ///
  /// - Parameter isClosed: no check is decided by the set, because it is too old.
  public func activate(_ set: LoadedSet, isClosed: Bool = false) {
    set.warm()
    let table = SnapshotSet(of: set, isClosed: isClosed, routes: tables(for: set))
    replace(by: table.bits, set)
  }

  /// The tables live as long as this or the set, which is kept while it is in force.
  private func tables(for set: LoadedSet) -> RouteTables {
    routes.yieldsToSets ? set.routes ?? routes : routes
  }

  /// The same set as requests would be answered from, for a thread that is no reader of the
  /// publication.
  public func served(_ set: LoadedSet) -> ServedSet { ServedSet(set, routes: tables(for: set)) }

  /// Whether a set has route tables that are not used, because others were given.
  public func passesOver(routesOf set: LoadedSet) -> Bool {
    !routes.yieldsToSets && set.routes != nil
  }

  /// From now on no check is decided by the active set.
  public func close() {
    if let set = current { activate(set, isClosed: true) }
  }

  /// Leaves nothing to answer from, and gives everything back.
  public func deactivate() {
    replace(by: 0, nil)
  }

  private func replace(by bits: UInt, _ set: LoadedSet?) {
    activating.withLock { _ in
      let start = SystemClock.monotonicNanoseconds()
      let old = publication.publish(bits)
      let duration = SystemClock.monotonicNanoseconds() - start
      board?.update { $0.countPublication(duration) }
      // SAFETY: the bits are those of a table that was published here before, and `publish` says
      // that its last reader is gone.
      unsafe SnapshotSet(bits: old)?.free()
      // `active` has kept the mappings of the set before; only now may they go, and outside the
      // lock, because unmapping takes time.
      let before = active.withLock { active in
        defer { active = set }
        return active
      }
      _ = consume before
    }
  }
}
