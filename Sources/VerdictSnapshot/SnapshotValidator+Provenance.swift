internal import VerdictModel

extension SnapshotValidator {
  /// The sections about where rights come from, and the orders to list by.
  func validateProvenance() throws(SnapshotError) {
    try validateProvenanceTexts()
    try validateRoles()
    try validatePolicies()
    try validateMixes()
    try validatePrincipalOrder()
    try validateResourceOrder()
  }

  private func validateProvenanceTexts() throws(SnapshotError) {
    for (kind, references) in [(SectionKind.groupNames, 1), (.roles, 2)] {
      for index in 0..<view.count(of: kind) {
        for place in 0..<references {
          let start = Int(view.load32(kind, index, place * 8))
          let end = start + Int(view.load32(kind, index, place * 8 + 4))
          try require(
            end <= view.count(of: .provenanceTexts), "\(kind) \(index): a text's place")
          try require(
            Identifier.isText(view.section(.provenanceTexts)[start..<end]),
            "\(kind) \(index): not text")
        }
      }
    }
  }

  private func validateRoles() throws(SnapshotError) {
    for index in 0..<view.roleCount {
      let role = view.role(index)
      try require(
        role.flags & ~RoleFlag.known == 0 && (role.scopeType ?? 0) < view.typeCount,
        "role \(index): the flags")
      try require(
        role.grants.upperBound <= view.count(of: .roleGrants), "role \(index): the grants")
    }
    for index in 0..<view.count(of: .roleGrants) {
      let grant = view.roleGrant(index)
      try require(
        grant.cell < view.cellCount && grant.flags & ~RoleGrantFlag.known == 0,
        "role grant \(index)")
    }
    try require(view.count(of: .grantables) == view.cellCount, "grantables: the number")
    for cell in 0..<view.cellCount {
      let grantable = view.grantable(cell: cell)
      try require(
        grantable.permission < view.permissionCount && (grantable.type ?? 0) < view.typeCount
          && grantable.flags & ~GrantableFlag.known == 0
          && view.cell(
            permission: grantable.permission, type: grantable.type ?? view.typeCount) == cell,
        "grantable \(cell)")
    }
  }

  // MARK: Policies

  private func validatePolicies() throws(SnapshotError) {
    let workspaceCount = view.workspaceCount
    try require(view.policyCount >= workspaceCount, "policies: the number")
    var checked = BitSet(count: view.count(of: .policyScopes))
    for index in 0..<view.policyCount {
      guard PolicyKind(rawValue: UInt8(truncatingIfNeeded: view.load32(.policies, index))) != nil
      else { throw SnapshotError(.malformed, "malformed snapshot: policy \(index): the kind") }
      let policy = view.policy(index)
      let names =
        switch policy.kind {
        case .group: view.count(of: .groupNames)
        case .role: view.roleCount
        case .baseline, .member, .token: 1
        }
      try require(
        policy.workspace < workspaceCount && policy.name < names, "policy \(index): the holder")
      try require(
        index >= workspaceCount || policy.kind == .baseline && policy.workspace == index,
        "policy \(index): not a baseline")
      try require(
        policy.grants.upperBound <= view.count(of: .policyGrants), "policy \(index): the grants")
      var last = -1
      for place in policy.grants {
        let grant = view.policyGrant(place)
        try require(grant.cell > last && grant.cell < view.cellCount, "policy \(index): a cell")
        last = grant.cell
        if grant.word == 1 { continue }
        let scope = Int(grant.word >> 2)
        try require(
          grant.word & 3 >= 2 && scope < view.count(of: .policyScopes), "policy \(index): a scope")
        if checked.insert(scope) { try validateScope(.policyScopes, scope) }
      }
    }
  }

  // MARK: Mixes

