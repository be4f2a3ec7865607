/// Where a policy comes from; a policy record's first byte.
public enum PolicyKind: UInt8, Sendable, CaseIterable {
  /// What everybody with access to the workspace has.
  case baseline = 0
  /// A group's, granting or not: a group that is attached gives access by itself.
  case group = 1
  /// A member's own.
  case member = 2
  /// A service token's own.
  case token = 3
  /// A role, as it is assigned.
  case role = 4
}

/// Bits of a role record's flags.
public enum RoleFlag {
  /// Whoever holds it administers the workspace.
  @inlinable public static var administers: UInt16 { 1 }
  /// The organization's plan has it.
  @inlinable public static var available: UInt16 { 2 }
  /// An assignment may list resources of one type, whose number the upper byte holds.
  @inlinable public static var scoped: UInt16 { 4 }
  @inlinable public static var known: UInt16 { 0xff07 }
}

/// Bits of a role grant's flags.
public enum RoleGrantFlag {
  /// It follows the resources that the assignment lists.
  @inlinable public static var followsScope: UInt16 { 1 }
  /// Given only where the assignment covers all current and future resources.
  @inlinable public static var onlyWithAll: UInt16 { 2 }
  @inlinable public static var known: UInt16 { 3 }
}

/// Bits of a grantable's flags: what the model and the organization's plan let a policy say.
public enum GrantableFlag {
  /// A grant may list ids.
  @inlinable public static var narrowable: UInt8 { 1 }
  /// Some policy or role can grant it.
  @inlinable public static var grantable: UInt8 { 2 }
  @inlinable public static var known: UInt8 { 3 }
}

/// The head of a mix.
public enum MixHead {
  /// Access to the workspace without a group: as its member, or by a token of its own.
  @inlinable public static var direct: UInt32 { 1 << 31 }
}
