internal import VerdictModel

/// The organization's users and groups.
extension DocumentReader {
  mutating func readOrganization(_ node: Int) {
    guard let fields = reading.fields(node, "`organization`", at: .organization) else { return }
    let id = fields[.id].flatMap { reading.id($0, "the organization's `id`") }
    let owner = fields[.owner].flatMap { reading.id($0, "the `owner`") }
    if let owner { standings[Int(owner.symbol.rawValue)] = .owner }
    let admins = fields[.admins].map { readUsers($0, "`admins`", .admin) } ?? []
    var members: [Name] = []
    if DocumentPlace.organization.foreignKeys(in: model.access).contains(.members),
      let key = fields.keyNode(.members)
    {
      refuseForeign(key)
    } else if let node = fields[.members] {
      members = readUsers(node, "`members`", .member)
    }
    let invitations = fields[.invitations].map { readInvitations($0) } ?? []
    var unknownResources = PolicyDocument.UnknownResources.future
    if let node = fields[.unknownResources],
      let text = reading.text(node, "`unknown_resources`")
    {
      switch text {
      case "future": unknownResources = .future
      case "deny": unknownResources = .deny
      default:
        let found = reading.shortened(node)
        reading.error(node, "`unknown_resources` is `\(found)`, expected `future` or `deny`")
      }
    }
    guard let id, let owner else { return }
    checkLimit(.members, [owner] + admins + members + invitations, "members and invitations")
    organization = PolicyDocument.Organization(
      id: id, plan: plan, owner: owner, admins: admins, members: members,
      invitations: invitations, unknownResources: unknownResources)
  }

  /// Users who are new to the organization.
  private mutating func readUsers(_ node: Int, _ noun: String, _ standing: Standing) -> [Name] {
    guard let elements = reading.elements(node, noun) else { return [] }
    var users: [Name] = []
    users.reserveCapacity(tree.count(node))
    for element in elements {
      guard let user = reading.id(element, "a user") else { continue }
      let index = Int(user.symbol.rawValue)
      guard standings[index] == .unknown else {
        let first = "\(standings[index])"
        reading.error(
          element,
          "`\(tree.text(element))` is listed already as \(first), expected once among "
            + "`owner`, `admins` and `members`")
        continue
      }
      standings[index] = standing
      users.append(user)
    }
    return users
  }

  private mutating func readInvitations(_ node: Int) -> [Name] {
    guard let elements = reading.elements(node, "`invitations`") else { return [] }
    var invitations: [Name] = []
    seenSymbols.begin(count: symbolCount)
    for element in elements {
      guard let user = reading.id(element, "an invited user") else { continue }
      if !seenSymbols.insert(Int(user.symbol.rawValue)) {
        reading.error(element, "`\(tree.text(element))` is invited twice, expected once")
        continue
      }
      if standings[Int(user.symbol.rawValue)] != .unknown {
        reading.warning(
          user.mark,
          "`\(tree.text(element))` is in the organization already, the invitation "
            + "only counts against the member limit")
      }
      invitations.append(user)
    }
    return invitations
  }

  // MARK: Groups

  mutating func readGroups(_ node: Int) {
    guard let entries = reading.entries(node, "`groups`") else { return }
    for (key, value) in entries {
      guard let id = reading.id(key, "a group") else { continue }
      let index = groups.count
      groupIndex[id.symbol] = index
      var group = PolicyDocument.Group(id: id, members: [], workspaces: [])
      if let fields = reading.fields(value, "a group", at: .group) {
        group.members = fields[.members].map { readMembers($0, "a group") } ?? []
        group.workspaces = fields[.workspaces].map { readAttachments($0, index) } ?? []
      }
      groups.append(group)
    }
    checkLimit(.groups, groups.map(\.id), "groups")
  }

  /// Members of a group or a workspace: of the organization, and no admins.
  mutating func readMembers(_ node: Int, _ noun: String) -> [Name] {
    guard let elements = reading.elements(node, "`members`") else { return [] }
    var members: [Name] = []
    members.reserveCapacity(tree.count(node))
    seenSymbols.begin(count: symbolCount)
    for element in elements {
      guard let user = reading.id(element, "a member") else { continue }
      guard isMember(user, "a member of \(noun)") else { continue }
      if seenSymbols.insert(Int(user.symbol.rawValue)) {
        members.append(user)
      } else {
        reading.warning(user.mark, "`\(tree.text(element))` is listed twice")
      }
    }
    return members
  }

  /// Whether policies can mean anything for this user; otherwise an error or a warning is out.
  mutating func isMember(_ user: Name, _ noun: @autoclosure () -> String) -> Bool {
    switch standings[Int(user.symbol.rawValue)] {
    case .member: return true
    case .owner, .admin:
      let text = tree.symbols.text(user.symbol)
      reading.warning(
        user.mark,
        "`\(text)` is an owner or admin and may do everything, being \(noun()) has no "
          + "effect")
      return false
    case .unknown:
      let text = tree.symbols.text(user.symbol)
      reading.diagnostics.error(
        user.mark,
        "\(noun()) is `\(text)`, who is not in the organization; add the user to "
          + "`organization.members`")
      return false
    }
  }

  private mutating func readAttachments(_ node: Int, _ group: Int) -> [Name] {
    guard let elements = reading.elements(node, "`workspaces`") else { return [] }
    var names: [Name] = []
    for element in elements {
      guard let name = reading.id(element, "a workspace"), let workspace = workspace(name) else {
        continue
      }
      if attachments.insert(Attachment(group: group, workspace: workspace)).inserted {
        names.append(name)
      } else {
        reading.warning(name.mark, "`\(tree.text(element))` is listed twice")
      }
    }
    return names
  }

  /// The index of a workspace that a group or token names.
  mutating func workspace(_ name: Name) -> Int? {
    if let index = workspaceIndex[name.symbol] { return index }
    let text = tree.symbols.text(name.symbol)
    let known = workspaces.prefix(1_000).map { tree.symbols.text($0.id.symbol) }
    reading.diagnostics.error(
      name.mark, "unknown workspace `\(text)`, \(Spelling.advice(text, among: known))")
    return nil
  }
}
