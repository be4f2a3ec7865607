internal import VerdictCrypto
public import VerdictEngine

/// A loaded set as the data plane reads it, alive as long as anybody refers to this: for what is no
/// hot path.
public final class ServedSet: @unchecked Sendable {
  // `@unchecked`: the table is written once, and freed with the last reference.
  public let set: LoadedSet
  /// Valid as long as this is.
  public let table: SnapshotSet
  private let routes: RouteTables

  init(_ set: LoadedSet, routes: RouteTables) {
    self.set = set
    self.routes = routes
    table = SnapshotSet(of: set, isClosed: false, routes: routes)
  }

  deinit {
    // SAFETY: nobody has a reference, and the table was handed to nobody without one.
    unsafe table.free()
  }
}

extension SnapshotSet {
  /// The table of a loaded set, which has to outlive it with the routes.
  init(of set: LoadedSet, isClosed: Bool, routes: RouteTables) {
    self.init(
      number: set.setNumber, isClosed: isClosed,
      set.organizations.map { organization in
        Organization(
          view: organization.view, digest: organization.digest.bytes,
          generation: organization.generation, createdSeconds: set.createdSeconds)
      }, routes: routes.bytes)
  }
}
