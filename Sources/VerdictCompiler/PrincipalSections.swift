internal import VerdictModel
internal import VerdictPolicy
internal import VerdictSnapshot

/// Writes users, tokens, their classes and the tokens' secrets.
struct PrincipalSections {
  let context: CompileContext
  let access: MemberAccess
  /// Final class numbers.
  let numbering: [UInt32]
  /// In byte order of their ids.
  let serviceTokens: [ServiceToken]

  struct ServiceToken {
    var token: PolicyDocument.ServiceToken
    /// nil: a token of the organization.
    var workspace: Int?
    /// Before renumbering.
    var classNumber: UInt32?
    var mix: UInt32?

    /// A workspace's token has the baseline and its own policy.
    init(
      _ token: PolicyDocument.ServiceToken, _ context: CompileContext,
      _ classes: inout ClassTable, _ provenance: inout Provenance
    ) throws(CompileError) {
      self.token = token
      guard let name = token.workspace else { return }
      let workspace = context.workspaceNumber(name.symbol)
      let contribution = classes.contribution(token.policy)
      let policy = provenance.policy(.token, in: workspace, contribution)
      let mix = provenance.mix(in: workspace, isDirect: true, groups: [], own: [policy])
      if mix.isNew {
        let number = try classes.number(in: workspace, [], own: [contribution])
        provenance.define(class: number, isDirect: true, policies: [policy])
      }
      self.workspace = workspace
      self.mix = mix.number
      classNumber = provenance.classNumber(mix: mix.number)
    }
  }

  /// Answers the slots of all principals, in the order in which they were added.
  func write(
    to writer: inout SnapshotWriter
  ) throws(CompileError) -> [UInt32] {
    var table = KeyTableBuilder()
    try addUsers(&table, to: &writer)
    var holders: [(secret: PolicyDocument.Secret, entry: Int)] = []
    addServiceTokens(&table, &holders)
    addPersonalTokens(&table, &holders)
    guard numbering.count <= PrincipalValue.numberMax,
      writer[.accessLists].count / 4 <= PrincipalValue.numberMax,
      writer[.scopes].count / 4 < 1 << 30
    else {
      throw context.error(
        "\(numbering.count) different effective policies are more than a snapshot holds; let "
          + "members share groups instead of policies of their own")
    }
    let (section, slots) = table.build()
    writer[.principals] = section
    writeSecrets(holders, slots, to: &writer)
    writeOrders(slots, to: &writer)
    return slots
  }

  /// Writes who a personal token's user is, and the order of all principals, which is the order
  /// in which they were added.
  private func writeOrders(
    _ slots: [UInt32], to writer: inout SnapshotWriter
  ) {
    writer[.principalOrder].append(integers: slots)
    var next = access.users.count + serviceTokens.count
    var users: [(token: UInt32, user: UInt32)] = []
    for token in personalTokens {
      users.append((slots[next], slots[token.user]))
      next += 1
    }
    for (token, user) in users.sorted(by: { $0.token < $1.token }) {
      writer[.tokenUsers].append(integer: token)
      writer[.tokenUsers].append(integer: user)
    }
  }

  /// Calls `body` for every mix that somebody has, with the holder's slot.
  func forEachMix(_ slots: [UInt32], _ body: (_ slot: UInt32, _ mix: UInt32) -> Void) {
    for user in access.users.indices {
      for mix in access.mixes(user: user) { body(slots[user], mix) }
    }
    for (index, token) in serviceTokens.enumerated() {
      if let mix = token.mix { body(slots[access.users.count + index], mix) }
    }
  }

  /// In byte order of their ids, with their user's place. A token whose user is gone is left out:
  /// it is an unknown principal (domain.md 2.7).
  private var personalTokens: [(token: PolicyDocument.PersonalToken, user: Int)] {
    context.document.personalTokens.sorted { context.rank($0.id) < context.rank($1.id) }
      .compactMap { token in access.user(token.user.symbol).map { (token, $0) } }
  }

  private func addUsers(
    _ table: inout KeyTableBuilder, to writer: inout SnapshotWriter
  ) throws(CompileError) {
    var lists = AccessLists(userCountMax: access.severalCount)
    var several: [(workspace: UInt32, number: UInt32)] = []
    for (number, user) in access.users.enumerated() {
      let (workspaces, classes) = access.accesses(user: number)
      var value: UInt32
      var extra: UInt16 = 0
      switch classes.count {
      case 0: value = 0
      case 1:
        let number = numbering[Int(classes[classes.startIndex])]
        value = PrincipalValue.oneClass << PrincipalValue.formShift | number
        extra = UInt16(workspaces[workspaces.startIndex])
      default:
        several.removeAll(keepingCapacity: true)
        for (workspace, number) in zip(workspaces, classes) {
          several.append((workspace, numbering[Int(number)]))
        }
        (value, extra) = lists.add(several)
      }
      switch user.kind {
      case .member: break
      case .admin: value |= PrincipalValue.admin << PrincipalValue.rankShift
      case .owner: value |= PrincipalValue.owner << PrincipalValue.rankShift
      }
      add(.user, user.symbol, value: value, extra: extra, to: &table)
    }
    writer[.accessLists].append(integers: lists.words)
  }

  private func addServiceTokens(
    _ table: inout KeyTableBuilder, _ holders: inout [(secret: PolicyDocument.Secret, entry: Int)]
  ) {
    for item in serviceTokens {
      holders.append((item.token.secret, table.count))
      var value: UInt32 = 0
      if let number = item.classNumber {
        value = PrincipalValue.oneClass << PrincipalValue.formShift | numbering[Int(number)]
      }
      add(
        .serviceToken, item.token.id.symbol, value: value, extra: UInt16(item.workspace ?? 0),
        to: &table)
    }
  }

  private func addPersonalTokens(
    _ table: inout KeyTableBuilder, _ holders: inout [(secret: PolicyDocument.Secret, entry: Int)]
  ) {
    for (token, user) in personalTokens {
      holders.append((token.secret, table.count))
      let workspace = context.workspaceNumber(token.workspace.symbol)
      var value = UInt32(token.scope.rawValue) << PrincipalValue.rankShift
      if access.users[user].kind != .member {
        value |= PrincipalValue.adminUser
      } else if let number = access.classNumber(user: user, workspace: workspace) {
        value |= PrincipalValue.oneClass << PrincipalValue.formShift | numbering[Int(number)]
      }
      add(.personalToken, token.id.symbol, value: value, extra: UInt16(workspace), to: &table)
    }
  }

  private func add(
    _ kind: PrincipalKind, _ symbol: Symbol, value: UInt32, extra: UInt16,
    to table: inout KeyTableBuilder
  ) {
    context.document.symbols.withBytes(of: symbol) {
      table.add(tag: kind.rawValue, $0, value: value, extra: extra)
    }
  }

  private func writeSecrets(
    _ holders: [(secret: PolicyDocument.Secret, entry: Int)], _ slots: [UInt32],
    to writer: inout SnapshotWriter
  ) {
    var table = KeyTableBuilder()
    for holder in holders where !holder.secret.sha256.isEmpty {
      holder.secret.sha256.withByteView { table.add(tag: 0, $0, value: UInt32(table.count)) }
      writer[.secretHolders].append(integer: slots[holder.entry])
      writer[.secretHolders].append(integer: UInt32(0))
      writer[.secretHolders].append(integer: holder.secret.expiresAtSeconds ?? .max)
    }
    writer[.secrets] = table.build().section
  }
}
