internal import VerdictEngine
internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSnapshot

/// `Authorize`, in both forms.
extension Services {
  mutating func authorize(
    _ message: ByteView, _ set: SnapshotSet?, mayBegin: Bool, _ reply: inout ReplyBuffer
  ) -> ServiceOutcome {
    guard let set else { return .answered(Services.noSnapshot) }
    guard let request = AuthorizeRequest(message, in: arena) else {
      return .answered(unreadable())
    }
    let columns = request.columns
    let count = columns?.count ?? request.checkCount
    if let failure = fault(request, columns, &reply) { return .answered(failure) }
    let place = set.find(request.organization)
    let organization = place >= 0 ? set[place] : nil
    if request.generationMin > organization?.generation ?? 0 {
      return awaiting(request.generationMin, organization, &reply)
    }
    let isSliced = organization != nil && !set.isClosed && count > Limits.sliceCheckCount
    if isSliced && !mayBegin { return .mustWait }
    guard let room = unsafe arena.allocate(byteCount: count * MemoryLayout<Decision>.stride) else {
      return .answered(Services.outOfMemory)
    }
    // SAFETY: aligned and large enough; every decision is written before any is read.
    let decisions = unsafe room.bindMemory(to: Decision.self, capacity: count)
    if set.isClosed {
      unsafe decisions.initialize(repeating: Decision(.stale), count: count)
    } else if let organization {
      if isSliced { return unsafe begin(request, columns, organization, decisions, count) }
      if let columns {
        unsafe decide(request, columns, organization.view, decisions)
      } else {
        unsafe decide(request, 0..<count, organization.view, decisions)
      }
    } else {
      unsafe decisions.initialize(repeating: Decision(.unknownOrganization), count: count)
    }
    checkCount &+= UInt64(truncatingIfNeeded: count)
    return .answered(
      unsafe respond(request, columns, organization, decisions, count, &reply))
  }

  /// Puts a request that is to be decided in slices into a place.
  @unsafe
  private mutating func begin(
    _ request: AuthorizeRequest, _ columns: CheckColumns?,
    _ organization: SnapshotSet.Organization, _ decisions: UnsafeMutablePointer<Decision>,
    _ count: Int
  ) -> ServiceOutcome {
    if let columns { setDictionaries(request, columns, organization.view) }
    return begin(
      .authorize(unsafe AuthorizeWork(request, columns, organization, decisions, count)))
  }

  // MARK: Faults of a whole request

  /// What is wrong with the request as a whole, or nil. Nothing of it is looked at before.
  private func fault(
    _ request: AuthorizeRequest, _ columns: CheckColumns?, _ reply: inout ReplyBuffer
  ) -> RPCStatus? {
    if let failure = sizeFault(request, columns, &reply) { return failure }
    if let columns, let failure = columnsFault(columns, &reply) { return failure }
    return defaultsFault(request)
  }

  private func sizeFault(
    _ request: AuthorizeRequest, _ columns: CheckColumns?, _ reply: inout ReplyBuffer
  ) -> RPCStatus? {
    guard let columns else {
      if request.checkCount == 0 {
        return RPCStatus(.invalidArgument, "checks: empty; send `checks` or `columns`")
      }
      if request.checkCount > Limits.plainCheckCountMax {
        return reply.fail(
          .invalidArgument,
          "checks: \(request.checkCount) checks are more than \(Limits.plainCheckCountMax); use "
            + "`columns` or several requests")
      }
      return nil
    }
    if request.checkCount > 0 {
      return RPCStatus(.invalidArgument, "checks: given beside `columns`; send one of the two")
    }
    if columns.count == 0 {
      return RPCStatus(.invalidArgument, "columns.count: 0; it is the number of checks")
    }
    if columns.count > Limits.columnCheckCountMax {
      return reply.fail(
        .invalidArgument,
        "columns.count: \(columns.count) checks are more than \(Limits.columnCheckCountMax)")
    }
    return nil
  }

  /// Shared defaults that are no ids make the whole request invalid.
  private func defaultsFault(_ request: AuthorizeRequest) -> RPCStatus? {
    if !request.organization.isEmpty, !Identifier.isValid(request.organization) {
      return RPCStatus(
        .invalidArgument, "organization: not an id (1 to 255 bytes of UTF-8 without NUL)")
    }
    if !request.principal.isEmpty, !Identifier.isValid(PrincipalName(request.principal).id) {
      return RPCStatus(
        .invalidArgument, "principal: not an id (1 to 255 bytes of UTF-8 without NUL)")
    }
    if !request.workspace.isEmpty, !Identifier.isValid(request.workspace) {
      return RPCStatus(
        .invalidArgument, "workspace: not an id (1 to 255 bytes of UTF-8 without NUL)")
    }
    return nil
  }

