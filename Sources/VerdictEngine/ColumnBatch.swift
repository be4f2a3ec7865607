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

  /// Ids of one column and one group whose look-ups are under way.
  struct Seeker {
    var ids = InlineArray<16, ByteView>(repeating: ByteView())
    var hashes = InlineArray<16, UInt64>(repeating: 0)
    /// Where each can only be; -1: there is no id, or nothing to look in.
    var slots = InlineArray<16, Int>(repeating: -1)
    /// Number of the type or kind; -1: an unknown type.
    var tags = InlineArray<16, Int16>(repeating: 0)
  }

  /// One group of checks.
  struct Seekers {
    var principals = Seeker()
    var resources = Seeker()
    var targets = Seeker()
    var checks = InlineArray<16, ResolvedCheck>(repeating: ResolvedCheck())
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

  private let group: UnsafeMutablePointer<Seekers>
  private let dictionaries: UnsafeMutablePointer<Dictionaries>
  private var principal = ResolvedPrincipal(.invalid, .user)

  public init() {
    // SAFETY: initialised here, freed by `deinit`, and used by nobody else.
    unsafe group = .allocate(capacity: 1)
    unsafe group.initialize(to: Seekers())
    unsafe dictionaries = .allocate(capacity: 1)
    unsafe dictionaries.initialize(to: Dictionaries())
  }

  deinit {
    // SAFETY: allocated by the initialiser.
    unsafe group.deallocate()
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
    let isLarge = view.byteCount >= ColumnBatch.largeByteCount
    while cursor.row < end {
      let first = cursor.row
      let count = min(ColumnBatch.groupCount, end &- first)
      seekPrincipals(rows, &cursor, count, principals)
      seekResources(rows, &cursor, count, resources)
      seekTargets(rows, &cursor, count, resources)
      cursor.row = first &+ count
      findPrincipals(rows, count, principals, view, isLarge)
      findResources(rows, first, count, resources)
      findTargets(rows, first, count, resources, view)
      setActions(rows, first, count)
      if isLarge { prefetchRights(count, view) }
      for place in 0..<count {
        // SAFETY: the caller made room for all checks; the place is below the group's count.
        unsafe (decisions + first + place).initialize(
          to: Engine.decide(view, group.pointee.checks[place]))
      }
    }
  }

  /// Snapshots from this size on don't fit into the processor's caches: more is asked for ahead.
  private static var largeByteCount: Int { 4 << 20 }

  // MARK: First pass: hash the ids, ask for their slots

  // SAFETY of all passes: the group is this batch's memory; places stay below its count.

  private mutating func seekPrincipals(
    _ rows: Rows, _ cursor: inout Cursor, _ count: Int, _ table: KeyTable
  ) {
    guard !rows.principals.lengths.isEmpty else { return }
    for place in 0..<count {
      let text = ColumnBatch.next(
        rows.principals, cursor.row &+ place, &cursor.principalOffset)
      let name = PrincipalName(text)
      unsafe group.pointee.principals.tags[place] = Int16(name.kind.rawValue)
      unsafe ColumnBatch.seek(
        &group.pointee.principals, place, name.id, table, isGiven: !text.isEmpty)
    }
  }

  private mutating func seekResources(
    _ rows: Rows, _ cursor: inout Cursor, _ count: Int, _ table: KeyTable
  ) {
    guard !rows.resourceIDs.lengths.isEmpty else { return }
    for place in 0..<count {
      let row = cursor.row &+ place
      let id = ColumnBatch.next(rows.resourceIDs, row, &cursor.resourceOffset)
      let type = unsafe dictionaries.pointee.resourceTypes[
        ColumnBatch.index(rows.resourceTypeOf, row)]
      unsafe group.pointee.resources.tags[place] = type
      unsafe ColumnBatch.seek(
        &group.pointee.resources, place, id, table, isGiven: !id.isEmpty && type >= 0)
    }
  }

  private mutating func seekTargets(
    _ rows: Rows, _ cursor: inout Cursor, _ count: Int, _ table: KeyTable
  ) {
    guard !rows.targetIDs.lengths.isEmpty else { return }
    for place in 0..<count {
      let row = cursor.row &+ place
      let id = ColumnBatch.next(rows.targetIDs, row, &cursor.targetOffset)
      let type = unsafe dictionaries.pointee.targetTypes[ColumnBatch.index(rows.targetTypeOf, row)]
      unsafe group.pointee.targets.tags[place] = type
      unsafe ColumnBatch.seek(
        &group.pointee.targets, place, id, table, isGiven: !id.isEmpty && type >= 0)
    }
  }

  @inline(__always)
  private static func next(
    _ ids: (data: ByteView, lengths: ByteView), _ row: Int, _ offset: inout Int
  ) -> ByteView {
    let start = offset
    offset &+= Int(ids.lengths[row])
    return ids.data[start..<offset]
  }

  @inline(__always)
  private static func index(_ column: ByteView, _ row: Int) -> Int {
    column.isEmpty ? 0 : Int(column[row])
  }

  @inline(__always)
  private static func seek(
    _ seeker: inout Seeker, _ place: Int, _ id: ByteView, _ table: KeyTable, isGiven: Bool
  ) {
    seeker.ids[place] = id
    guard isGiven else {
      seeker.slots[place] = -1
      return
    }
    let hash = table.hash(tag: UInt8(truncatingIfNeeded: seeker.tags[place]), id)
    let slot = table.slot(hash: hash)
    seeker.hashes[place] = hash
    seeker.slots[place] = slot
    table.prefetch(slot: slot)
  }

  // MARK: Second pass: compare the keys

  private mutating func findPrincipals(
    _ rows: Rows, _ count: Int, _ table: KeyTable, _ view: SnapshotView, _ isLarge: Bool
  ) {
    guard !rows.principals.lengths.isEmpty else {
      for place in 0..<count { unsafe group.pointee.checks[place].principal = principal }
      return
    }
    for place in 0..<count {
      let id = unsafe group.pointee.principals.ids[place]
      let slot = unsafe ColumnBatch.find(&group.pointee.principals, place, table)
      let kind = unsafe PrincipalKind(
        rawValue: UInt8(truncatingIfNeeded: group.pointee.principals.tags[place]))
      // Only the empty text has an empty user's id without being one: it stands for the default.
      if unsafe id.isEmpty && kind == .user && group.pointee.principals.slots[place] < 0 {
        unsafe group.pointee.checks[place].principal = principal
      } else {
        unsafe group.pointee.checks[place].principal = ResolvedPrincipal(
          kind ?? .user, id, slot: slot, in: table)
      }
      if isLarge, slot >= 0 { view.prefetchRights(table.value(slot: slot)) }
    }
  }

  private mutating func findResources(
    _ rows: Rows, _ first: Int, _ count: Int, _ table: KeyTable
  ) {
    let hasIDs = !rows.resourceIDs.lengths.isEmpty
    for place in 0..<count {
      let type = unsafe dictionaries.pointee.resourceTypes[
        ColumnBatch.index(rows.resourceTypeOf, first &+ place)]
      unsafe group.pointee.checks[place].resource =
        hasIDs
        ? ColumnBatch.operand(&group.pointee.resources, place, type, table)
        : ColumnBatch.operand(type)
    }
  }

  private mutating func findTargets(
    _ rows: Rows, _ first: Int, _ count: Int, _ table: KeyTable, _ view: SnapshotView
  ) {
    let hasIDs = !rows.targetIDs.lengths.isEmpty
    if !hasIDs, rows.targetTypeOf.isEmpty,
      unsafe dictionaries.pointee.targetTypes[0] == ColumnBatch.absent
    {
      for place in 0..<count { unsafe group.pointee.checks[place].target = ResolvedOperand() }
      return
    }
    for place in 0..<count {
      let row = first &+ place
      let index = ColumnBatch.index(rows.targetTypeOf, row)
      let type = unsafe dictionaries.pointee.targetTypes[index]
      var target =
        unsafe hasIDs
        ? ColumnBatch.operand(&group.pointee.targets, place, type, table)
        : ColumnBatch.operand(type)
      let action = ColumnBatch.index(rows.actionOf, row)
      if target.form != .absent, unsafe dictionaries.pointee.targetsUser[action] {
        target =
          unsafe target.form == .id && dictionaries.pointee.isUserType[index]
          ? ResolvedOperand(userID: group.pointee.targets.ids[place], in: view)
          : ResolvedOperand(target.form, target.resolution == .invalid ? .invalid : .unknown)
      }
      unsafe group.pointee.checks[place].target = target
    }
  }

  private mutating func setActions(_ rows: Rows, _ first: Int, _ count: Int) {
    for place in 0..<count {
      let row = first &+ place
      unsafe group.pointee.checks[place].action = Int(
        dictionaries.pointee.actions[ColumnBatch.index(rows.actionOf, row)])
      unsafe group.pointee.checks[place].workspace =
        dictionaries.pointee.workspaces[ColumnBatch.index(rows.workspaceOf, row)]
    }
  }

  @inline(__always)
  private static func find(_ seeker: inout Seeker, _ place: Int, _ table: KeyTable) -> Int {
    let slot = seeker.slots[place]
    guard slot >= 0 else { return -1 }
    let isHeld = table.holds(
      slot: slot, tag: UInt8(truncatingIfNeeded: seeker.tags[place]), seeker.ids[place],
      hash: seeker.hashes[place])
    return isHeld ? slot : -1
  }

  @inline(__always)
  private static func operand(
    _ seeker: inout Seeker, _ place: Int, _ type: Int16, _ table: KeyTable
  ) -> ResolvedOperand {
    let id = seeker.ids[place]
    if id.isEmpty { return operand(type) }
    return ResolvedOperand(
      type: type < 0 ? -1 : Int(type), id: id, slot: find(&seeker, place, table), in: table)
  }

  @inline(__always)
  private static func operand(_ type: Int16) -> ResolvedOperand {
    type == absent ? ResolvedOperand() : ResolvedOperand(type: Int(type))
  }

  // MARK: Third pass, where memory is cold: ask for cells and scopes

  private mutating func prefetchRights(_ count: Int, _ view: SnapshotView) {
    var classes = InlineArray<16, Int>(repeating: -1)
    var cells = InlineArray<16, Int>(repeating: -1)
    for place in 0..<count {
      let check = unsafe group.pointee.checks[place]
      guard check.principal.resolution == .known, check.workspace.resolution == .known,
        check.resource.resolution == .known, check.action >= 0, !check.principal.isAdmin
      else { continue }
      let caseIndex = view.caseIndex(action: check.action, type: Int(check.resource.type))
      guard caseIndex >= 0 else { continue }
      cells[place] = view.caseRecord(caseIndex).onlyCell
      guard cells[place] >= 0 else { continue }
      classes[place] = Access.classIndex(view, check.principal, Int(check.workspace.number))
      if classes[place] >= 0 { view.prefetch(class: classes[place], cell: cells[place]) }
    }
    for place in 0..<count where classes[place] >= 0 {
      let word = view.cellWord(class: classes[place], cell: cells[place])
      if word > 1 {
        let value = unsafe group.pointee.checks[place].resource.value
        view.prefetch(scope: word, ordinal: value & ResourceValue.numberMax)
      }
    }
  }
}
