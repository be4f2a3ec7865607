internal import VerdictEngine
internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSnapshot

/// `CheckVisibility`: every principal x permission x resource of a page in one request.
extension Services {
  mutating func checkVisibility(
    _ message: ByteView, _ set: SnapshotSet?, _ reply: inout ReplyBuffer
  ) -> RPCStatus {
    guard let set else { return Services.noSnapshot }
    guard let request = CheckVisibilityRequest(message, in: arena) else { return unreadable() }
    if let failure = fault(request, &reply) { return failure }
    let place = set.find(request.organization)
    let organization = place >= 0 ? set[place] : nil
    if request.generationMin > organization?.generation ?? 0 {
      return awaiting(request.generationMin, organization, &reply)
    }
    guard let pairs = VisibilityPairs(request, organization?.view, arena),
      var visible = ResponseTexts(capacity: pairs.count * request.blockCount, in: arena),
      makeRoom(request, &visible), let origin = origin(organization)
    else { return Services.outOfMemory }
    if let view = organization?.view {
      decide(request, view, pairs, visible)
    } else {
      pairs.add(.unknownOrganization)
    }
    let reasons = pairs.bytes
    for pair in 0..<reasons.count { tally?.count(visibilityReason: reasons[pair]) }
    let response = CheckVisibilityResponse(origin: origin, visible: visible, reasons: reasons)
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
    var ids = 0
    for index in 0..<request.blockCount {
      let block = request.block(index)
      ids += block.ids.count
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
    // Each factor is below the message's byte count, so that the product can't overflow.
    let cells = request.principals.count * request.permissions.count * ids
    if cells > Limits.visibilityCellCountMax {
      return reply.fail(
        .invalidArgument,
        "\(cells) cells (principals x permissions x ids) are more than "
          + "\(Limits.visibilityCellCountMax); send several requests")
    }
    return nil
  }

  // MARK: Deciding

  /// Room for the bits of all (principal, permission) pairs and blocks, all zero, or false where
  /// the arena is full.
  private func makeRoom(
    _ request: CheckVisibilityRequest, _ visible: inout ResponseTexts
  ) -> Bool {
    for _ in 0..<request.principals.count * request.permissions.count {
      for index in 0..<request.blockCount {
        let byteCount = (request.block(index).ids.count + 7) / 8
        guard let bits = unsafe bytes(byteCount) else { return false }
        unsafe bits.update(repeating: 0, count: byteCount)
        unsafe visible.append(ByteView(base: bits, count: byteCount))
      }
    }
    return true
  }

  /// Decides every cell: each resource is looked up once and asked for all pairs.
  private func decide(
    _ request: CheckVisibilityRequest, _ view: SnapshotView, _ pairs: VisibilityPairs,
    _ visible: ResponseTexts
  ) {
    let resources = view.table(.resources)
    let workspace = ResolvedWorkspace(request.workspace, in: view.table(.workspaces))
    for index in 0..<request.blockCount {
      let block = request.block(index)
      let type = view.findType(block.resourceType)
      let targetType = view.findType(block.targetType)
      var offset = 0
      var targetOffset = 0
      for place in 0..<block.ids.count {
        let id = block.ids.id(place, &offset)
        let resource =
          id.isEmpty
          ? (block.resourceType.isEmpty ? ResolvedOperand() : ResolvedOperand(type: type))
          : ResolvedOperand(type: type, id: id, in: resources)
        var target = ResolvedOperand()
        if block.targetIDs.count > 0 {
          let id = block.targetIDs.id(place, &targetOffset)
          if !id.isEmpty { target = ResolvedOperand(type: targetType, id: id, in: resources) }
        }
        var pair = 0
        for principal in 0..<pairs.principalCount {
          for action in 0..<pairs.actionCount {
            let decision = Engine.decide(
              view, principal: pairs.principal(principal), workspace: workspace,
              action: pairs.action(action), resource: resource, target: target)
            pairs.add(decision.reasonByte, isAllow: decision.isAllow, to: pair)
            if decision.isAllow {
              visible.setBit(place, ofText: pair * request.blockCount + index)
            }
            pair += 1
          }
        }
      }
    }
  }
}

/// The (principal, permission) pairs of a page, each looked up once, and the reason that all
/// cells of each share so far.
@safe
private struct VisibilityPairs {
  /// Zero: no cell yet.
  static var none: UInt8 { 0 }
  /// The cells differ, or one is visible.
  static var mixed: UInt8 { .max }

  private let principals: UnsafeMutablePointer<ResolvedPrincipal>
  private let actions: UnsafeMutablePointer<Int16>
  private let reasons: UnsafeMutablePointer<UInt8>
  let principalCount: Int
  let actionCount: Int
  var count: Int { principalCount * actionCount }

  /// Looks everything up; nil where the arena is full.
  init?(
    _ request: CheckVisibilityRequest, _ view: SnapshotView?, _ arena: borrowing MessageArena
  ) {
    principalCount = request.principals.count
    actionCount = request.permissions.count
    let count = principalCount * actionCount
    let stride = MemoryLayout<ResolvedPrincipal>.stride
    guard let first = unsafe arena.allocate(byteCount: principalCount * stride),
      let second = unsafe arena.allocate(byteCount: actionCount * 2),
      let third = unsafe arena.allocate(byteCount: count)
    else { return nil }
    // SAFETY: aligned and large enough; every element is written here before it is read.
    unsafe principals = first.bindMemory(to: ResolvedPrincipal.self, capacity: principalCount)
    unsafe actions = second.bindMemory(to: Int16.self, capacity: actionCount)
    unsafe reasons = third.bindMemory(to: UInt8.self, capacity: count)
    unsafe reasons.initialize(repeating: VisibilityPairs.none, count: count)
    guard let view else { return }
    let table = view.table(.principals)
    for index in 0..<principalCount {
      unsafe (principals + index).initialize(
        to: ResolvedPrincipal(PrincipalName(request.principals[index]), in: table))
    }
    for index in 0..<actionCount {
      unsafe (actions + index).initialize(
        to: Int16(truncatingIfNeeded: view.findAction(request.permissions[index])))
    }
  }

  // SAFETY of all: callers stay below the counts.

  @inline(__always)
  func principal(_ index: Int) -> ResolvedPrincipal { unsafe principals[index] }

  @inline(__always)
  func action(_ index: Int) -> Int { Int(unsafe actions[index]) }

  @inline(__always)
  func add(_ reason: UInt8, isAllow: Bool, to pair: Int) {
    let byte = isAllow ? VisibilityPairs.mixed : reason
    let before = unsafe reasons[pair]
    unsafe reasons[pair] =
      before == VisibilityPairs.none || before == byte ? byte : VisibilityPairs.mixed
  }

  /// Of a page that is refused or fails as a whole.
  func add(_ reason: Reason) {
    for pair in 0..<count { add(reason.rawValue, isAllow: false, to: pair) }
  }

  /// One byte a pair: the shared reason, or zero.
  var bytes: ByteView {
    for pair in 0..<count where unsafe reasons[pair] == VisibilityPairs.mixed {
      unsafe reasons[pair] = VisibilityPairs.none
    }
    return unsafe ByteView(base: reasons, count: count)
  }
}
