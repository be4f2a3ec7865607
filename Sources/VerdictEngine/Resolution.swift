public import VerdictModel
public import VerdictSnapshot

/// What became of an id of a check.
public enum Resolution: UInt8 {
  /// The check names none.
  case absent = 0
  case known = 1
  /// A valid id that the snapshot does not know.
  case unknown = 2
  /// Empty, too long, not UTF-8, or with a NUL.
  case invalid = 3

  /// Of an id that was looked up and not found: only those are looked at byte by byte, because
  /// every id that a snapshot has is valid.
  @inlinable
  static func unfound(_ id: ByteView) -> Resolution { Identifier.isValid(id) ? .unknown : .invalid }
}

/// A principal, looked up.
public struct ResolvedPrincipal {
  public let resolution: Resolution
  public let kind: PrincipalKind
  /// Its slot among the principals; nothing where it is not known.
  @usableFromInline let slot: KeySlot

  @inlinable @inline(__always)
  init(_ resolution: Resolution, _ kind: PrincipalKind, _ slot: KeySlot = KeySlot()) {
    self.resolution = resolution
    self.kind = kind
    self.slot = slot
  }

  /// Looks up a principal by the name that a check gives it.
  @inlinable
  public init(_ name: PrincipalName, in table: KeyTable) {
    self.init(name, table.find(tag: name.kind.rawValue, name.id))
  }

  @inlinable @inline(__always)
  init(_ name: PrincipalName, _ slot: KeySlot) {
    self.init(slot.isFound ? .known : Resolution.unfound(name.id), name.kind, slot)
  }

  /// See `PrincipalValue`.
  @inlinable @inline(__always)
  var value: UInt32 { slot.value }
  /// Of a token, and of a user with one class: the workspace.
  @inlinable @inline(__always)
  var workspace: Int { Int(slot.extra) }
  @inlinable @inline(__always)
  var form: UInt32 { value >> PrincipalValue.formShift }
  @inlinable @inline(__always)
  var rank: UInt32 { (value >> PrincipalValue.rankShift) & 3 }
  @inlinable @inline(__always)
  var number: Int { Int(value & PrincipalValue.numberMax) }

  /// Whether this is the owner or an admin, or acts for one.
  @inlinable @inline(__always)
  var isAdmin: Bool {
    switch kind {
    case .user: rank != PrincipalValue.member
    case .personalToken: value & PrincipalValue.adminUser != 0
    case .serviceToken: false
    }
  }

  @inlinable @inline(__always)
  var isOwner: Bool { kind == .user && rank == PrincipalValue.owner }

  @inlinable @inline(__always)
  var isOrganizationToken: Bool { kind == .serviceToken && form == PrincipalValue.noAccess }
}

/// A workspace, looked up.
public struct ResolvedWorkspace {
  public let resolution: Resolution
  @usableFromInline let number: Int32

  @inlinable @inline(__always)
  init(_ resolution: Resolution, number: Int32 = -1) {
    self.resolution = resolution
    self.number = number
  }

  /// Looks up a workspace; an empty name is none.
  @inlinable
  public init(_ name: ByteView, in table: KeyTable) {
    guard !name.isEmpty else {
      self.init(.absent)
      return
    }
    let slot = table.find(tag: 0, name)
    if slot.isFound {
      self.init(.known, number: Int32(truncatingIfNeeded: slot.value))
    } else {
      self.init(Resolution.unfound(name))
    }
  }
}

/// A resource of a check, looked up.
public struct ResolvedOperand {
  /// How much of the operand the check names.
  public enum Form: UInt8 {
    case absent = 0
    /// A type without an id.
    case type = 1
    case id = 2
  }

  public let form: Form
  /// Of the id; `absent` where there is none.
  public let resolution: Resolution
  /// Number of the type, or -1: unknown.
  @usableFromInline let type: Int32
  /// Its slot among the resources, or a user's among the principals; nothing where it is not known.
  @usableFromInline let slot: KeySlot

  @inlinable @inline(__always)
  init(
    _ form: Form, _ resolution: Resolution, type: Int32 = -1, _ slot: KeySlot = KeySlot()
  ) {
    self.form = form
    self.resolution = resolution
    self.type = type
    self.slot = slot
  }

  /// No operand.
  @inlinable
  public init() { self.init(.absent, .absent) }

  /// A type without an id.
  @inlinable
  public init(type: Int) { self.init(.type, .absent, type: Int32(truncatingIfNeeded: type)) }

  /// Looks up a resource of a type (-1: unknown).
  @inlinable
  public init(type: Int, id: ByteView, in table: KeyTable) {
    guard type >= 0 else {
      self.init(.id, Resolution.unfound(id))
      return
    }
    self.init(type: type, id: id, table.find(tag: UInt8(truncatingIfNeeded: type), id))
  }

  @inlinable @inline(__always)
  init(type: Int, id: ByteView, _ slot: KeySlot) {
    self.init(
      .id, slot.isFound ? .known : Resolution.unfound(id),
      type: Int32(truncatingIfNeeded: type), slot)
  }

  /// Looks up `TYPE/ID` or `TYPE`, split at the first slash; an empty text is no operand.
  @inlinable
  public init(_ text: ByteView, in view: SnapshotView) {
    guard !text.isEmpty else {
      self.init()
      return
    }
    let slash = text.firstIndex(of: UInt8(ascii: "/"))
    if slash < 0 {
      self.init(type: view.findType(text))
    } else {
      self.init(
        type: view.findType(text[0..<slash]), id: text[slash &+ 1..<text.count],
        in: view.table(.resources))
    }
  }

  /// Looks up a target that is no user's: `TYPE/ID` or `TYPE`. What follows `user:` is an id
  /// whatever the action, so that a bad one is an `invalid_id` for all.
  @inlinable
  public init(target text: ByteView, in view: SnapshotView) {
    guard let id = ResolvedOperand.userID(text) else {
      self.init(text, in: view)
      return
    }
    if Identifier.isValid(id) {
      let isType = text.firstIndex(of: UInt8(ascii: "/")) < 0
      self.init(isType ? .type : .id, isType ? .absent : .unknown)
    } else {
      self.init(.id, .invalid)
    }
  }

  /// The user that an organization action acts on, `user:ID`, as an operand whose value is the
  /// principal's; whoever is no user of the organization is unknown.
  @inlinable
  public init(user text: ByteView, in view: SnapshotView) {
    if let id = ResolvedOperand.userID(text) {
      self.init(userID: id, in: view)
    } else {
      let other = ResolvedOperand(text, in: view)
      let resolution: Resolution = other.resolution == .invalid ? .invalid : .unknown
      self.init(other.form, resolution)
    }
  }

  @inlinable @inline(__always)
  init(userID id: ByteView, in view: SnapshotView) {
    let users = view.table(.principals)
    let slot = users.find(tag: PrincipalKind.user.rawValue, id)
    self.init(.id, slot.isFound ? .known : Resolution.unfound(id), slot)
  }

  @inlinable
  static func userID(_ text: ByteView) -> ByteView? {
    let name = PrincipalName(text)
    return name.kind == .user && name.id.count < text.count ? name.id : nil
  }
}
