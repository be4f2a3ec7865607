internal import VerdictCrypto
internal import VerdictModel
internal import VerdictSnapshot
internal import VerdictSystem

extension LoadedSet {
  /// The set of snapshots that were compiled in this process. Its number counts the compiles that
  /// changed something, from 1; an organization's generation is the number of the one that changed
  /// it last. If nothing has changed, it is the set before.
  ///
  /// - Parameter previous: the set before; nil for the first.
  /// - Throws: `documents` if two snapshots are for one organization, `snapshot` if one is not
  ///   valid, `system` if there is no memory.
  public init(
    compiled snapshots: [OrganizationSnapshot], after previous: LoadedSet?, createdSeconds: Int64
  ) throws(ControlError) {
    var known: [SHA256Digest: LoadedOrganization] = [:]
    for organization in previous?.organizations ?? [] { known[organization.digest] = organization }
    let number = (previous?.setNumber ?? 0) + 1
    var organizations: [LoadedOrganization] = []
    for snapshot in snapshots {
      let digest = SHA256Digest(ofArray: snapshot.bytes)
      if let same = known[digest] {
        organizations.append(same)
      } else {
        organizations.append(
          try LoadedOrganization(copying: snapshot, digest, generation: number))
      }
    }
    organizations.sort { $0.organization.lexicographicallyPrecedes($1.organization) }
    for (first, second) in zip(organizations, organizations.dropFirst())
    where first.organization == second.organization {
      throw ControlError(
        .documents, "",
        "two documents for organization \(quoted(first.organization.text)); keep one")
    }
    if let previous, previous.organizations.map(\.digest) == organizations.map(\.digest) {
      self = previous
      return
    }
    self.init(
      setNumber: number, createdSeconds: createdSeconds, digest: nil, organizations: organizations)
  }
}

extension LoadedOrganization {
  fileprivate init(
    copying snapshot: OrganizationSnapshot, _ digest: SHA256Digest, generation: UInt64
  ) throws(ControlError) {
    let memory: SealedMemory
    do {
      memory = try SealedMemory(copying: snapshot.bytes, name: "verdict-snapshot")
    } catch {
      throw ControlError(error, "")
    }
    // SAFETY: the loaded organization keeps the memory for as long as the view.
    let view = try SnapshotView.validating(unsafe ByteView(memory.bytes), place: "")
    self.init(
      view: view, memory: memory, generation: generation, digest: digest, origin: nil)
  }
}