  private func validateMixes() throws(SnapshotError) {
    let classCount = Int(view.load32(.classStarts, view.workspaceCount))
    let slotCount = view.table(.principals).slotCount
    var checked = BitSet(count: view.count(of: .mixes))
    try require(view.count(of: .classMixes) == classCount, "class mixes: the number")
    for index in 0..<classCount {
      try validateMix(Int(view.load32(.classMixes, index)), &checked)
    }
    for index in 0..<view.count(of: .ownMixes) {
      let key = view.ownMixKey(index)
      try require(
        key.0 < slotCount && key.1 < classCount && (index == 0 || view.ownMixKey(index - 1) < key),
        "own mix \(index): the principal")
      try validateMix(Int(view.load32(.ownMixes, index, 8)), &checked)
    }
  }

  private func validateMix(_ place: Int, _ checked: inout BitSet) throws(SnapshotError) {
    try require(place < view.count(of: .mixes), "mix \(place): the place")
    guard checked.insert(place) else { return }
    let count = Int(view.load32(.mixes, place) & ~MixHead.direct)
    try require(count < view.count(of: .mixes) - place, "mix \(place): the length")
    for index in 0..<count {
      try require(
        Int(view.load32(.mixes, place + 1 + index)) < view.policyCount, "mix \(place): a policy")
    }
  }

  // MARK: Orders

  private func validatePrincipalOrder() throws(SnapshotError) {
    let table = view.table(.principals)
    try require(view.principalCount == table.entryCount, "principal order: the number")
    // The slots are looked at in their order, and the order in a set of bits: to look at the slots
    // in the order of the ids would wait for memory at each.
    var open = BitSet(count: table.slotCount)
    var tokenCount = 0
    for number in 0..<table.slotCount {
      let slot = table.slot(number)
      guard slot.isFound else { continue }
      _ = open.insert(number)
      if slot.tag == PrincipalKind.personalToken.rawValue { tokenCount += 1 }
    }
    for place in 0..<view.principalCount {
      let slot = view.principalSlot(at: place)
      try require(
        slot < table.slotCount && open.remove(slot), "principal order \(place): the slot")
    }
    try require(view.count(of: .tokenUsers) == tokenCount, "token users: the number")
    var last = -1
    for index in 0..<tokenCount {
      let token = Int(view.load32(.tokenUsers, index))
      let user = Int(view.load32(.tokenUsers, index, 4))
      try require(
        token > last && token < table.slotCount && table.slot(token).isFound
          && table.slot(token).tag == PrincipalKind.personalToken.rawValue,
        "token user \(index): the token")
      try require(
        user < table.slotCount && table.slot(user).isFound
          && table.slot(user).tag == PrincipalKind.user.rawValue, "token user \(index): the user")
      last = token
    }
  }

  private func validateResourceOrder() throws(SnapshotError) {
    let table = view.table(.resources)
    let groupCount = view.workspaceCount * view.typeCount
    try require(view.count(of: .resourceStarts) == groupCount + 1, "resource starts: the number")
    try require(view.count(of: .resourceOrder) == table.entryCount, "resource order: the number")
    var last = 0
    for group in 0...groupCount {
      let start = Int(view.load32(.resourceStarts, group))
      try require(
        start >= last && (group > 0 || start == 0), "resource starts \(group): the place")
      last = start
    }
    try require(last == table.entryCount, "resource starts: the end")
    // Every resource stands in its place, and there are as many places as resources.
    for number in 0..<table.slotCount {
      let slot = table.slot(number)
      guard slot.isFound else { continue }
      let group = Int(slot.extra) * view.typeCount + Int(slot.tag)
      let place =
        Int(view.load32(.resourceStarts, group)) + Int(view.ordinal(slot.value))
      try require(
        place < Int(view.load32(.resourceStarts, group + 1))
          && view.resourceSlot(at: place) == number, "resource order \(place): the slot")
    }
    try validateWorkspaceNames()
  }

  /// Each workspace has one name: there are as many names as workspaces, so no two may be alike.
  private func validateWorkspaceNames() throws(SnapshotError) {
    let table = view.table(.workspaces)
    var seen = BitSet(count: view.workspaceCount)
    for slot in 0..<table.slotCount where table.slot(slot).isFound {
      try require(seen.insert(Int(table.slot(slot).value)), "workspaces: two of one number")
    }
  }
}
