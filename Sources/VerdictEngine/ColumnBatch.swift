public import VerdictModel
public import VerdictSnapshot

/// Decides checks in columns, with the look-ups of a group of checks interleaved, so that cold
/// memory is waited for once a group and not once a look-up.
///
/// The names of the dictionary columns are looked up once, by the `set` methods; ids are looked up
/// a group at a time. Its memory is allocated once, when it is made. One thread at a time.
@safe
public struct ColumnBatch: ~Copyable {
  /// Checks whose look-ups are in flight together; 8 to 64 are alike.
  static var groupCount: Int { 16 }
  /// Values of a dictionary column.
  public static var dictionaryCountMax: Int { 256 }

  /// The columns that hold something for every check.
  public struct Rows {
    /// One byte a check, or empty: value 0 for all.
    public var actionOf = ByteView()
    public var resourceTypeOf = ByteView()
    public var targetTypeOf = ByteView()
    public var workspaceOf = ByteView()
    /// Ids one after the other and one length byte each, or empty: none for all.
    public var resourceIDs = (data: ByteView(), lengths: ByteView())
    public var targetIDs = (data: ByteView(), lengths: ByteView())
    public var principals = (data: ByteView(), lengths: ByteView())

    public init() {}
  }

  /// How far a batch has come: the next check, and where its ids begin.
  public struct Cursor {
    public internal(set) var row = 0
    var resourceOffset = 0
    var targetOffset = 0
    var principalOffset = 0

    public init() {}
  }

  /// An id whose look-up is under way.
  struct Sought {
    var id = ByteView()
    var hash: UInt64 = 0
    var tag: UInt8 = 0
    /// Where it can only be; after the group's second pass: where it is, or -1.
    var slot = -1
    var isGiven = false
  }

  struct Pending {
    var principalKind = PrincipalKind.user
    var principal = Sought()
    var resource = Sought()
    var target = Sought()
  }

  struct Dictionaries {
    var actions = InlineArray<256, Int16>(repeating: ColumnBatch.unknown)
    var resourceTypes = InlineArray<256, Int16>(repeating: ColumnBatch.absent)
    var targetTypes = InlineArray<256, Int16>(repeating: ColumnBatch.absent)
    var targetsUser = InlineArray<256, Bool>(repeating: false)
    var isUserType = InlineArray<256, Bool>(repeating: false)
    var workspaces = InlineArray<256, ResolvedWorkspace>(repeating: ResolvedWorkspace(.absent))
  }

  static var unknown: Int16 { -1 }
  static var absent: Int16 { -2 }

  private let pending: UnsafeMutablePointer<Pending>
  private let dictionaries: UnsafeMutablePointer<Dictionaries>
  private var principal = ResolvedPrincipal(.invalid, .user)

  public init() {
    // SAFETY: initialised here, freed by `deinit`, and used by nobody else.
    unsafe pending = .allocate(capacity: ColumnBatch.groupCount)
    unsafe pending.initialize(repeating: Pending(), count: ColumnBatch.groupCount)
    unsafe dictionaries = .allocate(capacity: 1)
    unsafe dictionaries.initialize(to: Dictionaries())
  }

  deinit {
    // SAFETY: allocated by the initialiser.
    unsafe pending.deallocate()
    unsafe dictionaries.deallocate()
  }

  // MARK: Dictionaries

  // SAFETY of the setters: the memory is this batch's; the index is checked by `InlineArray`.

  /// The principal of checks that name none.
  public mutating func set(defaultPrincipal name: ByteView, in view: SnapshotView) {
    principal = ResolvedPrincipal(PrincipalName(name), in: view.table(.principals))
  }

  public mutating func set(action index: Int, _ name: ByteView, in view: SnapshotView) {
    let action = view.findAction(name)
    unsafe dictionaries.pointee.actions[index] = Int16(truncatingIfNeeded: action)
    unsafe dictionaries.pointee.targetsUser[index] =
      action >= 0 && view.action(action).has(ActionFlag.targetsUser)
  }

