internal import VerdictModel

extension SnapshotValidator {
  /// Every key table: its sizes, that each key is where a look-up finds it, and each value.
  func validateTables() throws(SnapshotError) {
    let workspaceCount = view.count(of: .classStarts) - 1
    try validateTable(.names) { slot throws(SnapshotError) in
      let limit = slot.tag == SnapshotView.actionTag ? view.actionCount : view.typeCount
      return slot.tag <= SnapshotView.typeTag && Int(slot.value) < limit
    }
    try validateTable(.workspaces) { slot throws(SnapshotError) in
      slot.tag == 0 && Int(slot.value) < workspaceCount
    }
    try require(
      view.table(.workspaces).entryCount == workspaceCount, "workspaces: the number")
    var lists = BitSet(count: view.count(of: .accessLists))
    // By class, and at the end what no class has: there are fewer workspaces than 65,535.
    var classWorkspaces: [UInt16] = []
    for workspace in 0..<workspaceCount {
      classWorkspaces += repeatElement(UInt16(workspace), count: view.classes(of: workspace).count)
    }
    classWorkspaces.append(.max)
    try validateTable(.principals) { slot throws(SnapshotError) in
      try isPrincipal(slot, &lists, classWorkspaces)
    }
    try validateTable(.resources) { slot throws(SnapshotError) in
      Int(slot.tag) < view.typeCount && Int(slot.extra) < workspaceCount
        && (slot.value & ResourceValue.linked == 0
          || Int(slot.value & ~ResourceValue.linked) < view.count(of: .linkedResources))
    }
    try validateTable(.connections) { slot throws(SnapshotError) in
      slot.tag == 0 && Int(slot.value) < view.count(of: .connectionEnds)
    }
    try validateTable(.secrets) { slot throws(SnapshotError) in
      slot.tag == 0 && slot.keyByteCount == 32
        && Int(slot.value) < view.count(of: .secretHolders)
    }
    let principals = view.table(.principals)
    for index in 0..<view.count(of: .secretHolders) {
      let slot = Int(view.load32(.secretHolders, index))
      try require(
        slot < principals.slotCount && principals.slot(slot).isFound
          && principals.slot(slot).tag != PrincipalKind.user.rawValue,
        "secret \(index): the token")
    }
  }

  private func validateTable(
    _ kind: SectionKind, _ isValue: (KeySlot) throws(SnapshotError) -> Bool
  ) throws(SnapshotError) {
    let section = view.section(kind)
    try require(section.count >= KeyTable.headerByteCount, "\(kind): the head")
    let table = KeyTable(trusting: section)
    try require(
      table.slotCount >= 1 && table.bucketCount >= 1 && table.entryCount <= table.slotCount
        && KeyTable.keyCapacities.contains(table.keyCapacity)
        && table.slotsOffset == KeyTable.slotsOffset(bucketCount: table.bucketCount)
        && table.heapOffset <= section.count
        && table.heapByteCount == section.count - table.heapOffset,
      "\(kind): the sizes")
    var entries = 0
    for number in 0..<table.slotCount {
      let slot = table.slot(number)
      guard slot.isFound else {
        try require(slot.head == KeySlot().head, "\(kind): the empty slot \(number)")
        continue
      }
      entries += 1
      if kind == .principals, number + 16 < table.slotCount {
        // Slots are in no order of what they lead to: what they need is asked for ahead.
        view.prefetchRights(table.slot(number + 16).value)
      }
      try validateKey(kind, table, slot)
      try require(try isValue(slot), "\(kind): the value in slot \(number)")
    }
    try require(entries == table.entryCount, "\(kind): the number of entries")
  }

  private func validateKey(
    _ kind: SectionKind, _ table: KeyTable, _ slot: KeySlot
  ) throws(SnapshotError) {
    let offset = table.offset(slot: slot.number)
    let isLong = slot.keyByteCount > table.keyCapacity
    // SAFETY: a slot has at least three words.
    let (place, hash) = unsafe (table.word(at: offset + 8), table.word(at: offset + 16))
    if isLong {
      let heapByteCount = UInt64(table.heapByteCount)
      try require(
        place <= heapByteCount && UInt64(slot.keyByteCount) <= heapByteCount - place,
        "\(kind): a long key's place")
    }
    let key = table.key(slot: slot.number)
    let sought = table.seek(tag: slot.tag, key)
    try require(
      sought.slot == slot.number && (!isLong || hash == sought.words.hash)
        && slot.tag < KeyTable.unusedTag,
      "\(kind): a key in the wrong slot")
    try require(kind == .secrets || Identifier.isText(key), "\(kind): a key that is not text")
  }

  private func isPrincipal(
    _ slot: KeySlot, _ lists: inout BitSet, _ classWorkspaces: [UInt16]
  ) throws(SnapshotError) -> Bool {
    guard let kind = PrincipalKind(rawValue: slot.tag) else { return false }
    let workspaceCount = view.count(of: .classStarts) - 1
    let workspace = Int(slot.extra)
    let number = Int(slot.value & PrincipalValue.numberMax)
    let form = slot.value >> PrincipalValue.formShift
    let rank = (slot.value >> PrincipalValue.rankShift) & 3
    let isOrganizationToken = kind == .serviceToken && form == PrincipalValue.noAccess
    guard kind == .user || isOrganizationToken || workspace < workspaceCount else { return false }
    // Who is an admin or the owner needs no class; the scope of a personal token is no rank.
    guard rank <= 2,
      kind != .user || rank == PrincipalValue.member || form == PrincipalValue.noAccess
    else { return false }
    switch form {
    case PrincipalValue.noAccess:
      return true
    case PrincipalValue.oneClass:
      return workspace < workspaceCount && view.classes(of: workspace).contains(UInt32(number))
    case PrincipalValue.classTable:
      guard kind == .user else { return false }
      try validateAccessTable(number, slot.extra, classWorkspaces)
      return true
    case PrincipalValue.classList:
      guard kind == .user, number < view.count(of: .accessLists) else { return false }
      if lists.insert(number) { try validateAccessList(number) }
      return true
    default:
      return false
    }
  }

  /// Every class where its workspace is looked for.
  private func validateAccessTable(
    _ table: Int, _ extra: UInt16, _ classWorkspaces: [UInt16]
  ) throws(SnapshotError) {
    let bits = extra & 15
    try require(
      bits >= 1 && bits <= AccessList.tableBitsMax
        && 1 << Int(bits) <= view.count(of: .accessLists) - table,
      "access table \(table): the size")
    // Without a branch on what is found, which is not to be predicted, and there may be millions.
    var isSound = true
    let words = view.section(.accessLists)
    for place in 0..<1 << Int(bits) {
      let found = words.load32(at: (table + place) * 4)
      let workspace = classWorkspaces[min(Int(found), classWorkspaces.count - 1)]
      let isThere =
        AccessList.place(of: Int(workspace), extra: extra) == place && workspace != .max
      isSound = isSound && (isThere || found == AccessList.nothing)
    }
    try require(isSound, "access table \(table): a class")
  }

  private func validateAccessList(_ list: Int) throws(SnapshotError) {
    let count = Int(view.load32(.accessLists, list))
    try require(count < view.count(of: .accessLists) - list, "access list \(list): the length")
    let classCount = view.load32(.classStarts, view.count(of: .classStarts) - 1)
    for index in 0..<count {
      let found = view.load32(.accessLists, list + 1 + index)
      try require(found < classCount, "access list \(list): a class")
      try require(
        index == 0 || view.load32(.accessLists, list + index) < found,
        "access list \(list): the order")
    }
  }
}
