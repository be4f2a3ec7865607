internal import VerdictEngine
internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSnapshot

/// `CheckVisibility`: every principal x permission x resource of a page in one request.
extension Services {
  mutating func checkVisibility(
    _ message: ByteView, _ set: SnapshotSet?, mayBegin: Bool, _ reply: inout ReplyBuffer
  ) -> ServiceOutcome {
    guard let set else { return .answered(Services.noSnapshot) }
    guard let request = CheckVisibilityRequest(message, in: arena) else {
      return .answered(unreadable())
    }
    if let failure = fault(request, &reply) { return .answered(failure) }
    let place = set.find(request.organization)
    let organization = place >= 0 ? set[place] : nil
    if request.generationMin > organization?.generation ?? 0 {
      return awaiting(request.generationMin, organization, &reply)
    }
    let preparations = VisibilityPage.preparationCount(request)
    if !isOnWorker && preparations > Limits.visibilityPreparationCountMax { return .forWorkers }
    let isSliced =
      organization != nil && !set.isClosed && request.cellCount > Limits.sliceCheckCount
    if isSliced && !mayBegin { return .mustWait }
    guard var page = VisibilityPage(request, organization?.view, arena) else {
      return .answered(Services.outOfMemory)
    }
    if let organization, isSliced {
      return begin(
        .visibility(VisibilityWork(request: request, organization: organization, page: page)))
    }
    checkCount &+= UInt64(request.cellCount)
    if set.isClosed {
      page.refuse(.stale)
    } else if let view = organization?.view {
      _ = page.decide(request, view, cellCount: .max)
    } else {
      page.refuse(.unknownOrganization)
    }
    return .answered(pack(request, page, organization, &reply))
  }

  mutating func pack(
    _ request: CheckVisibilityRequest, _ page: VisibilityPage,
    _ organization: SnapshotSet.Organization?, _ reply: inout ReplyBuffer
  ) -> RPCStatus {
    guard let origin = origin(organization) else { return Services.outOfMemory }
    let reasons = page.reasons
    note(request, reasons, organization, origin.decisionID)
    let response = CheckVisibilityResponse(
      origin: origin, visible: page.visible, reasons: reasons)
    // SAFETY: the reply reserved as many bytes as the message has.
    unsafe response.pack { unsafe reply.claim($0) }
    return .ok
  }

  // MARK: Faults of a whole request

  private func fault(
    _ request: CheckVisibilityRequest, _ reply: inout ReplyBuffer
  ) -> RPCStatus? {
    if request.principals.count == 0 { return RPCStatus(.invalidArgument, "principals: empty") }
    if request.permissions.count == 0 { return RPCStatus(.invalidArgument, "permissions: empty") }
    if request.blockCount == 0 { return RPCStatus(.invalidArgument, "blocks: empty") }
    if !request.organization.isEmpty, !Identifier.isValid(request.organization) {
      return RPCStatus(
        .invalidArgument, "organization: not an id (1 to 255 bytes of UTF-8 without NUL)")
    }
    if !request.workspace.isEmpty, !Identifier.isValid(request.workspace) {
      return RPCStatus(
        .invalidArgument, "workspace: not an id (1 to 255 bytes of UTF-8 without NUL)")
    }
    for index in 0..<request.blockCount {
      let block = request.block(index)
      if block.ids.count == 0 {
        return reply.fail(.invalidArgument, "blocks[\(index)].ids: empty")
      }
      if !block.ids.isConsistent || !block.targetIDs.isConsistent {
        return reply.fail(
          .invalidArgument, "blocks[\(index)]: the bytes of its ids are not the sum of `lengths`")
      }
      if block.targetIDs.count != 0 && block.targetIDs.count != block.ids.count {
        return reply.fail(
          .invalidArgument,
          "blocks[\(index)].target_ids: \(block.targetIDs.count) targets for \(block.ids.count) "
            + "ids; send one for each or none")
      }
    }
    let cells = request.cellCount
    if cells > Limits.visibilityCellCountMax {
      return reply.fail(
        .invalidArgument,
        "\(cells) cells (principals x permissions x ids) are more than "
          + "\(Limits.visibilityCellCountMax); send several requests")
    }
    return nil
  }
}

extension CheckVisibilityRequest {
  /// Cells of the whole page. Each factor is below the message's byte count, so that the product
  /// can't overflow.
  var cellCount: Int {
    var ids = 0
    for index in 0..<blockCount { ids += block(index).ids.count }
    return principals.count * permissions.count * ids
  }
}