  public mutating func set(resourceType index: Int, _ name: ByteView, in view: SnapshotView) {
    unsafe dictionaries.pointee.resourceTypes[index] = ColumnBatch.type(name, view)
  }

  public mutating func set(targetType index: Int, _ name: ByteView, in view: SnapshotView) {
    unsafe dictionaries.pointee.targetTypes[index] = ColumnBatch.type(name, view)
    unsafe dictionaries.pointee.isUserType[index] = "user".withByteView { $0 == name }
  }

  /// - Parameter name: empty: the request's default.
  public mutating func set(
    workspace index: Int, _ name: ByteView, default workspace: ByteView, in view: SnapshotView
  ) {
    unsafe dictionaries.pointee.workspaces[index] = ResolvedWorkspace(
      name.isEmpty ? workspace : name, in: view.table(.workspaces))
  }

  private static func type(_ name: ByteView, _ view: SnapshotView) -> Int16 {
    name.isEmpty ? absent : Int16(truncatingIfNeeded: view.findType(name))
  }

  // MARK: Deciding

  /// Decides the checks from the cursor up to, not including, `end`, and moves the cursor there.
  ///
  /// - Precondition: the columns fit together: every index has a value, every column as many rows
  ///   as there are checks, and the lengths of ids add up; `decisions` has room for all checks.
  @unsafe
  public mutating func decide(
    _ rows: Rows, _ cursor: inout Cursor, upTo end: Int, in view: SnapshotView,
    into decisions: UnsafeMutablePointer<Decision>
  ) {
    let principals = view.table(.principals)
    let resources = view.table(.resources)
    while cursor.row < end {
      let first = cursor.row
      let count = min(ColumnBatch.groupCount, end &- first)
      for place in 0..<count { seek(rows, &cursor, place, principals, resources) }
      for place in 0..<count { find(place, principals, resources, view) }
      for place in 0..<count {
        // SAFETY: the caller made room for all checks.
        unsafe (decisions + first + place).initialize(
          to: decide(rows, first &+ place, place, principals, resources, view))
      }
    }
  }

  /// First pass: hash the ids of the cursor's check, ask for their slots, go to the next.
  private mutating func seek(
    _ rows: Rows, _ cursor: inout Cursor, _ place: Int, _ principals: KeyTable,
    _ resources: KeyTable
  ) {
    // SAFETY: the place is below the group's size; the memory is this batch's.
    let row = cursor.row
    cursor.row = row &+ 1
    let principal = ColumnBatch.next(rows.principals, row, &cursor.principalOffset)
    unsafe pending[place].principal.isGiven = !principal.isEmpty
    if !principal.isEmpty {
      let name = PrincipalName(principal)
      unsafe pending[place].principalKind = name.kind
      unsafe ColumnBatch.seek(&pending[place].principal, name.kind.rawValue, name.id, principals)
    }
    let resource = ColumnBatch.next(rows.resourceIDs, row, &cursor.resourceOffset)
    unsafe pending[place].resource.isGiven = !resource.isEmpty
    if !resource.isEmpty {
      let type = unsafe dictionaries.pointee.resourceTypes[ColumnBatch.index(rows.resourceTypeOf, row)]
      unsafe ColumnBatch.seek(&pending[place].resource, type, resource, resources)
    }
    let target = ColumnBatch.next(rows.targetIDs, row, &cursor.targetOffset)
    unsafe pending[place].target.isGiven = !target.isEmpty
    if !target.isEmpty {
      let type = unsafe dictionaries.pointee.targetTypes[ColumnBatch.index(rows.targetTypeOf, row)]
      unsafe ColumnBatch.seek(&pending[place].target, type, target, resources)
    }
  }

  @inline(__always)
  private static func next(
    _ ids: (data: ByteView, lengths: ByteView), _ row: Int, _ offset: inout Int
  ) -> ByteView {
    guard !ids.lengths.isEmpty else { return ByteView() }
    let start = offset
    offset &+= Int(ids.lengths[row])
    return ids.data[start..<offset]
  }

