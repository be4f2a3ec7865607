internal import VerdictEngine
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSnapshot

/// The (principal, permission) pairs of a page, each looked up once, and the reason that all
/// cells of each share so far.
@safe
struct VisibilityPairs {
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
