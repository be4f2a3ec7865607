internal import Synchronization
internal import VerdictGateway
internal import VerdictHTTP2
internal import VerdictModel

/// Requests on their way from one loop or worker to the shadow: a ring of bytes with one writer and
/// one reader. Who writes never waits, makes no system call and allocates nothing; what has no room
/// is counted and forgotten.
///
/// | Bytes of a record | Field |
/// |---|---|
/// | 4 | length of the message |
/// | 4 | method; 0: the record ends the ring, the next one stands at its start |
/// | 8 | `IdentitySources` of a gateway's request |
/// | the message, up to a multiple of 8 | |
@safe
final class ShadowQueue: @unchecked Sendable {
  // `@unchecked`: a byte is the writer's or the reader's, as the two counts say.

  /// A power of two. Its pages are touched as they are used.
  static let byteCount = 4 << 20
  private static let headerByteCount = 16

  private let base: UnsafeMutableRawPointer
  /// Bytes ever written and ever read; their difference is what waits.
  private let written = Atomic<Int>(0)
  private let read = Atomic<Int>(0)
  private let overflow = Atomic<UInt64>(0)
  /// Whether anybody compares what is added.
  let isOpen = Atomic<Bool>(false)

  init() {
    unsafe base = .allocate(byteCount: Self.byteCount, alignment: 64)
  }

  deinit {
    // SAFETY: allocated by the initialiser.
    unsafe base.deallocate()
  }

  /// Requests that had no room.
  var overflowCount: UInt64 { overflow.load(ordering: .relaxed) }

  /// By the writer: adds a request, or counts that there is no room.
  func add(
    method: UInt8, _ message: ByteView, identity: IdentitySources = .ofServer
  ) {
    let size = Self.headerByteCount + (message.count + 7) & ~7
    var position = written.load(ordering: .relaxed)
    let left = Self.byteCount - position & (Self.byteCount - 1)
    let skipped = left < size ? left : 0
    let end = position + skipped + size
    guard end - read.load(ordering: .acquiring) <= Self.byteCount else {
      overflow.add(1, ordering: .relaxed)
      return
    }
    if skipped > 0 {
      put(0, method: 0, at: position)
      position += skipped
    }
    put(UInt32(message.count), method: method, at: position)
    // SAFETY: the reader leaves alone what it was not told of.
    unsafe room(position).storeBytes(of: identity.word, toByteOffset: 8, as: UInt64.self)
    if let source = unsafe message.buffer.baseAddress {
      // SAFETY: as above, and there is room up to the end of the ring.
      unsafe room(position + Self.headerByteCount)
        .copyMemory(from: source, byteCount: message.count)
    }
    written.store(end, ordering: .releasing)
  }

  /// By the reader: calls `body` with the oldest request, whose message is valid for the call.
  /// - Returns: false where there is none.
  func take(
    _ body: (_ method: UInt8, _ message: ByteView, _ identity: IdentitySources) -> Void
  ) -> Bool {
    let end = written.load(ordering: .acquiring)
    var position = read.load(ordering: .relaxed)
    guard position < end else { return false }
    // SAFETY: records are written whole before they are told of.
    if unsafe room(position).load(fromByteOffset: 4, as: UInt32.self) == 0 {
      position += Self.byteCount - position & (Self.byteCount - 1)
    }
    let count = unsafe Int(room(position).load(as: UInt32.self))
    let method = unsafe room(position).load(fromByteOffset: 4, as: UInt32.self)
    let identity = unsafe room(position).load(fromByteOffset: 8, as: UInt64.self)
    let message = unsafe ByteView(base: room(position + Self.headerByteCount), count: count)
    body(UInt8(truncatingIfNeeded: method), message, IdentitySources(word: identity))
    read.store(
      position + Self.headerByteCount + (count + 7) & ~7, ordering: .releasing)
    return true
  }

  private func put(_ byteCount: UInt32, method: UInt8, at position: Int) {
    // SAFETY: records begin at multiples of eight, so that a header is never cut by the end.
    unsafe room(position).storeBytes(of: byteCount, as: UInt32.self)
    unsafe room(position).storeBytes(of: UInt32(method), toByteOffset: 4, as: UInt32.self)
  }

  private func room(_ position: Int) -> UnsafeMutableRawPointer {
    unsafe base + position & (Self.byteCount - 1)
  }
}

/// Which live requests are sampled: a share of them, at random, by a generator of a known seed. So
/// callers that ask the same in turn are all seen, and the same calls give the same sample.
struct ShadowTap {
  private var state: UInt64
  /// Of 2^32: how often it is due.
  private let threshold: UInt64
  private let queue: ShadowQueue?

  /// Never due.
  init() {
    state = 0
    threshold = 0
    queue = nil
  }

  /// - Parameters:
  ///   - perMillion: up to a million: every request.
  ///   - seed: where the generator begins.
  init(perMillion: UInt32, seed: UInt64 = 1, _ queue: ShadowQueue) {
    state = seed
    threshold = UInt64(perMillion) << 32 / 1_000_000
    self.queue = queue
  }

  /// Whether the next request is a part of the sample. A few instructions.
  @inline(__always)
  mutating func isDue() -> Bool {
    // Knuth's generator; its upper half is good.
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 32 < threshold
  }

  /// Passes on a request that was due, if anybody compares. One that failed has no answer to be
  /// compared, and one that is put off comes again.
  @inline(never)
  func add(
    method: UInt8, _ message: ByteView, identity: IdentitySources = .ofServer,
    _ outcome: ServiceOutcome
  ) {
    guard let queue, queue.isOpen.load(ordering: .relaxed) else { return }
    switch outcome {
    case .answered(let status) where status.code != .ok: return
    case .awaits, .mustWait, .forWorkers, .toBeVerified: return
    case .answered, .begun: queue.add(method: method, message, identity: identity)
    }
  }
}
