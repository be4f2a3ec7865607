/// The snapshot file, format version 1: one organization's policies, compiled for reading.
///
/// Little-endian, fixed width. Nothing in it depends on when, where or by whom it was made.
///
/// | Offset | Bytes | Header field |
/// |---|---|---|
/// | 0 | 8 | magic `VERDICT\n` |
/// | 8 | 32 | SHA-256 of everything from offset 40 to the end |
/// | 40 | 4 | format version |
/// | 44 | 4 | number of sections |
/// | 48 | 8 | length of the file in bytes |
/// | 56 | 4 | flags, see `SnapshotFlag` |
/// | 60 | 4 | number of cells |
/// | 64 | 64 | zero |
/// | 128 | 24 each | section table: kind, record count (4 each), offset, byte count (8 each) |
///
/// Sections stand in the order of `SectionKind`, each at a multiple of 64 bytes.
///
/// **Cells.** Each (permission, type) that can be granted and each switch has a number, its cell.
/// A *class* is what some principals may do in one workspace: one word of flags and one word per
/// cell. Principals with equal rights share a class; the classes of a workspace are neighbours.
///
/// | Cell word | Meaning |
/// |---|---|
/// | 0 | not granted |
/// | 1 | `all` |
/// | 5 | everything: in every cell of a class that administers its workspace |
/// | offset << 2 + 2 | the resources of the scope at that word of `scopes` |
/// | offset << 2 + 3 | these, and whatever the snapshot does not know |
///
/// **Scopes** hold ordinals: a resource's place among those of its type in its workspace, by id.
/// First word: count, with the top bit for a bitset; second word: zero. Then so many ordinals,
/// ascending, or so many words of bits from ordinal 0 on: the place of a bit depends on nothing
/// that the scope says, so that head and bit are loaded at once.
///
/// **Rules** say at once what the commonest checks need: where an action on a resource of a type
/// requires one term on it and nothing else can decide, the term's column of a class (its cell plus
/// one) and its permission; the terms say the same. Column 0: the long way.
///
/// **Values in key tables**, see `PrincipalValue` and `ResourceValue`.
public enum SnapshotFormat {
  /// `VERDICT` and a line feed, little-endian.
  @inlinable public static var magic: UInt64 { 0x0a54_4349_4452_4556 }
  @inlinable public static var version: UInt32 { 1 }
  @inlinable public static var headerByteCount: Int { 128 }
  @inlinable public static var sectionEntryByteCount: Int { 24 }
  @inlinable public static var sectionAlignment: Int { 64 }
  /// Where the digested part begins.
  @inlinable public static var digestedOffset: Int { 40 }
  /// Marks "none" in tables of 16-bit numbers.
  @inlinable public static var none16: UInt16 { .max }
  /// Largest file that is accepted, in bytes.
  @inlinable public static var byteCountMax: Int { 1 << 36 }
}

