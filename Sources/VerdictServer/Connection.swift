internal import VerdictGateway
internal import VerdictHTTP2
internal import VerdictSystem
internal import VerdictTLS

/// A client's connection: its descriptor, its session and what could not be written yet.
struct Connection: ~Copyable {
  let descriptor: FileDescriptor
  let session: ServerSession
  /// The place of its listener in the configuration.
  let listener: Int
  /// Of its listener.
  let identity: IdentitySources
  /// Under TLS; the same as whether `tls` is there, and quicker to ask.
  var isSecured = false
  /// A bit for each service that its listener doesn't serve.
  var absentServices: UInt8 = 0
  /// A bit for each service that the caller may not call, or that isn't served.
  var refusedServices: UInt8 = 0
  /// A bit for each of them whose refusal was told already.
  var notedServices: UInt8 = 0
  var caller = Caller.anonymous
  /// The same for the decision log; empty where there is none.
  var callerText = CallerText()
  var tls: TLSSession?
  /// When shaking hands takes too long; the greatest value when it is over.
  var handshakeEndNanoseconds = UInt64.max
  var unsent = UnsentBytes()
  /// What the poller watches for at present.
  var interest: Interest = .readable
  /// Whether something is unsent.
  var isWaiting = false
  /// When the peer last took something of what waits for it.
  var progressNanoseconds: UInt64 = 0
  /// When the first GOAWAY was queued; 0 before that.
  var shutdownNanoseconds: UInt64 = 0
  var isFinalGoAwayQueued = false
  /// Whether it goes on in the next turn.
  var isInBacklog = false
  /// Its requests under way in slices, and those that workers have.
  var sliceCount = 0
  var handedOverCount = 0

  init(
    _ descriptor: consuming FileDescriptor, _ context: borrowing ServerContext,
    listener: Int, identity: IdentitySources, isUnix: Bool, nowNanoseconds: UInt64
  ) {
    self.descriptor = descriptor
    self.listener = listener
    self.identity = identity
    session = ServerSession(
      context, authority: isUnix ? .opaque : .hostAndPort, nowNanoseconds: nowNanoseconds)
  }
}

/// Bytes that the socket did not take. Holds memory only while there are any.
@safe
struct UnsentBytes: ~Copyable {
  private var base: UnsafeMutableRawPointer?
  private var capacity = 0
  private var start = 0
  private var end = 0

  init() {}

  deinit {
    // SAFETY: allocated by `reserve` alone.
    unsafe base?.deallocate()
  }

  var count: Int { end - start }

  /// The first unsent byte, nil when there is none.
  @unsafe
  var first: UnsafeRawPointer? {
    guard count > 0, let base = unsafe base else { return nil }
    return unsafe UnsafeRawPointer(base + start)
  }

  /// Room for `byteCount` more bytes behind the last.
  @unsafe
  mutating func reserve(_ byteCount: Int) -> UnsafeMutableRawPointer {
    if let base = unsafe base, capacity - end >= byteCount { return unsafe base + end }
    let size = max(16 << 10, (count + byteCount) * 2)
    let bigger = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    if let base = unsafe base {
      // SAFETY: the new memory is bigger than what is kept.
      unsafe bigger.copyMemory(from: base + start, byteCount: count)
      unsafe base.deallocate()
    }
    end = count
    start = 0
    unsafe base = bigger
    capacity = size
    return unsafe bigger + end
  }

  /// Counts bytes that were written into reserved room.
  mutating func commit(_ byteCount: Int) {
    precondition(byteCount >= 0 && byteCount <= capacity - end, "more than was reserved")
    end += byteCount
  }

  /// Forgets bytes that were sent; frees the memory with the last.
  mutating func drop(_ byteCount: Int) {
    precondition(byteCount >= 0 && byteCount <= count, "more than is unsent")
    start += byteCount
    guard start == end else { return }
    // SAFETY: allocated by `reserve`, and not used after this.
    unsafe base?.deallocate()
    unsafe base = nil
    capacity = 0
    start = 0
    end = 0
  }
}
