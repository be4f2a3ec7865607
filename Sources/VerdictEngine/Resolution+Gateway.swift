public import VerdictModel
public import VerdictSnapshot

extension ResolvedPrincipal {
  /// Looks up a principal whose kind and id are known apart.
  public init(kind: PrincipalKind, id: ByteView, in view: SnapshotView) {
    let slot = view.table(.principals).find(tag: kind.rawValue, id)
    self.init(slot.isFound ? .known : Resolution.unfound(id), kind, slot)
  }

  /// The number of the workspace that a token belongs to; nil of users, of an organization's
  /// tokens and of whoever is not known.
  public var ownWorkspace: Int? {
    guard resolution == .known, kind != .user, !isOrganizationToken else { return nil }
    return workspace
  }
}

extension ResolvedOperand {
  /// A resource that is known by its slot of `resources`.
  ///
  /// - Precondition: the slot holds one.
  public init(slot: Int, in view: SnapshotView) {
    let slot = view.table(.resources).slot(slot)
    precondition(slot.isFound, "a resource of the snapshot")
    self.init(.id, .known, type: Int32(slot.tag), slot)
  }

  /// A resource that does not exist yet: rights on all of the type, or on future ones, cover it.
  public init(newOf type: Int) {
    self.init(.id, .unknown, type: Int32(truncatingIfNeeded: type))
  }

  /// Some resource of a type, old or new, and nobody knows which: rights on all of the type cover
  /// it.
  public init(someOf type: Int) {
    self.init(.id, .unknown, type: Int32(truncatingIfNeeded: type), .something)
  }

  /// Its slot of `resources`, where it is known.
  public var knownSlot: Int? { resolution == .known ? slot.number : nil }
}
