public import VerdictModel

/// A policy of the provenance sections.
public struct PolicyRecord {
  public let kind: PolicyKind
  public let workspace: Int
  /// Number of the group or of the role; 0 for other kinds.
  public let name: Int
  /// Places in `policyGrants`.
  public let grants: Range<Int>
}

/// A role of the access model.
public struct RoleRecord {
  public let name: ByteView
  public let display: ByteView
  public let flags: UInt16
  /// Places in `roleGrants`.
  public let grants: Range<Int>

  public func has(_ flag: UInt16) -> Bool { flags & flag != 0 }
  /// The type whose resources an assignment may list, or nil.
  public var scopeType: Int? { has(RoleFlag.scoped) ? Int(flags >> 8) : nil }
}

/// Where rights come from. Nothing here is on the way of a decision.
extension SnapshotView {
  func provenanceText(_ kind: SectionKind, _ index: Int, _ field: Int = 0) -> ByteView {
    let reference = load64(kind, index, field)
    let start = Int(reference & 0xffff_ffff)
    return section(.provenanceTexts)[start..<start + Int(reference >> 32)]
  }

  /// The digest of the content, from the header: equal content, equal digest.
  public var contentDigest: ByteView { bytes[8..<SnapshotFormat.digestedOffset] }

  /// Length of what decisions need: everything before the sections about where rights come from.
  public var decisionByteCount: Int { offset(of: .provenanceTexts) }

  // MARK: Policies

  public var policyCount: Int { count(of: .policies) }
  public var workspaceCount: Int { count(of: .classStarts) - 1 }

  /// - Precondition: the kind is known, which validation has checked.
  public func policy(_ index: Int) -> PolicyRecord {
    let head = load64(.policies, index)
    let first = Int(load32(.policies, index, 8))
    guard let kind = PolicyKind(rawValue: UInt8(truncatingIfNeeded: head)) else {
      preconditionFailure("a validated snapshot has known kinds of policies")
    }
    return PolicyRecord(
      kind: kind, workspace: Int((head >> 16) & 0xffff), name: Int(head >> 32),
      grants: first..<first + Int(load32(.policies, index, 12)))
  }

  /// A grant of a policy: its cell and the word as in a class.
  public func policyGrant(_ index: Int) -> (cell: Int, word: UInt32) {
    let grant = load64(.policyGrants, index)
    return (Int(grant & 0xffff_ffff), UInt32(grant >> 32))
  }

  /// Whether a scope that a policy grant's word refers to has an ordinal.
  ///
  /// - Precondition: `word` is of kind 2 or 3.
  public func policyScope(_ word: UInt32, contains ordinal: UInt32) -> Bool {
    scope(word, in: .policyScopes, contains: ordinal)
  }

