internal import CProtobufC
internal import Glibc
internal import VerdictModel

/// Memory for the messages of one request: handed out by moving a pointer, given back all at once.
///
/// It is the allocator that protobuf-c unpacks with, so that no request allocates once the arena
/// is warm, and a hostile message (protobuf-c copies every unknown field, at 44 times its size)
/// runs into `Limits.arenaByteCountMax` instead of the machine's memory: unpacking fails then.
///
/// One thread at a time. What it hands out is valid until `reset`.
@safe
public struct MessageArena: ~Copyable {
  @unsafe
  struct State {
    var allocator: ProtobufCAllocator
    var base: UnsafeMutableRawPointer
    var capacity: Int
    var used: Int
    /// Bytes of the blocks before the current one: a chain through the first word of each block.
    var fullByteCount: Int
    var isExhausted: Bool
  }

  let state: UnsafeMutablePointer<State>

  public init() {
    // SAFETY: every field is set before anybody reads it; freed by `deinit`.
    unsafe state = UnsafeMutablePointer<State>.allocate(capacity: 1)
    unsafe state.initialize(
      to: State(
        allocator: ProtobufCAllocator(
          alloc: MessageArena.allocate, free: MessageArena.ignore,
          allocator_data: UnsafeMutableRawPointer(state)),
        base: UnsafeMutableRawPointer.allocate(
          byteCount: Limits.arenaByteCountKept, alignment: MessageArena.alignment),
        capacity: Limits.arenaByteCountKept, used: MessageArena.alignment, fullByteCount: 0,
        isExhausted: false))
    unsafe state.pointee.base.storeBytes(of: nil, as: UnsafeMutableRawPointer?.self)
  }

  deinit {
    reset()
    // SAFETY: allocated by the initialiser.
    unsafe state.pointee.base.deallocate()
    unsafe state.deallocate()
  }

  private static var alignment: Int { 16 }

  /// Whether a request ran into the limit since the last `reset`.
  public var isExhausted: Bool {
    // SAFETY: the state lives as long as the arena.
    unsafe state.pointee.isExhausted
  }

  /// Gives everything back and keeps the first block, of `Limits.arenaByteCountKept` bytes.
  public borrowing func reset() {
    // SAFETY: the chain leads from the current block to the first one; each was allocated here.
    while let previous = unsafe state.pointee.base.load(as: UnsafeMutableRawPointer?.self) {
      unsafe state.pointee.base.deallocate()
      unsafe state.pointee.base = previous
      unsafe state.pointee.capacity = Limits.arenaByteCountKept
    }
    unsafe state.pointee.used = MessageArena.alignment
    unsafe state.pointee.fullByteCount = 0
    unsafe state.pointee.isExhausted = false
  }

  /// Room for `byteCount` bytes, aligned to 16, or nil at the limit. The bytes are not zero.
  @unsafe
  public borrowing func allocate(byteCount: Int) -> UnsafeMutableRawPointer? {
    unsafe MessageArena.allocate(state, byteCount)
  }

  /// The allocator for protobuf-c; valid as long as the arena.
  var allocator: UnsafeMutablePointer<ProtobufCAllocator> {
    // SAFETY: the allocator is the state's first field.
    unsafe UnsafeMutableRawPointer(state).assumingMemoryBound(to: ProtobufCAllocator.self)
  }

  // MARK: The allocator

  private static let allocate:
    @convention(c) (UnsafeMutableRawPointer?, Int) -> UnsafeMutableRawPointer? = {
      data, byteCount in
      guard let data = unsafe data else { return nil }
      return unsafe MessageArena.allocate(data.assumingMemoryBound(to: State.self), byteCount)
    }

  private static let ignore:
    @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Void = { _, _ in }

  private static func allocate(
    _ state: UnsafeMutablePointer<State>, _ byteCount: Int
  ) -> UnsafeMutableRawPointer? {
    // SAFETY: the state is alive; blocks are owned by it; sums can't overflow below the limit.
    guard byteCount >= 0, byteCount <= Limits.arenaByteCountMax else {
      unsafe state.pointee.isExhausted = true
      return nil
    }
    let rounded = (byteCount &+ alignment &- 1) & ~(alignment &- 1)
    if unsafe rounded > state.pointee.capacity &- state.pointee.used {
      guard unsafe grow(state, rounded) else { return nil }
    }
    let result = unsafe state.pointee.base + state.pointee.used
    unsafe state.pointee.used &+= rounded
    return unsafe result
  }

  /// Puts the current block aside and takes one that is twice as large, or as large as needed.
  private static func grow(_ state: UnsafeMutablePointer<State>, _ byteCount: Int) -> Bool {
    // SAFETY: as above; every block's first word is kept for the chain.
    let doubled = unsafe state.pointee.capacity &* 2
    let wanted = max(doubled, byteCount &+ alignment)
    let total = unsafe state.pointee.fullByteCount &+ state.pointee.capacity &+ wanted
    guard total <= Limits.arenaByteCountMax else {
      unsafe state.pointee.isExhausted = true
      return false
    }
    let block = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: alignment)
    unsafe block.storeBytes(of: state.pointee.base, as: UnsafeMutableRawPointer?.self)
    unsafe state.pointee.fullByteCount &+= state.pointee.capacity
    unsafe state.pointee.base = block
    unsafe state.pointee.capacity = wanted
    unsafe state.pointee.used = alignment
    return true
  }
}
