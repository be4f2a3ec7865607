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
    let pairs = request.principals.count * request.permissions.count
    guard var visible = ResponseTexts(capacity: pairs * request.blockCount, in: arena),
      let reasons = unsafe bytes(pairs)
    else { return Services.outOfMemory }
    let place = set.find(request.organization)
    let organization = place >= 0 ? set[place] : nil
    let isDone =
      if let organization {
        unsafe decide(request, organization.view, &visible, reasons)
      } else {
        unsafe refuse(request, .unknownOrganization, &visible, reasons)
      }
    guard isDone else { return Services.outOfMemory }
    let response = unsafe CheckVisibilityResponse(
      origin: origin(organization), visible: visible,
      reasons: ByteView(base: reasons, count: pairs))
    // SAFETY: the reply reserved as many bytes as the message has.
    unsafe response.pack { byteCount in
      let room = unsafe reply.reserve(byteCount)
      reply.commit(byteCount)
      return unsafe room
    }
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

  /// All cells share one reason.
  @unsafe
  private func refuse(
    _ request: CheckVisibilityRequest, _ reason: Reason, _ visible: inout ResponseTexts,
    _ reasons: UnsafeMutablePointer<UInt8>
  ) -> Bool {
    for pair in 0..<request.principals.count * request.permissions.count {
      // SAFETY: one byte a pair.
      unsafe reasons[pair] = reason.rawValue
      for index in 0..<request.blockCount {
        let byteCount = (request.block(index).ids.count + 7) / 8
        guard let bits = unsafe bytes(byteCount) else { return false }
        unsafe bits.update(repeating: 0, count: byteCount)
        unsafe visible.append(ByteView(base: bits, count: byteCount))
      }
    }
    return true
  }

  @unsafe
  private func decide(
    _ request: CheckVisibilityRequest, _ view: SnapshotView, _ visible: inout ResponseTexts,
    _ reasons: UnsafeMutablePointer<UInt8>
  ) -> Bool {
    guard let page = VisibilityPage(request, view, arena) else { return false }
    let workspace = ResolvedWorkspace(request.workspace, in: view.table(.workspaces))
    let principals = view.table(.principals)
    var pair = 0
    for index in 0..<request.principals.count {
      let principal = ResolvedPrincipal(PrincipalName(request.principals[index]), in: principals)
      for permission in 0..<request.permissions.count {
        let action = view.findAction(request.permissions[permission])
        var shared = SharedReason()
        for block in 0..<request.blockCount {
          let count = request.block(block).ids.count
          guard let bits = unsafe bytes((count + 7) / 8) else { return false }
          unsafe bits.update(repeating: 0, count: (count + 7) / 8)
          for place in 0..<count {
            let decision = Engine.decide(
              view, principal: principal, workspace: workspace, action: action,
              resource: page.resource(block, place), target: page.target(block, place))
            shared.add(decision.reason)
            if decision.effect == .allow {
              // SAFETY: a bit for every id.
              unsafe bits[place >> 3] |= 1 << UInt8(place & 7)
            }
          }
          unsafe visible.append(ByteView(base: bits, count: (count + 7) / 8))
        }
        // SAFETY: one byte a pair.
        unsafe reasons[pair] = shared.byte
        pair += 1
      }
    }
    return true
  }
}

/// The reason that all cells so far share, if none is visible.
private struct SharedReason {
  private var first: Reason?
  private var differs = false

  mutating func add(_ reason: Reason) {
    if reason.effect == .allow || (first ?? reason) != reason { differs = true }
    first = reason
  }

  var byte: UInt8 { differs ? 0 : first?.rawValue ?? 0 }
}

/// The resources of a page, each looked up once.
@safe
private struct VisibilityPage {
  private let blocks: UnsafeMutablePointer<Block>

  @unsafe
  private struct Block {
    let resources: UnsafeMutablePointer<ResolvedOperand>
    /// nil: the block has no targets.
    let targets: UnsafeMutablePointer<ResolvedOperand>?
  }

  /// Looks everything up; nil where the arena is full.
  init?(
    _ request: CheckVisibilityRequest, _ view: SnapshotView, _ arena: borrowing MessageArena
  ) {
    let byteCount = unsafe request.blockCount * MemoryLayout<Block>.stride
    guard let room = unsafe arena.allocate(byteCount: byteCount) else { return nil }
    // SAFETY: aligned and large enough; every block is written below.
    unsafe blocks = room.bindMemory(to: Block.self, capacity: request.blockCount)
    for index in 0..<request.blockCount {
      let block = request.block(index)
      guard
        let resources = unsafe Self.look(
          block.resourceType, block.ids, emptyIsAbsent: false, view, arena)
      else {
        return nil
      }
      var targets: UnsafeMutablePointer<ResolvedOperand>?
      if block.targetIDs.count > 0 {
        guard
          let found = unsafe Self.look(
            block.targetType, block.targetIDs, emptyIsAbsent: true, view, arena)
        else {
          return nil
        }
        unsafe targets = found
      }
      unsafe (blocks + index).initialize(to: Block(resources: resources, targets: targets))
    }
  }

  @inline(__always)
  func resource(_ block: Int, _ place: Int) -> ResolvedOperand {
    // SAFETY: callers stay below the counts of the request that the page was made from.
    unsafe blocks[block].resources[place]
  }

  @inline(__always)
  func target(_ block: Int, _ place: Int) -> ResolvedOperand {
    // SAFETY: as above.
    guard let targets = unsafe blocks[block].targets else { return ResolvedOperand() }
    return unsafe targets[place]
  }

  private static func look(
    _ typeName: ByteView, _ ids: IDList, emptyIsAbsent: Bool, _ view: SnapshotView,
    _ arena: borrowing MessageArena
  ) -> UnsafeMutablePointer<ResolvedOperand>? {
    let byteCount = ids.count * MemoryLayout<ResolvedOperand>.stride
    guard let room = unsafe arena.allocate(byteCount: byteCount) else { return nil }
    // SAFETY: aligned and large enough; every element is written below.
    let operands = unsafe room.bindMemory(to: ResolvedOperand.self, capacity: ids.count)
    let table = view.table(.resources)
    let type = view.findType(typeName)
    var offset = 0
    for index in 0..<ids.count {
      let end = offset + Int(ids.lengths[index])
      let id = ids.data[offset..<end]
      let isGiven = !id.isEmpty || (!typeName.isEmpty && !emptyIsAbsent)
      unsafe (operands + index).initialize(
        to: id.isEmpty
          ? (isGiven ? ResolvedOperand(type: type) : ResolvedOperand())
          : ResolvedOperand(type: type, id: id, in: table))
      offset = end
    }
    return unsafe operands
  }
}
