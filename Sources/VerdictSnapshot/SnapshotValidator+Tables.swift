internal import VerdictModel

extension SnapshotValidator {
  /// Every key table: its sizes, that each key is where a look-up finds it, and each value.
  func validateTables() throws(SnapshotError) {
    let workspaceCount = view.count(of: .classStarts) - 1
    try validateTable(.names) { slot, table throws(SnapshotError) in
      let limit =
        table.tag(slot: slot) == SnapshotView.actionTag ? view.actionCount : view.typeCount
      return table.tag(slot: slot) <= SnapshotView.typeTag
        && Int(table.value(slot: slot)) < limit
    }
    try validateTable(.workspaces) { slot, table throws(SnapshotError) in
      table.tag(slot: slot) == 0 && Int(table.value(slot: slot)) < workspaceCount
    }
    try require(
      view.table(.workspaces).entryCount == workspaceCount, "workspaces: the number")
    var lists = BitSet(count: view.count(of: .accessLists))
    try validateTable(.principals) { slot, table throws(SnapshotError) in
      try isPrincipal(slot, table, &lists)
    }
    try validateTable(.resources) { slot, table throws(SnapshotError) in
      let value = table.value(slot: slot)
      return Int(table.tag(slot: slot)) < view.typeCount
        && Int(table.extra(slot: slot)) < workspaceCount
        && (value & ResourceValue.linked == 0
          || Int(value & ~ResourceValue.linked) < view.count(of: .linkedResources))
    }
    try validateTable(.connections) { slot, table throws(SnapshotError) in
      table.tag(slot: slot) == 0
        && Int(table.value(slot: slot)) < view.count(of: .connectionEnds)
    }
    try validateTable(.secrets) { slot, table throws(SnapshotError) in
      table.tag(slot: slot) == 0 && table.key(slot: slot).count == 32
        && Int(table.value(slot: slot)) < view.count(of: .secretHolders)
    }
    let principals = view.table(.principals)
    for index in 0..<view.count(of: .secretHolders) {
      let slot = Int(view.load32(.secretHolders, index))
      try require(
        slot < principals.slotCount && principals.isOccupied(slot: slot)
          && principals.tag(slot: slot) != PrincipalKind.user.rawValue,
        "secret \(index): the token")
    }
  }

  private func validateTable(
    _ kind: SectionKind, _ isValue: (Int, KeyTable) throws(SnapshotError) -> Bool
  ) throws(SnapshotError) {
    let section = view.section(kind)
    try require(section.count >= KeyTable.headerByteCount, "\(kind): the head")
    let table = KeyTable(trusting: section)
    let heapByteCount = section.load64(at: 24)
    try require(
      table.slotCount >= 1 && table.bucketCount >= 1 && table.entryCount <= table.slotCount
        && KeyTable.keyCapacities.contains(table.keyCapacity)
        && table.heapOffset <= section.count
        && heapByteCount == UInt64(section.count - table.heapOffset),
      "\(kind): the sizes")
    var entries = 0
    for slot in 0..<table.slotCount where table.isOccupied(slot: slot) {
      entries += 1
      try validateKey(kind, table, slot, heapByteCount: heapByteCount)
      try require(try isValue(slot, table), "\(kind): the value in slot \(slot)")
    }
    try require(entries == table.entryCount, "\(kind): the number of entries")
  }

  private func validateKey(
    _ kind: SectionKind, _ table: KeyTable, _ slot: Int, heapByteCount: UInt64
  ) throws(SnapshotError) {
    let length = (table.word(slot: slot, at: 0) >> 32) & 0xff
    let isLong = length > table.keyCapacity
    if isLong {
      let place = table.word(slot: slot, at: 8)
      try require(
        place <= heapByteCount && length <= heapByteCount - place, "\(kind): a long key's place")
    }
    let key = table.key(slot: slot)
    let hash = table.hash(tag: table.tag(slot: slot), key)
    try require(
      table.slot(hash: hash) == slot && (!isLong || table.word(slot: slot, at: 16) == hash),
      "\(kind): a key in the wrong slot")
    try require(kind == .secrets || Identifier.isText(key), "\(kind): a key that is not text")
  }

  private func isPrincipal(
    _ slot: Int, _ table: KeyTable, _ lists: inout BitSet
  ) throws(SnapshotError) -> Bool {
    guard let kind = PrincipalKind(rawValue: table.tag(slot: slot)) else { return false }
    let value = table.value(slot: slot)
    let workspaceCount = view.count(of: .classStarts) - 1
    let workspace = Int(table.extra(slot: slot))
    let number = Int(value & PrincipalValue.numberMax)
    let rank = (value >> PrincipalValue.rankShift) & 3
    let isOrganizationToken =
      kind == .serviceToken && value >> PrincipalValue.formShift == PrincipalValue.noAccess
    guard kind == .user || isOrganizationToken || workspace < workspaceCount else { return false }
    guard rank <= 2 else { return false }
    switch value >> PrincipalValue.formShift {
    case PrincipalValue.noAccess:
      return true
    case PrincipalValue.oneClass:
      guard kind == .user else {
        return view.classes(of: workspace).contains(UInt32(number))
      }
      return number < Int(view.load32(.classStarts, workspaceCount))
    case PrincipalValue.classList:
      guard kind == .user, number < view.count(of: .accessLists) else { return false }
      if lists.insert(number) { try validateAccessList(number) }
      return true
    default:
      return false
    }
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