/// What each section holds; the raw value is the kind in the section table and its place there.
public enum SectionKind: UInt32, CaseIterable, Sendable {
  /// UTF-8 of the model's and the organization's names, referred to by (offset, count).
  case texts = 0
  /// Text references, 8 bytes each: model id, organization id, plan name.
  case identity
  /// 24 bytes each: name, display, plural.
  case types
  /// 24 bytes each: name, display, kind (4), zero (4).
  case permissions
  /// 16 bits each, permission by (types + 1): the cell or none. The last column is for switches.
  case cells
  /// 24 bytes each: name, display, flags (2), self operand (1), who (1), zero (4).
  case actions
  /// 8 bytes each, action by (types + 1), the last column for no resource: the case or none (2),
  /// column of the only term or 0 (2), its permission (1), zero (3).
  case rules
  /// 24 bytes each: target, relation or 255, number of linked terms, number of alternatives (1
  /// each), first linked term (4), first alternative (4), zero (4), target types (8).
  case cases
  /// 8 bytes each: first term, number of terms.
  case alternatives
  /// 4 bytes each: permission, operand, relation, zero.
  case terms
  /// 16 bytes each: name, from, to, single, through connections, zero (4).
  case relations
  /// Key table of the model's names: tag 0 an action, tag 1 a type; the value is its number.
  case names
  /// Key table: the value is the workspace's number.
  case workspaces
  /// 4 bytes each, workspaces + 1: the first class of each workspace.
  case classStarts
  /// 4 bytes each, classes by (cells + 1).
  case classes
  /// 4 bytes each.
  case scopes
  /// Key table: tag the kind, value and extra see `PrincipalValue`.
  case principals
  /// 4 bytes each: the classes of users with several workspaces, see `AccessList`.
  case accessLists
  /// Key table: tag the type, extra the workspace, value see `ResourceValue`.
  case resources
  /// 12 bytes each: ordinal, first link, number of links.
  case linkedResources
  /// 8 bytes each: relation, slot in `resources`; by relation, then byte order of the ids.
  case links
  /// Key table: the value is a place in `connectionEnds`.
  case connections
  /// 8 bytes each: slots in `resources` of source and destination.
  case connectionEnds
  /// Key table of SHA-256 digests: the value is a place in `secretHolders`.
  case secrets
  /// 16 bytes each: slot in `principals`, zero (4), expiry in seconds since 1970 or Int64.max.
  case secretHolders
  /// 12 bytes each, by slot: slot in `resources`, offset and count in `displayTexts`.
  case displayNames
  /// UTF-8.
  case displayTexts

  // Where rights come from, and orders to list by: nothing below is read by a decision.

  /// UTF-8 of the names of groups and roles.
  case provenanceTexts
  /// Text references, 8 bytes each: the groups' ids in byte order.
  case groupNames
  /// 24 bytes each: name, display, first grant (4), number of grants (2), flags (2).
  case roles
  /// 4 bytes each: cell (2), flags (2), see `RoleGrantFlag`.
  case roleGrants
  /// 4 bytes each, by cell: permission, type or 255, flags (`GrantableFlag`), zero.
  case grantables
  /// 16 bytes each: kind (`PolicyKind`), zero, workspace (2), number of the group or role (4),
  /// first grant (4), number of grants (4). The first ones are the workspaces' baselines.
  case policies
  /// 8 bytes each: cell (4), word as in a class (4), its scope in `policyScopes`; by cell.
  case policyGrants
  /// 4 bytes each, as `scopes`.
  case policyScopes
  /// 4 bytes each. A mix is what contributes beside the baseline: a count, with the top bit for
  /// direct access, and that many policies.
  case mixes
  /// 4 bytes each, by class: the mix that most of those with this class have.
  case classMixes
  /// 12 bytes each: slot in `principals`, class, mix; the principals whose class has another mix.
  case ownMixes
  /// 8 bytes each: slots in `principals` of a personal token and of its user; by the first.
  case tokenUsers
  /// 4 bytes each: all slots of `principals`, by kind and byte order.
  case principalOrder
  /// 4 bytes each, workspaces by types, plus 1: the first place in `resourceOrder`.
  case resourceStarts
  /// 4 bytes each: all slots of `resources`, by workspace, type and ordinal.
  case resourceOrder

  /// Bytes of one record; key tables and texts count bytes.
  @inlinable @inline(__always)
  public var stride: Int {
    switch self {
    case .texts, .displayTexts, .provenanceTexts: 1
    case .names, .workspaces, .principals, .resources, .connections, .secrets: 1
    case .identity, .rules, .alternatives, .links, .connectionEnds: 8
    case .groupNames, .policyGrants, .tokenUsers: 8
    case .types, .permissions, .actions, .cases, .roles: 24
    case .cells: 2
    case .terms, .classStarts, .classes, .scopes, .accessLists: 4
    case .roleGrants, .grantables, .policyScopes, .mixes, .classMixes: 4
    case .principalOrder, .resourceStarts, .resourceOrder: 4
    case .relations, .secretHolders, .policies: 16
    case .linkedResources, .displayNames, .ownMixes: 12
    }
  }
}

