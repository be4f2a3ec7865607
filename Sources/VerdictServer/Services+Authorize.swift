internal import VerdictEngine
internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSnapshot

/// `Authorize`, in both forms.
extension Services {
  mutating func authorize(
    _ message: ByteView, _ set: SnapshotSet?, _ reply: inout ReplyBuffer
  ) -> RPCStatus {
    guard let set else { return Services.noSnapshot }
    guard let request = AuthorizeRequest(message, in: arena) else { return unreadable() }
    let columns = request.columns
    let count = columns?.count ?? request.checkCount
    if let failure = fault(request, columns, &reply) { return failure }

    let place = set.find(request.organization)
    let organization = place >= 0 ? set[place] : nil
    if request.generationMin > organization?.generation ?? 0 {
      return awaiting(request.generationMin, organization, &reply)
    }
    guard let room = unsafe arena.allocate(byteCount: count * MemoryLayout<Decision>.stride) else {
      return Services.outOfMemory
    }
    // SAFETY: aligned and large enough; every decision is written before any is read.
    let decisions = unsafe room.bindMemory(to: Decision.self, capacity: count)
    if let view = organization?.view {
      if let columns {
        unsafe decide(request, columns, view, decisions)
      } else {
        unsafe decide(request, view, decisions)
      }
    } else {
      unsafe decisions.initialize(repeating: Decision(.unknownOrganization), count: count)
    }
    return unsafe respond(request, columns, organization, decisions, count, &reply)
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

  /// The plain form.
  @unsafe
  private func decide(
    _ request: AuthorizeRequest, _ view: SnapshotView,
    _ decisions: UnsafeMutablePointer<Decision>
  ) {
    for index in 0..<request.checkCount {
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
    batch.set(defaultPrincipal: request.principal, in: view)
    setDictionaries(columns, defaultWorkspace: request.workspace, view)
    var rows = ColumnBatch.Rows()
    rows.actionOf = columns.actions.indices
    rows.resourceTypeOf = columns.resourceTypes.indices
    rows.targetTypeOf = columns.targetTypes.indices
    rows.workspaceOf = columns.workspaces.indices
    rows.resourceIDs = (columns.resourceIDs.data, columns.resourceIDs.lengths)
    rows.targetIDs = (columns.targetIDs.data, columns.targetIDs.lengths)
    rows.principals = (columns.principals.data, columns.principals.lengths)
    var cursor = ColumnBatch.Cursor()
    // SAFETY: `columnsFault` has found that the columns fit together; there is room for all checks.
    unsafe batch.decide(rows, &cursor, upTo: columns.count, in: view, into: decisions)
  }

  private mutating func setDictionaries(
    _ columns: CheckColumns, defaultWorkspace: ByteView, _ view: SnapshotView
  ) {
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
        workspace: index, value(columns.workspaces, index), default: defaultWorkspace, in: view)
    }
  }

  private func value(_ column: DictionaryColumn, _ index: Int) -> ByteView {
    index < column.values.count ? column.values[index] : ByteView()
  }
}
