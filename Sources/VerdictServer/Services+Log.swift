internal import VerdictEngine
internal import VerdictGateway
internal import VerdictLog
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSnapshot

/// What counters and the decision log are told of a request: how its checks came out, and, where it
/// is to have a record, what they were. It lies in `logDraft` until the loop concludes the request.
extension Services {
  /// - Precondition: `decisions` holds a decision for each check of the response.
  @unsafe
  @inline(__always)
  mutating func note(
    _ request: AuthorizeRequest, _ columns: CheckColumns?,
    _ organization: SnapshotSet.Organization?, _ decisions: UnsafeMutablePointer<Decision>,
    _ response: borrowing AuthorizeResponse
  ) {
    let reasons = response.reasons
    let id = response.origin.decisionID
    if reasons.count == 1 { logDraft.count(reasons[0]) } else { logDraft.count(reasons) }
    guard logDraft.isOn, logDraft.wants(id) else { return }
    unsafe write(request, columns, organization, decisions, reasons.count, id)
  }

  @unsafe
  @inline(never)
  private mutating func write(
    _ request: AuthorizeRequest, _ columns: CheckColumns?,
    _ organization: SnapshotSet.Organization?, _ decisions: UnsafeMutablePointer<Decision>,
    _ count: Int, _ id: ByteView
  ) {
    var head = Services.head(id, organization, named: request.organization)
    head.principal = LogText(request.principal)
    head.workspace = request.workspace
    var rows = columns.map { LogRows($0) }
    if count == 1, rows == nil {
      // One check: what it says itself is the request's.
      let check = question(request, 0)
      head.principal = LogText(check.principal)
      head.workspace = check.workspace
    }
    logDraft.begin(head)
    for index in 0..<count {
      // SAFETY: `count` decisions.
      let decision = unsafe decisions[index]
      let isListed = count <= LogLimits.listedCheckCountMax || !decision.isAllow
      var item = LogItem(index: index, reason: decision.reasonByte)
      if rows != nil {
        rows?.fill(&item, index)
      } else if isListed {
        Services.fill(&item, request[index], isOnly: count == 1)
      }
      guard isListed else { continue }
      if let view = organization?.view { Services.fill(&item, decision, view) }
      guard logDraft.append(item) else { break }
    }
    logDraft.end()
  }

  private static func head(
    _ id: ByteView, _ organization: SnapshotSet.Organization?, named name: ByteView
  ) -> LogHead {
    var head = LogHead(id: id)
    head.organization = name
    if let organization {
      head.digest = organization.digest
      head.generation = organization.generation
      head.organization = organization.view.organizationID
    }
    return head
  }

  /// What a check of the plain form says.
  private static func fill(_ item: inout LogItem, _ check: PlainCheck, isOnly: Bool) {
    item.action = LogText(check.action)
    item.resource = LogText(check.resource)
    item.target = LogText(check.target)
    if isOnly { return }
    item.principal = LogText(check.principal)
    item.workspace = LogText(check.workspace)
  }

  /// The first missing term.
  private static func fill(_ item: inout LogItem, _ decision: Decision, _ view: SnapshotView) {
    if decision.permission != Decision.none {
      item.permission = LogText(view.permissionName(Int(decision.permission)))
    }
    item.operand = decision.operand.rawValue
    if decision.operand == .related {
      let resources = view.table(.resources)
      let slot = Int(decision.relatedSlot)
      item.related = LogText(
        type: view.typeName(Int(resources.slot(slot).tag)), id: resources.key(slot: slot))
    }
  }

  // MARK: Pages

