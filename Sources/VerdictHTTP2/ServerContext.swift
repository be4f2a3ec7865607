internal import CNghttp2
public import VerdictModel

/// What all HTTP/2 sessions of one loop share: methods, limits, callbacks, fixed headers and the
/// pool of stream records. Belongs to one thread. Its memory stays until its last session is gone.
@safe
public struct ServerContext: ~Copyable {
  let state: UnsafeMutablePointer<ContextState>

  public init(methods: [ServedMethod], limits: SessionLimits = SessionLimits()) {
    unsafe state = .allocate(capacity: 1)
    // SAFETY: just allocated; freed by deinit alone.
    unsafe state.initialize(to: ContextState(methods: MethodTable(methods), limits: limits))
  }

  deinit {
    // SAFETY: one of the context's owners, like each of its sessions.
    unsafe ContextState.release(state)
  }

  /// What happened so far on all sessions of this loop.
  public var counters: SessionCounters { unsafe state.pointee.counters }

  /// Counts a limit of the loop's own.
  public func count(_ limit: Limit) { unsafe state.pointee.counters.limits.add(limit) }

  /// Streams under way, and the bytes they hold beyond their inline buffers.
  public var openStreamCount: Int { unsafe state.pointee.pool.pointee.liveCount }
  public var heldByteCount: Int { unsafe state.pointee.pool.pointee.blocks.heldByteCount }
}

/// Plain sums over all sessions of a loop; read by the loop's own thread.
public struct SessionCounters: Sendable {
  /// Requests whose headers have begun.
  public var streams: UInt64 = 0
  /// Requests handed to the services.
  public var requests: UInt64 = 0
  /// Requests refused because of their headers or their framing.
  public var refusals: UInt64 = 0
  /// Streams that the peer reset or that broke before they were answered.
  public var cancellations: UInt64 = 0
  /// Sessions that a limit or a protocol error closed.
  public var brokenSessions: UInt64 = 0
  /// Limits reached, whatever the reaction.
  public var limits = LimitCounts()
}

/// The shared memory behind a `ServerContext`, reached from C callbacks through plain pointers.
@safe
struct ContextState: ~Copyable {
  let methods: MethodTable
  let limits: SessionLimits
  let headerByteCountHardMax: Int
  let headerCountHardMax: Int
  let callbacks: OpaquePointer
  let options: OpaquePointer
  let pool: UnsafeMutablePointer<StreamPool>
  let cells: UnsafeMutablePointer<CellPool>
  let fixed: FixedHeaders
  var counters = SessionCounters()
  var inflater = Inflater()
  /// Where the spread of the connections' ages stands.
  var ageStep: UInt64 = 0
  /// The context itself and its sessions; the last one frees the memory.
  var ownerCount = 1

  init(methods: consuming MethodTable, limits: SessionLimits) {
    self.methods = methods
    self.limits = limits
    headerByteCountHardMax = limits.headerByteCountMax * limits.headerHardFactor
    headerCountHardMax = limits.headerCountMax * limits.headerHardFactor
    unsafe callbacks = ServerCallbacks.make()
    unsafe options = ContextState.makeOptions()
    unsafe pool = .allocate(capacity: 1)
    // SAFETY: just allocated; freed by deinit alone.
    unsafe pool.initialize(to: StreamPool())
    unsafe cells = .allocate(capacity: 1)
    unsafe cells.initialize(to: CellPool())
    fixed = FixedHeaders()
  }

  deinit {
    // SAFETY: made by the initialiser, not used by anybody any more.
    unsafe nghttp2_session_callbacks_del(callbacks)
    unsafe nghttp2_option_del(options)
    unsafe pool.deallocate()
    unsafe cells.pointee.free()
    unsafe cells.deallocate()
    fixed.free()
  }