  private func columnsFault(_ columns: CheckColumns, _ reply: inout ReplyBuffer) -> RPCStatus? {
    let count = columns.count
    return fault("action", columns.actions, count, &reply)
      ?? fault("resource_type", columns.resourceTypes, count, &reply)
      ?? fault("target_type", columns.targetTypes, count, &reply)
      ?? fault("workspace", columns.workspaces, count, &reply)
      ?? fault("resource_ids", columns.resourceIDs, count, &reply)
      ?? fault("target_ids", columns.targetIDs, count, &reply)
      ?? fault("principals", columns.principals, count, &reply)
  }

  private func fault(
    _ name: StaticString, _ column: DictionaryColumn, _ count: Int, _ reply: inout ReplyBuffer
  ) -> RPCStatus? {
    guard let fault = column.fault(rowCount: count) else { return nil }
    let row = fault.row.map { "[\($0)]" } ?? ""
    return reply.fail(.invalidArgument, "columns.\(name)_of\(row): \(fault.text)")
  }

  private func fault(
    _ name: StaticString, _ list: IDList, _ count: Int, _ reply: inout ReplyBuffer
  ) -> RPCStatus? {
    if list.count != 0 && list.count != count {
      return reply.fail(
        .invalidArgument,
        "columns.\(name).lengths: \(list.count) ids for \(count) checks; send one for each check "
          + "or none")
    }
    if !list.isConsistent {
      return reply.fail(
        .invalidArgument, "columns.\(name).data: its bytes are not the sum of `lengths`")
    }
    return nil
  }

  // MARK: Deciding

  /// Checks of the plain form.
  @unsafe
  func decide(
    _ request: AuthorizeRequest, _ range: Range<Int>, _ view: SnapshotView,
    _ decisions: UnsafeMutablePointer<Decision>
  ) {
    for index in range {
      // SAFETY: the caller made room for all checks.
      unsafe (decisions + index).initialize(
        to: Engine.decide(question(request, index), in: view))
    }
  }

  /// A check of the plain form with the request's defaults filled in.
  func question(_ request: AuthorizeRequest, _ index: Int) -> Question {
    let check = request[index]
    return Question(
      principal: check.principal.isEmpty ? request.principal : check.principal,
      workspace: check.workspace.isEmpty ? request.workspace : check.workspace,
      action: check.action, resource: check.resource, target: check.target)
  }

  /// The columns form.
  @unsafe
  private mutating func decide(
    _ request: AuthorizeRequest, _ columns: CheckColumns, _ view: SnapshotView,
    _ decisions: UnsafeMutablePointer<Decision>
  ) {
    setDictionaries(request, columns, view)
    var cursor = ColumnBatch.Cursor()
    // SAFETY: `columnsFault` has found that the columns fit together; there is room for all checks.
    unsafe batch.decide(
      ColumnBatch.Rows(columns), &cursor, upTo: columns.count, in: view, into: decisions)
  }

  private mutating func setDictionaries(
    _ request: AuthorizeRequest, _ columns: CheckColumns, _ view: SnapshotView
  ) {
    batch.set(defaultPrincipal: request.principal, in: view)
    // A column without values is one empty value for all checks.
    for index in 0..<max(columns.actions.values.count, 1) {
      batch.set(action: index, value(columns.actions, index), in: view)
    }
    for index in 0..<max(columns.resourceTypes.values.count, 1) {
      batch.set(resourceType: index, value(columns.resourceTypes, index), in: view)
    }
    for index in 0..<max(columns.targetTypes.values.count, 1) {
      batch.set(targetType: index, value(columns.targetTypes, index), in: view)
    }
    for index in 0..<max(columns.workspaces.values.count, 1) {
      batch.set(
        workspace: index, value(columns.workspaces, index), default: request.workspace, in: view)
    }
  }

  private func value(_ column: DictionaryColumn, _ index: Int) -> ByteView {
    index < column.values.count ? column.values[index] : ByteView()
  }
}