  @inline(__always)
  private static func index(_ column: ByteView, _ row: Int) -> Int {
    column.isEmpty ? 0 : Int(column[row])
  }

  @inline(__always)
  private static func seek(_ sought: inout Sought, _ type: Int16, _ id: ByteView, _ table: KeyTable) {
    guard type >= 0 else {
      sought.id = id
      sought.slot = -1
      return
    }
    seek(&sought, UInt8(truncatingIfNeeded: type), id, table)
  }

  @inline(__always)
  private static func seek(_ sought: inout Sought, _ tag: UInt8, _ id: ByteView, _ table: KeyTable) {
    sought.id = id
    sought.tag = tag
    sought.hash = table.hash(tag: tag, id)
    sought.slot = table.slot(hash: sought.hash)
    table.prefetch(slot: sought.slot)
  }

  /// Second pass: compare the keys, and ask for the classes of the principals found.
  @inline(__always)
  private mutating func find(
    _ place: Int, _ principals: KeyTable, _ resources: KeyTable, _ view: SnapshotView
  ) {
    // SAFETY: as in `seek`.
    unsafe ColumnBatch.find(&pending[place].principal, principals)
    unsafe ColumnBatch.find(&pending[place].resource, resources)
    unsafe ColumnBatch.find(&pending[place].target, resources)
    if unsafe pending[place].principal.isGiven, unsafe pending[place].principal.slot >= 0 {
      view.prefetchRights(unsafe principals.value(slot: pending[place].principal.slot))
    }
  }

  @inline(__always)
  private static func find(_ sought: inout Sought, _ table: KeyTable) {
    guard sought.isGiven, sought.slot >= 0 else { return }
    if !table.holds(slot: sought.slot, tag: sought.tag, sought.id, hash: sought.hash) {
      sought.slot = -1
    }
  }

  /// Third pass: decide.
  private func decide(
    _ rows: Rows, _ row: Int, _ place: Int, _ principals: KeyTable, _ resources: KeyTable,
    _ view: SnapshotView
  ) -> Decision {
    // SAFETY: as in `seek`.
    let sought = unsafe pending[place]
    let action = ColumnBatch.index(rows.actionOf, row)
    let principal =
      sought.principal.isGiven
      ? ResolvedPrincipal(
        sought.principalKind, sought.principal.id, slot: sought.principal.slot, in: principals)
      : self.principal
    let resourceType = unsafe dictionaries.pointee.resourceTypes[
      ColumnBatch.index(rows.resourceTypeOf, row)]
    let targetPlace = ColumnBatch.index(rows.targetTypeOf, row)
    let targetType = unsafe dictionaries.pointee.targetTypes[targetPlace]
    var target = ColumnBatch.operand(targetType, sought.target, resources)
    if unsafe dictionaries.pointee.targetsUser[action], target.form != .absent {
      target =
        unsafe dictionaries.pointee.isUserType[targetPlace]
        ? ResolvedOperand(userID: sought.target.id, in: view)
        : ResolvedOperand(target.form, target.resolution == .invalid ? .invalid : .unknown)
    }
    return Engine.decide(
      view, principal: principal,
      workspace: unsafe dictionaries.pointee.workspaces[ColumnBatch.index(rows.workspaceOf, row)],
      action: Int(unsafe dictionaries.pointee.actions[action]),
      resource: ColumnBatch.operand(resourceType, sought.resource, resources), target: target)
  }

  @inline(__always)
  private static func operand(
    _ type: Int16, _ sought: Sought, _ table: KeyTable
  ) -> ResolvedOperand {
    if sought.isGiven {
      return ResolvedOperand(
        type: type < 0 ? -1 : Int(type), id: sought.id, slot: sought.slot, in: table)
    }
    return type == absent ? ResolvedOperand() : ResolvedOperand(type: Int(type))
  }
}
