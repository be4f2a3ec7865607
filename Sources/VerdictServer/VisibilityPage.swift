internal import VerdictEngine
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSnapshot

/// A page of cells while it is decided: block by block, id by id, each id looked up once and asked
/// for all (principal, permission) pairs. It can stop before any cell and go on later.
@safe
struct VisibilityPage {
  private let pairs: VisibilityPairs
  /// The bits of all pairs and blocks.
  private(set) var visible: ResponseTexts

  // Where the next cell is.
  private var block = 0
  private var place = 0
  private var pair = 0
  private var offset = 0
  private var targetOffset = 0
  // What the id at that place is, as soon as it has been looked up.
  private var resource = ResolvedOperand()
  private var target = ResolvedOperand()

  /// What has to be made before the first cell, and put into the answer after the last: texts and
  /// look-ups.
  static func preparationCount(_ request: CheckVisibilityRequest) -> Int {
    request.principals.count + request.permissions.count
      + request.principals.count * request.permissions.count * request.blockCount
  }

  /// Looks up principals and permissions; nil where the arena is full.
  init?(
    _ request: CheckVisibilityRequest, _ view: SnapshotView?, _ arena: borrowing MessageArena
  ) {
    guard let pairs = VisibilityPairs(request, view, arena),
      var visible = ResponseTexts(capacity: pairs.count * request.blockCount, in: arena)
    else { return nil }
    for _ in 0..<pairs.count {
      for index in 0..<request.blockCount {
        let byteCount = (request.block(index).ids.count + 7) / 8
        guard let room = unsafe arena.allocate(byteCount: byteCount) else { return nil }
        // SAFETY: as many bytes as were asked for, all zero from here on.
        let bits = unsafe room.bindMemory(to: UInt8.self, capacity: byteCount)
        unsafe bits.update(repeating: 0, count: byteCount)
        unsafe visible.append(ByteView(base: bits, count: byteCount))
      }
    }
    self.pairs = pairs
    self.visible = visible
  }

  /// One byte a pair: the reason that all its cells share, or zero.
  var reasons: ByteView { pairs.bytes }

  /// Refuses every cell for one reason.
  func refuse(_ reason: Reason) { pairs.add(reason) }

  /// Decides so many cells more, or all that are left.
  /// - Returns: whether all are decided.
  mutating func decide(
    _ request: CheckVisibilityRequest, _ view: SnapshotView, cellCount: Int
  ) -> Bool {
    var left = cellCount
    let workspace = ResolvedWorkspace(request.workspace, in: view.table(.workspaces))
    while block < request.blockCount {
      let current = request.block(block)
      let type = view.findType(current.resourceType)
      let targetType = view.findType(current.targetType)
      while place < current.ids.count {
        if pair == 0 { lookUp(current, type: type, targetType: targetType, view) }
        let end = min(pairs.count, left < pairs.count - pair ? pair + left : pairs.count)
        left -= end - pair
        decidePairs(upTo: end, blockCount: request.blockCount, workspace, view)
        if pair < pairs.count { return false }
        pair = 0
        place += 1
        if left == 0 { break }
      }
      if place < current.ids.count { return false }
      block += 1
      place = 0
      offset = 0
      targetOffset = 0
      if left == 0 { return block == request.blockCount }
    }
    return true
  }

  private mutating func lookUp(
    _ block: VisibilityBlock, type: Int, targetType: Int, _ view: SnapshotView
  ) {
    let resources = view.table(.resources)
    let id = block.ids.id(place, &offset)
    resource =
      id.isEmpty
      ? (block.resourceType.isEmpty ? ResolvedOperand() : ResolvedOperand(type: type))
      : ResolvedOperand(type: type, id: id, in: resources)
    target = ResolvedOperand()
    if block.targetIDs.count > 0 {
      let id = block.targetIDs.id(place, &targetOffset)
      if !id.isEmpty { target = ResolvedOperand(type: targetType, id: id, in: resources) }
    }
  }

  @inline(__always)
  private mutating func decidePairs(
    upTo end: Int, blockCount: Int, _ workspace: ResolvedWorkspace, _ view: SnapshotView
  ) {
    var principal = pair / pairs.actionCount
    var action = pair % pairs.actionCount
    while pair < end {
      let decision = Engine.decide(
        view, principal: pairs.principal(principal), workspace: workspace,
        action: pairs.action(action), resource: resource, target: target)
      pairs.add(decision.reasonByte, isAllow: decision.isAllow, to: pair)
      if decision.isAllow { visible.setBit(place, ofText: pair * blockCount + block) }
      pair += 1
      action += 1
      if action == pairs.actionCount {
        action = 0
        principal += 1
      }
    }
  }
}
