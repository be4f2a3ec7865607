internal import VerdictEngine
internal import VerdictGateway
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSnapshot

/// Where live requests are decided a second time, by the set in force and by the staged one, check
/// by check.
struct ShadowBench: ~Copyable {
  /// Of the whole request, and of one check.
  private let arena = MessageArena()
  private let scratch = MessageArena()
  private var gateway: Gateway

  init(_ identity: IdentityConfiguration) { gateway = Gateway(identity, isOnWorker: true) }

  /// Compares what the sets answer, which both stay where they are for the call.
  ///
  /// - Parameter nowSeconds: since 1970, for tokens that expire.
  mutating func compare(
    _ method: Method?, _ message: ByteView, _ identity: IdentitySources, live: SnapshotSet,
    staged: SnapshotSet, nowSeconds: Int64, into tally: inout ShadowTally
  ) {
    arena.reset()
    let isCompared =
      switch method {
      case .authorize: authorize(message, live, staged, &tally)
      case .checkVisibility: visibility(message, live, staged, &tally)
      default: external(message, identity, live, staged, nowSeconds, &tally)
      }
    if isCompared { tally.addRequest() } else { tally.addOversized() }
  }

  // MARK: Authorize

  private func authorize(
    _ message: ByteView, _ live: SnapshotSet, _ staged: SnapshotSet, _ tally: inout ShadowTally
  ) -> Bool {
    guard let request = AuthorizeRequest(message, in: arena) else { return false }
    let pair = SnapshotPair(request.organization, live, staged)
    guard let columns = request.columns else {
      for row in 0..<request.checkCount {
        let check = request[row]
        pair.add(
          Question(
            principal: check.principal.isEmpty ? request.principal : check.principal,
            workspace: check.workspace.isEmpty ? request.workspace : check.workspace,
            action: check.action, resource: check.resource, target: check.target), to: &tally)
      }
      return true
    }
    let questions = ColumnQuestions(columns)
    var offsets = ColumnQuestions.Offsets()
    var principalOffset = 0
    for row in 0..<columns.count {
      scratch.reset()
      var question = questions.next(row, &offsets, in: scratch)
      let principal =
        columns.principals.count > 0 ? columns.principals.id(row, &principalOffset) : ByteView()
      question.principal = principal.isEmpty ? request.principal : principal
      let workspace = columns.workspaces.value(row)
      question.workspace = workspace.isEmpty ? request.workspace : workspace
      question.action = columns.actions.value(row)
      pair.add(question, to: &tally)
    }
    return true
  }

  // MARK: CheckVisibility

  private func visibility(
    _ message: ByteView, _ live: SnapshotSet, _ staged: SnapshotSet, _ tally: inout ShadowTally
  ) -> Bool {
    guard let request = CheckVisibilityRequest(message, in: arena) else { return false }
    let pair = SnapshotPair(request.organization, live, staged)
    for number in 0..<request.blockCount {
      let block = request.block(number)
      var offset = 0
      var targetOffset = 0
      for place in 0..<block.ids.count {
        scratch.reset()
        let id = block.ids.id(place, &offset)
        let targetID =
          block.targetIDs.count > 0 ? block.targetIDs.id(place, &targetOffset) : ByteView()
        guard let resource = scratch.name(block.resourceType, id),
          let target = targetID.isEmpty ? ByteView() : scratch.name(block.targetType, targetID)
        else { return false }
        for principal in 0..<request.principals.count {
          for permission in 0..<request.permissions.count {
            pair.add(
              Question(
                principal: request.principals[principal], workspace: request.workspace,
                action: request.permissions[permission], resource: resource, target: target),
              to: &tally)
          }
        }
      }
    }
    return true
  }

  // MARK: Gateways

  private mutating func external(
    _ message: ByteView, _ identity: IdentitySources, _ live: SnapshotSet,
    _ staged: SnapshotSet, _ nowSeconds: Int64, _ tally: inout ShadowTally
  ) -> Bool {
    guard let request = ExternalAuthorizationRequest(message, in: arena) else { return false }
    var asked = GatewayRequest(request)
    asked.sources = identity
    let before = gateway.decide(asked, live, nowSeconds: nowSeconds, in: arena)
    let after = gateway.decide(asked, staged, nowSeconds: nowSeconds, in: arena)
    guard !arena.isExhausted else { return false }
    tally.add(before.reason, after.reason) {
      var check = ShadowCheck()
      let known = before.principalID.isEmpty ? after : before
      if let organization = known.organization {
        check.organization = ShadowCheck.copy(organization.view.organizationID)
      }
      if !known.principalID.isEmpty {
        check.principal =
          Array(known.principalKind.prefix.utf8) + ShadowCheck.copy(known.principalID)
      }
      check.workspace = ShadowCheck.copy(known.workspace)
      check.action = ShadowCheck.copy(after.action.isEmpty ? before.action : after.action)
      // The query is left out: clients put secrets there.
      let end = asked.target.firstIndex(of: UInt8(ascii: "?"))
      check.resource =
        ShadowCheck.copy(asked.method) + [UInt8(ascii: " ")]
        + ShadowCheck.copy(asked.target[0..<(end < 0 ? asked.target.count : end)])
      return check
    }
    return true
  }
}

/// One organization in both sets, either of which may lack it.
private struct SnapshotPair {
  let organization: ByteView
  let live: SnapshotView?
  let staged: SnapshotView?

  init(_ name: ByteView, _ live: SnapshotSet, _ staged: SnapshotSet) {
    func view(_ set: SnapshotSet) -> SnapshotView? {
      let place = set.find(name)
      return place < 0 ? nil : set[place].view
    }
    self.live = view(live)
    self.staged = view(staged)
    organization = self.live?.organizationID ?? self.staged?.organizationID ?? name
  }

  func add(_ question: Question, to tally: inout ShadowTally) {
    let before = live.map { Engine.decide(question, in: $0).reason } ?? .unknownOrganization
    let after = staged.map { Engine.decide(question, in: $0).reason } ?? .unknownOrganization
    tally.add(before, after) {
      ShadowCheck(
        organization: ShadowCheck.copy(organization),
        principal: ShadowCheck.copy(question.principal),
        workspace: ShadowCheck.copy(question.workspace), action: ShadowCheck.copy(question.action),
        resource: ShadowCheck.copy(question.resource), target: ShadowCheck.copy(question.target))
    }
  }
}

extension DictionaryColumn {
  /// The value of a row; empty where there is none.
  fileprivate func value(_ row: Int) -> ByteView {
    let index = indices.isEmpty ? 0 : Int(indices[row])
    return index < values.count ? values[index] : ByteView()
  }
}

extension MessageArena {
  /// `TYPE/ID`, or `TYPE` without an id; nil where the arena is full.
  fileprivate borrowing func name(_ type: ByteView, _ id: ByteView) -> ByteView? {
    if id.isEmpty { return type }
    let joined = type.array + [UInt8(ascii: "/")] + id.array
    return joined.withByteView { copy($0) }
  }
}
