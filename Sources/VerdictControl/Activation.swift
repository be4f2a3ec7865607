internal import Synchronization
internal import VerdictCrypto
internal import VerdictEngine

/// What the data plane reads: makes one `SnapshotSet` of each loaded set, publishes its address,
/// and gives the one before and its mappings back once nobody reads them.
///
/// A loop gets the address from `Publication.Reader.enter` and reads it with `SnapshotSet(bits:)`.
public final class Activation: Sendable {
  public let publication: Publication
  /// Held for a whole activation: they come one after the other.
  private let activating = Mutex(())
  private let active = Mutex<LoadedSet?>(nil)
  private let routes: RouteTables

  /// - Parameter routes: compiled route tables for gateways, validated, instead of a set's own.
  public init(publication: Publication, routes: RouteTables = .none) {
    self.publication = publication
    self.routes = routes
  }

  /// The active set; nil before the first. Takes a lock: not for the hot path.
  public var current: LoadedSet? { active.withLock { $0 } }

  /// Makes `set` what requests are answered from. Returns when no request is answered from the set
  /// before, and its memory is given back; for loops that takes about one turn.
  public func activate(_ set: LoadedSet) {
    set.warm()
    let table = SnapshotSet(
      number: set.setNumber,
      set.organizations.map { organization in
        SnapshotSet.Organization(
          view: organization.view, digest: organization.digest.bytes,
          generation: organization.generation, createdSeconds: set.createdSeconds)
      }, routes: routes.bytes)
    replace(by: table.bits, set)
  }

  /// Leaves nothing to answer from, and gives everything back.
  public func deactivate() {
    replace(by: 0, nil)
  }

  private func replace(by bits: UInt, _ set: LoadedSet?) {
    activating.withLock { _ in
      let old = publication.publish(bits)
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