  private func scope(_ word: UInt32, in kind: SectionKind, contains ordinal: UInt32) -> Bool {
    let start = Int(word >> 2)
    let head = load32(kind, start)
    let count = Int(head & 0x7fff_ffff)
    if head & 0x8000_0000 != 0 {
      let place = Int(ordinal >> 5)
      return place < count && load32(kind, start + 2 + place) & (1 << (ordinal & 31)) != 0
    }
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if load32(kind, start + 2 + middle) < ordinal { low = middle + 1 } else { high = middle }
    }
    return low < count && load32(kind, start + 2 + low) == ordinal
  }

  /// The ordinals of a policy grant's scope, ascending. Linear in them.
  ///
  /// - Precondition: `word` is of kind 2 or 3.
  public func policyScopeOrdinals(_ word: UInt32) -> [UInt32] {
    let start = Int(word >> 2)
    let head = load32(.policyScopes, start)
    let count = Int(head & 0x7fff_ffff)
    guard head & 0x8000_0000 != 0 else {
      return (0..<count).map { load32(.policyScopes, start + 2 + $0) }
    }
    var ordinals: [UInt32] = []
    for place in 0..<count {
      var bits = load32(.policyScopes, start + 2 + place)
      while bits != 0 {
        ordinals.append(UInt32(place) << 5 | UInt32(bits.trailingZeroBitCount))
        bits &= bits - 1
      }
    }
    return ordinals
  }

  // MARK: Mixes

  /// What contributes to a class of a principal beside the baseline.
  public func mix(principalSlot: Int, class index: Int) -> (isDirect: Bool, policies: [Int]) {
    var low = 0
    var high = count(of: .ownMixes)
    let wanted = (principalSlot, index)
    while low < high {
      let middle = (low + high) / 2
      if ownMixKey(middle) < wanted { low = middle + 1 } else { high = middle }
    }
    let isOwn = low < count(of: .ownMixes) && ownMixKey(low) == wanted
    let place = Int(isOwn ? load32(.ownMixes, low, 8) : load32(.classMixes, index))
    let head = load32(.mixes, place)
    let count = Int(head & ~MixHead.direct)
    return (
      head & MixHead.direct != 0, (0..<count).map { Int(load32(.mixes, place + 1 + $0)) }
    )
  }

  func ownMixKey(_ index: Int) -> (Int, Int) {
    (Int(load32(.ownMixes, index)), Int(load32(.ownMixes, index, 4)))
  }

  /// The slot of a personal token's user, or -1: no such token.
  public func user(ofToken slot: Int) -> Int {
    var low = 0
    var high = count(of: .tokenUsers)
    while low < high {
      let middle = (low + high) / 2
      if Int(load32(.tokenUsers, middle)) < slot { low = middle + 1 } else { high = middle }
    }
    guard low < count(of: .tokenUsers), Int(load32(.tokenUsers, low)) == slot else { return -1 }
    return Int(load32(.tokenUsers, low, 4))
  }

  // MARK: Names

  public func groupName(_ group: Int) -> ByteView { provenanceText(.groupNames, group) }
  public var roleCount: Int { count(of: .roles) }

  public func role(_ index: Int) -> RoleRecord {
    let first = Int(load32(.roles, index, 16))
    let word = load32(.roles, index, 20)
    return RoleRecord(
      name: provenanceText(.roles, index), display: provenanceText(.roles, index, 8),
      flags: UInt16(word >> 16), grants: first..<first + Int(word & 0xffff))
  }

  /// A grant of a role: its cell and flags, see `RoleGrantFlag`.
  public func roleGrant(_ index: Int) -> (cell: Int, flags: UInt16) {
    let word = load32(.roleGrants, index)
    return (Int(word & 0xffff), UInt16(word >> 16))
  }

  /// Permission, type (nil for a switch) and flags (`GrantableFlag`) of a cell.
  public func grantable(cell: Int) -> (permission: Int, type: Int?, flags: UInt8) {
    let word = load32(.grantables, cell)
    let type = Int((word >> 8) & 0xff)
    return (Int(word & 0xff), type == 0xff ? nil : type, UInt8((word >> 16) & 0xff))
  }

  public func actionDisplay(_ action: Int) -> ByteView { text(.actions, action, 8) }

  // MARK: Orders to list by

  public var principalCount: Int { count(of: .principalOrder) }

  /// The slot of the principal at a place of the order by kind and id.
  public func principalSlot(at place: Int) -> Int { Int(load32(.principalOrder, place)) }

  /// Places in `resourceOrder` of a workspace's resources of a type; they are in byte order of the
  /// ids, and the distance from the first is the ordinal.
  public func resources(workspace: Int, type: Int) -> Range<Int> {
    let index = workspace * typeCount + type
    return Int(load32(.resourceStarts, index))..<Int(load32(.resourceStarts, index + 1))
  }

  /// The slot of the resource at a place of `resourceOrder`.
  public func resourceSlot(at place: Int) -> Int { Int(load32(.resourceOrder, place)) }

  /// The id of a workspace. Complexity: linear in the workspaces.
  public func workspaceID(_ number: Int) -> ByteView {
    let table = table(.workspaces)
    for slot in 0..<table.slotCount
    where table.slot(slot).isFound && Int(table.slot(slot).value) == number {
      return table.key(slot: slot)
    }
    preconditionFailure("every number of a workspace has a name")
  }
}