/// Bits of the header's flags.
public enum SnapshotFlag {
  /// `unknown_resources: deny`.
  @inlinable public static var denyUnknownResources: UInt32 { 1 }
  /// The plan has no configurable PII: everyone with access sees it.
  @inlinable public static var piiOpen: UInt32 { 2 }
  @inlinable public static var known: UInt32 { 3 }
}

/// Bits of an action record's flags.
public enum ActionFlag {
  @inlinable public static var organization: UInt16 { 1 }
  @inlinable public static var symmetric: UInt16 { 2 }
  @inlinable public static var adminOnly: UInt16 { 4 }
  @inlinable public static var reads: UInt16 { 8 }
  @inlinable public static var pii: UInt16 { 16 }
  @inlinable public static var planLimited: UInt16 { 32 }
  @inlinable public static var organizationTokens: UInt16 { 64 }
  @inlinable public static var targetsUser: UInt16 { 128 }
  /// Every case needs a target.
  @inlinable public static var requiresTarget: UInt16 { 256 }
  /// Some case takes a target.
  @inlinable public static var takesTarget: UInt16 { 512 }
  @inlinable public static var known: UInt16 { 1023 }
}

/// Bits of a class's first word.
public enum ClassFlag {
  /// Everything in the workspace, as its administrator.
  @inlinable public static var administers: UInt32 { 1 }
}

/// Words of a cell that are no scope's place.
public enum CellWord {
  @inlinable public static var nothing: UInt32 { 0 }
  @inlinable public static var all: UInt32 { 1 }
  @inlinable public static var administers: UInt32 { 5 }
}

/// Operands of a term record.
public enum TermOperand {
  @inlinable public static var selfResource: UInt8 { 0 }
  @inlinable public static var target: UInt8 { 1 }
  @inlinable public static var every: UInt8 { 2 }
  @inlinable public static var any: UInt8 { 3 }
  @inlinable public static var parent: UInt8 { 4 }
  @inlinable public static var none: UInt8 { 5 }
}

/// What a principal's slot says: the value's top two bits are the form, the next three depend on
/// the kind, and the rest is a number. The slot's extra is the workspace of a token, and of a user
/// with one class; of a user with a table it is that table's hash, see `AccessList`.
///
/// | Bits | Users | Service tokens | Personal tokens |
/// |---|---|---|---|
/// | 31-30 | 0 no access, 1 a class, 2 a table, 3 a list | 0 organization, 1 a class | 0 no access, 1 a class |
/// | 29-28 | 0 member, 1 admin, 2 owner | 0 | scope: 0 read_only, 1 read_write, 2 admin |
/// | 27 | 0 | 0 | 1: the user is an admin or the owner |
/// | 26-0 | class, or place in `accessLists` | class | class |
public enum PrincipalValue {
  @inlinable public static var formShift: UInt32 { 30 }
  @inlinable public static var noAccess: UInt32 { 0 }
  @inlinable public static var oneClass: UInt32 { 1 }
  @inlinable public static var classTable: UInt32 { 2 }
  @inlinable public static var classList: UInt32 { 3 }
  @inlinable public static var rankShift: UInt32 { 28 }
  @inlinable public static var member: UInt32 { 0 }
  @inlinable public static var admin: UInt32 { 1 }
  @inlinable public static var owner: UInt32 { 2 }
  @inlinable public static var adminUser: UInt32 { 1 << 27 }
  @inlinable public static var numberMax: UInt32 { (1 << 27) - 1 }
}

extension KeySlot {
  /// Of a principal's slot what tells whose it is and how to read its number, as one word:
  /// rank (2 bits), form (2), kind (8).
  @inlinable @inline(__always)
  public var principalForm: UInt32 {
    UInt32(truncatingIfNeeded: head &>> UInt64(PrincipalValue.rankShift)) & 0xfff
  }
}

/// What a resource's slot says: the ordinal, or with the top bit a place in `linkedResources`.
public enum ResourceValue {
  @inlinable public static var linked: UInt32 { 1 << 31 }
  @inlinable public static var numberMax: UInt32 { (1 << 31) - 1 }
}