  /// Counts one owner less.
  @unsafe
  static func release(_ state: UnsafeMutablePointer<ContextState>) {
    unsafe state.pointee.ownerCount -= 1
    guard unsafe state.pointee.ownerCount == 0 else { return }
    // SAFETY: nobody else is left; every record went back when its session ended.
    unsafe state.pointee.pool.pointee.empty()
    unsafe state.deinitialize(count: 1)
    unsafe state.deallocate()
  }

  private static func makeOptions() -> OpaquePointer {
    var options: OpaquePointer?
    // SAFETY: answers a fresh object, or an error that only means that memory is out.
    let result = unsafe nghttp2_option_new(&options)
    guard result == 0, let options = unsafe options else { preconditionFailure("out of memory") }
    unsafe nghttp2_option_set_no_closed_streams(options, 1)
    unsafe nghttp2_option_set_max_continuations(options, SessionLimits.continuationCountMax)
    unsafe nghttp2_option_set_max_outbound_ack(
      options, SessionLimits.outboundAcknowledgementCountMax)
    // A second line behind our own counting of resets, which it must not come before.
    unsafe nghttp2_option_set_stream_reset_rate_limit(options, 2_000, 100)
    // Windows open as messages are handed out: see `ServerCallbacks.data`.
    unsafe nghttp2_option_set_no_auto_window_update(options, 1)
    // `HeaderRules` checks instead.
    unsafe nghttp2_option_set_no_http_messaging(options, 1)
    return unsafe options
  }
}

/// The headers of an answer that never change, ready for nghttp2 to use without copying.
@safe
struct FixedHeaders {
  /// `:status 200` and the content type, in its plain and its `+proto` form; then what encodings we
  /// take, which only those are told who use one.
  let plain: UnsafeMutablePointer<nghttp2_nv>
  let proto: UnsafeMutablePointer<nghttp2_nv>
  /// `grpc-status 0`.
  let trailers: UnsafeMutablePointer<nghttp2_nv>

  init() {
    unsafe plain = .allocate(capacity: 3)
    unsafe proto = .allocate(capacity: 3)
    unsafe trailers = .allocate(capacity: 1)
    // SAFETY: as many as were allocated.
    unsafe plain.initialize(to: FixedHeaders.header(":status", "200"))
    unsafe (plain + 1).initialize(to: FixedHeaders.header("content-type", "application/grpc"))
    unsafe proto.initialize(to: FixedHeaders.header(":status", "200"))
    unsafe (proto + 1).initialize(
      to: FixedHeaders.header("content-type", "application/grpc+proto"))
    unsafe (plain + 2).initialize(to: FixedHeaders.encodings)
    unsafe (proto + 2).initialize(to: FixedHeaders.encodings)
    unsafe trailers.initialize(to: FixedHeaders.header("grpc-status", "0"))
  }

  func free() {
    // SAFETY: allocated by the initialiser; plain values.
    unsafe plain.deallocate()
    unsafe proto.deallocate()
    unsafe trailers.deallocate()
  }

  static var encodings: nghttp2_nv { unsafe header("grpc-accept-encoding", "identity, gzip") }

  /// A header of two literals, which live for ever and are not copied.
  static func header(_ name: StaticString, _ value: StaticString) -> nghttp2_nv {
    let flags = NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue
    // SAFETY: nghttp2 only reads through these pointers.
    return unsafe nghttp2_nv(
      name: UnsafeMutablePointer(mutating: name.utf8Start),
      value: UnsafeMutablePointer(mutating: value.utf8Start),
      namelen: name.utf8CodeUnitCount, valuelen: value.utf8CodeUnitCount, flags: UInt8(flags))
  }

  /// A header whose value nghttp2 copies.
  static func header(
    _ name: StaticString, copying value: UnsafeMutablePointer<UInt8>, _ count: Int
  ) -> nghttp2_nv {
    // SAFETY: as above; the value is copied before the call that gets it returns.
    unsafe nghttp2_nv(
      name: UnsafeMutablePointer(mutating: name.utf8Start), value: value,
      namelen: name.utf8CodeUnitCount, valuelen: count,
      flags: UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue))
  }
}
