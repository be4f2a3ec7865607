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
    var soughts = InlineArray<16, KeyTable.Sought>(repeating: KeyTable.Sought())
    /// Number of the type, or one of `unknown` and `absent`.
    var types = InlineArray<16, Int16>(repeating: 0)
    var slots = InlineArray<16, KeySlot>(repeating: KeySlot())
  }

  /// One group of checks.
  struct Group {
    var names = InlineArray<16, PrincipalName>(repeating: PrincipalName(ByteView()))
    /// Whether the check names no principal of its own.
    var isDefault = InlineArray<16, Bool>(repeating: true)
    var principals = Seeker()
    var resources = Seeker()
    var targets = Seeker()
    var rules = InlineArray<16, RuleRecord>(repeating: RuleRecord())
    /// Where the rights have the check's only term, or -1: a check for `decideRare`.
    var places = InlineArray<16, Int>(repeating: -1)
    var words = InlineArray<16, UInt32>(repeating: 0)
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

  private let group: UnsafeMutablePointer<Group>
  private let dictionaries: UnsafeMutablePointer<Dictionaries>
  private var principal = ResolvedPrincipal(.invalid, .user)

  public init() {
    // SAFETY: initialised here, freed by `deinit`, and used by nobody else.
    unsafe group = .allocate(capacity: 1)
    unsafe group.initialize(to: Group())
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
    let hasPrincipals = !rows.principals.lengths.isEmpty
    let hasResources = !rows.resourceIDs.lengths.isEmpty
    let hasTargets = hasTargets(rows)
    if !hasPrincipals { setDefaultPrincipal() }
    if !hasResources { setNoPlaces() }
    while cursor.row < end {
      let first = cursor.row
      let count = min(ColumnBatch.groupCount, end &- first)
      if hasPrincipals { seekPrincipals(rows, &cursor, count, principals) }
      if hasResources { seekResources(rows, &cursor, count, resources) }
      if hasTargets { seekTargets(rows, &cursor, count, resources) }
      cursor.row = first &+ count
      if hasPrincipals { findPrincipals(count, principals) }
      if isLarge { prefetchRights(count, view) }
      if hasResources {
        findPlaces(rows, first, count, resources, view, hasTargets: hasTargets)
        loadWords(count, view)
      }
      for place in 0..<count {
        // SAFETY: the caller made room for all checks; the place is below the group's count.
        unsafe (decisions + first + place).initialize(
          to: decideCommon(place, view)
            ?? decideRare(rows, first, place, view, hasTargets: hasTargets))
      }
    }
  }

  /// Snapshots from this size on don't fit into the processor's caches: more is asked for ahead.
  private static var largeByteCount: Int { 4 << 20 }

  // SAFETY of all passes: the group is this batch's memory, and `InlineArray` checks places.

  // MARK: First pass: hash the ids, ask for their slots

  private mutating func setDefaultPrincipal() {
    for place in 0..<ColumnBatch.groupCount {
      unsafe group.pointee.isDefault[place] = true
      unsafe group.pointee.principals.slots[place] = principal.slot
    }
  }

  private mutating func setNoPlaces() {
    for place in 0..<ColumnBatch.groupCount { unsafe group.pointee.places[place] = -1 }
  }

  private mutating func seekPrincipals(
    _ rows: Rows, _ cursor: inout Cursor, _ count: Int, _ table: KeyTable
  ) {
    for place in 0..<count {
      let text = ColumnBatch.next(
        rows.principals, cursor.row &+ place, &cursor.principalOffset)
      let name = PrincipalName(text)
      unsafe group.pointee.names[place] = name
      unsafe group.pointee.isDefault[place] = text.isEmpty
      unsafe group.pointee.principals.soughts[place] = table.seek(
        tag: name.kind.rawValue, name.id)
    }
  }

  private mutating func seekResources(
    _ rows: Rows, _ cursor: inout Cursor, _ count: Int, _ table: KeyTable
  ) {
    for place in 0..<count {
      let row = cursor.row &+ place
      let id = ColumnBatch.next(rows.resourceIDs, row, &cursor.resourceOffset)
      let type = unsafe dictionaries.pointee.resourceTypes[
        ColumnBatch.index(rows.resourceTypeOf, row)]
      unsafe ColumnBatch.seek(&group.pointee.resources, place, type, id, table)
    }
  }

  private mutating func seekTargets(
    _ rows: Rows, _ cursor: inout Cursor, _ count: Int, _ table: KeyTable
  ) {
    let hasIDs = !rows.targetIDs.lengths.isEmpty
    for place in 0..<count {
      let row = cursor.row &+ place
      let id = hasIDs ? ColumnBatch.next(rows.targetIDs, row, &cursor.targetOffset) : ByteView()
      let type = unsafe dictionaries.pointee.targetTypes[ColumnBatch.index(rows.targetTypeOf, row)]
      unsafe ColumnBatch.seek(&group.pointee.targets, place, type, id, table)
    }
  }

  private func hasTargets(_ rows: Rows) -> Bool {
    unsafe !rows.targetIDs.lengths.isEmpty || !rows.targetTypeOf.isEmpty
      || dictionaries.pointee.targetTypes[0] != ColumnBatch.absent
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

  /// Of a type that is unknown or absent no id is found: its tag is no key's.
  @inline(__always)
  private static func seek(
    _ seeker: inout Seeker, _ place: Int, _ type: Int16, _ id: ByteView, _ table: KeyTable
  ) {
    seeker.ids[place] = id
    seeker.types[place] = type
    seeker.soughts[place] = table.seek(tag: tag(type), id)
  }

  @inline(__always)
  private static func tag(_ type: Int16) -> UInt8 {
    type < 0 ? KeyTable.unusedTag : UInt8(truncatingIfNeeded: type)
  }

  // MARK: Second pass: compare the keys

  private mutating func findPrincipals(_ count: Int, _ table: KeyTable) {
    for place in 0..<count {
      let name = unsafe group.pointee.names[place]
      unsafe group.pointee.principals.slots[place] =
        group.pointee.isDefault[place]
        ? principal.slot
        : table.find(
          group.pointee.principals.soughts[place], tag: name.kind.rawValue, name.id)
    }
  }

  private mutating func prefetchRights(_ count: Int, _ view: SnapshotView) {
    for place in 0..<count {
      unsafe view.prefetchRights(group.pointee.principals.slots[place].value)
    }
  }

  private mutating func findPlaces(
    _ rows: Rows, _ first: Int, _ count: Int, _ table: KeyTable, _ view: SnapshotView,
    hasTargets: Bool
  ) {
    for place in 0..<count {
      let row = first &+ place
      let slot = unsafe ColumnBatch.find(&group.pointee.resources, place, table)
      let action = unsafe dictionaries.pointee.actions[ColumnBatch.index(rows.actionOf, row)]
      let workspace = unsafe dictionaries.pointee.workspaces[
        ColumnBatch.index(rows.workspaceOf, row)]
      guard !hasTargets || !isTargeted(place) else {
        unsafe group.pointee.places[place] = -1
        continue
      }
      let rule = unsafe view.rule(
        action: Int(action), type: Int(group.pointee.resources.types[place]))
      let found = unsafe Engine.commonPlace(
        view, principal: group.pointee.principals.slots[place], workspace: Int(workspace.number),
        resource: slot, rule: rule)
      unsafe group.pointee.rules[place] = rule
      unsafe group.pointee.places[place] = found
      if found >= 0 { view.prefetch(cellPlace: found) }
    }
  }

  private func isTargeted(_ place: Int) -> Bool {
    unsafe !group.pointee.targets.ids[place].isEmpty
      || group.pointee.targets.types[place] != ColumnBatch.absent
  }

  @inline(__always)
  private static func find(_ seeker: inout Seeker, _ place: Int, _ table: KeyTable) -> KeySlot {
    let slot = table.find(
      seeker.soughts[place], tag: tag(seeker.types[place]), seeker.ids[place])
    seeker.slots[place] = slot
    return slot
  }

  // MARK: Third pass: ask for scopes

  private mutating func loadWords(_ count: Int, _ view: SnapshotView) {
    for place in 0..<count {
      let found = unsafe group.pointee.places[place]
      guard found >= 0 else { continue }
      let word = view.cellWord(at: found)
      unsafe group.pointee.words[place] = word
      if word & 3 >= 2 {
        let value = unsafe group.pointee.resources.slots[place].value
        view.prefetch(scope: word, ordinal: value & ResourceValue.numberMax)
      }
    }
  }

  // MARK: Last pass

  @inline(__always)
  private func decideCommon(_ place: Int, _ view: SnapshotView) -> Decision? {
    guard unsafe group.pointee.places[place] >= 0 else { return nil }
    return unsafe Engine.decideCommon(
      view, word: group.pointee.words[place], resource: group.pointee.resources.slots[place],
      rule: group.pointee.rules[place])
  }

  /// Any check of the group whose look-ups were begun.
  @inline(never)
  private mutating func decideRare(
    _ rows: Rows, _ first: Int, _ place: Int, _ view: SnapshotView, hasTargets: Bool
  ) -> Decision {
    let row = first &+ place
    let action = ColumnBatch.index(rows.actionOf, row)
    var check = ResolvedCheck()
    check.principal =
      unsafe group.pointee.isDefault[place]
      ? principal
      : ResolvedPrincipal(group.pointee.names[place], group.pointee.principals.slots[place])
    check.workspace =
      unsafe dictionaries.pointee.workspaces[ColumnBatch.index(rows.workspaceOf, row)]
    check.action = unsafe Int(dictionaries.pointee.actions[action])
    check.resource =
      unsafe rows.resourceIDs.lengths.isEmpty
      ? ColumnBatch.operand(
        dictionaries.pointee.resourceTypes[ColumnBatch.index(rows.resourceTypeOf, row)])
      : ColumnBatch.operand(&group.pointee.resources, place)
    if hasTargets {
      unsafe _ = ColumnBatch.find(&group.pointee.targets, place, view.table(.resources))
      check.target = unsafe ColumnBatch.operand(&group.pointee.targets, place)
      if check.target.form != .absent, unsafe dictionaries.pointee.targetsUser[action] {
        let isUser = unsafe dictionaries.pointee.isUserType[
          ColumnBatch.index(rows.targetTypeOf, row)]
        check.target =
          unsafe check.target.form == .id && isUser
          ? ResolvedOperand(userID: group.pointee.targets.ids[place], in: view)
          : ResolvedOperand(
            check.target.form, check.target.resolution == .invalid ? .invalid : .unknown)
      }
    }
    return Engine.decideAny(view, check)
  }

  /// The operand whose slot was looked at.
  private static func operand(_ seeker: inout Seeker, _ place: Int) -> ResolvedOperand {
    let type = seeker.types[place]
    let id = seeker.ids[place]
    if id.isEmpty { return operand(type) }
    return ResolvedOperand(type: type < 0 ? -1 : Int(type), id: id, seeker.slots[place])
  }

  private static func operand(_ type: Int16) -> ResolvedOperand {
    type == absent ? ResolvedOperand() : ResolvedOperand(type: Int(type))
  }
}