  /// Each pair of principal and permission is one check.
  mutating func note(
    _ request: CheckVisibilityRequest, _ reasons: ByteView,
    _ organization: SnapshotSet.Organization?, _ id: ByteView
  ) {
    logDraft.count(reasons)
    guard logDraft.isOn, logDraft.wants(id) else { return }
    var head = Services.head(id, organization, named: request.organization)
    head.workspace = request.workspace
    logDraft.begin(head)
    let actionCount = request.permissions.count
    for pair in 0..<reasons.count {
      if reasons.count > LogLimits.listedCheckCountMax, LogDraft.isAllowed(reasons[pair]) {
        continue
      }
      var item = LogItem(index: pair, reason: reasons[pair])
      item.principal = LogText(request.principals[pair / actionCount])
      item.action = LogText(request.permissions[pair % actionCount])
      guard logDraft.append(item) else { break }
    }
    logDraft.end()
  }

  // MARK: Gateways

  /// The whole request is one check: of those that its route asks for the first that doesn't allow.
  mutating func note(_ answer: GatewayAnswer, _ id: ByteView) {
    logDraft.count(answer.reason.rawValue)
    guard logDraft.isOn, logDraft.wants(id) else { return }
    var head = Services.head(id, answer.organization, named: ByteView())
    if !answer.principalID.isEmpty {
      head.principal = LogText(answer.principalKind, id: answer.principalID)
    }
    head.workspace = answer.workspace
    head.route = answer.route
    logDraft.begin(head)
    var item = LogItem(index: 0, reason: answer.reason.rawValue)
    item.action = LogText(answer.action)
    if let view = answer.organization?.view {
      item.resource = Services.text(answer.resource, view)
      item.target = Services.text(answer.target, view)
      if let decision = answer.decision { Services.fill(&item, decision, view) }
    }
    _ = logDraft.append(item)
    logDraft.end()
  }

  /// An id from a request at a gateway may be anything; what is no id does not belong in the log.
  private static func text(_ operand: GatewayAnswer.Operand, _ view: SnapshotView) -> LogText {
    guard operand.type >= 0, operand.id.isEmpty || Identifier.isValid(operand.id) else {
      return LogText()
    }
    return LogText(type: view.typeName(operand.type), id: operand.id)
  }

  // MARK: For the loop

  mutating func conclude(_ end: LogEnd, _ log: inout LogSource, _ tally: LoopTally) {
    let words: Int
    switch Method(rawValue: end.method) {
    case .authorize, .authorizeStream:
      words = LoopTally.reasons
      if logDraft.checkCount > 0 { tally.count(batchOf: Int(logDraft.checkCount)) }
    case .checkVisibility: words = LoopTally.visibility
    case .externalAuthorization: words = LoopTally.gateway
    case nil where end.method == LogVocabulary.forwardAuth: words = LoopTally.gateway
    default: return
    }
    logDraft.forEachReason { tally.add(UInt64($1), at: words + Int($0)) }
    log.note(end, &logDraft)
  }

  mutating func detachDraft() -> LogParcel? { logDraft.detach() }

  mutating func restore(_ parcel: LogParcel) { logDraft.restore(parcel) }
}

/// The checks of the columns form one after the other.
private struct LogRows {
  private let columns: CheckColumns
  private var resourceOffset = 0
  private var targetOffset = 0
  private var principalOffset = 0

  init(_ columns: CheckColumns) { self.columns = columns }

  /// What the check of a row says; rows are taken in order.
  mutating func fill(_ item: inout LogItem, _ row: Int) {
    item.action = LogText(value(columns.actions, row))
    item.workspace = LogText(value(columns.workspaces, row))
    item.resource = LogText(
      type: value(columns.resourceTypes, row), id: id(columns.resourceIDs, row, &resourceOffset))
    item.target = LogText(
      type: value(columns.targetTypes, row), id: id(columns.targetIDs, row, &targetOffset))
    item.principal = LogText(id(columns.principals, row, &principalOffset))
  }

  private func value(_ column: DictionaryColumn, _ row: Int) -> ByteView {
    let index = column.indices.isEmpty ? 0 : Int(column.indices[row])
    return index < column.values.count ? column.values[index] : ByteView()
  }

  private func id(_ ids: IDList, _ row: Int, _ offset: inout Int) -> ByteView {
    ids.count == 0 ? ByteView() : ids.id(row, &offset)
  }
}
