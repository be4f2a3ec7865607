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
    if let failure = sizeFault(request, columns, &reply) { return failure }

    guard let room = unsafe arena.allocate(byteCount: count * MemoryLayout<Decision>.stride) else {
      return Services.outOfMemory
    }
    // SAFETY: aligned and large enough; every decision is written before any is read.
    let decisions = unsafe room.bindMemory(to: Decision.self, capacity: count)
    let place = set.find(request.organization)
    guard place >= 0 else {
      if !request.organization.isEmpty, !isID(request.organization) {
        return RPCStatus(
          .invalidArgument, "organization: not an id (1 to 255 bytes of UTF-8 without NUL)")
      }
      unsafe decisions.initialize(repeating: Decision(.unknownOrganization), count: count)
      return unsafe respond(request, columns, nil, decisions, count, &reply)
    }
    let organization = set[place]
    if let failure = defaultsFault(request, organization.view, &reply) { return failure }
    if let columns {
      if let failure = unsafe decide(request, columns, organization.view, decisions, &reply) {
        return failure
      }
    } else {
      unsafe decide(request, organization.view, decisions)
    }
    return unsafe respond(request, columns, organization, decisions, count, &reply)
  }

  // MARK: Faults of a whole request

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
  private func defaultsFault(
    _ request: AuthorizeRequest, _ view: SnapshotView, _ reply: inout ReplyBuffer
  ) -> RPCStatus? {
    if !request.principal.isEmpty, !isID(PrincipalName(request.principal).id) {
      return RPCStatus(
        .invalidArgument, "principal: not an id (1 to 255 bytes of UTF-8 without NUL)")
    }
    if !request.workspace.isEmpty, !isID(request.workspace) {
      return RPCStatus(
        .invalidArgument, "workspace: not an id (1 to 255 bytes of UTF-8 without NUL)")
    }
    return nil
  }

  private func isID(_ id: ByteView) -> Bool { Identifier.isValid(id) }

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

  /// The columns form; answers what is wrong with the columns, or nil.
  @unsafe
  private mutating func decide(
    _ request: AuthorizeRequest, _ columns: CheckColumns, _ view: SnapshotView,
    _ decisions: UnsafeMutablePointer<Decision>, _ reply: inout ReplyBuffer
  ) -> RPCStatus? {
    if let failure = columnsFault(columns, &reply) { return failure }
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
    // SAFETY: the columns were just checked to fit together; there is room for all checks.
    unsafe batch.decide(rows, &cursor, upTo: columns.count, in: view, into: decisions)
    return nil
  }

  private func columnsFault(_ columns: CheckColumns, _ reply: inout ReplyBuffer) -> RPCStatus? {
    let dictionaries = [
      ("action", columns.actions), ("resource_type", columns.resourceTypes),
      ("target_type", columns.targetTypes), ("workspace", columns.workspaces),
    ]
    for (name, column) in dictionaries {
      if let fault = column.fault(rowCount: columns.count) {
        let row = fault.row.map { "[\($0)]" } ?? ""
        return reply.fail(.invalidArgument, "columns.\(name)_of\(row): \(fault.text)")
      }
    }
    let lists = [
      ("resource_ids", columns.resourceIDs), ("target_ids", columns.targetIDs),
      ("principals", columns.principals),
    ]
    for (name, list) in lists {
      if list.count != 0 && list.count != columns.count {
        return reply.fail(
          .invalidArgument,
          "columns.\(name).lengths: \(list.count) ids for \(columns.count) checks; send one for "
            + "each check or none")
      }
      if !list.isConsistent {
        return reply.fail(
          .invalidArgument, "columns.\(name).data: its bytes are not the sum of `lengths`")
      }
    }
    return nil
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
