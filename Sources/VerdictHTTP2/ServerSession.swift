internal import CNghttp2
public import VerdictModel

/// One server connection's HTTP/2 and gRPC: bytes in, whole requests out, answers in, bytes out.
/// It knows no descriptor, clock or thread.
///
/// The order of use, once per read:
///
///     session.receive(bytes, nowNanoseconds)
///     while let request = session.nextRequest() { ...; session.answer(request, status) }
///     session.drain(...) and write, until it answers 0
///     if session.isOver { close }
///     at session.dueNanoseconds: session.expire(nowNanoseconds), then drain as above
///
/// nghttp2's rules hold throughout: no receiving or draining from inside a callback, one thread,
/// and nothing but closing after a fatal error.
@safe
public struct ServerSession: ~Copyable {
  let state: UnsafeMutablePointer<SessionState>

  /// The greatest piece that `drain` may have to place at once: a frame with its header.
  public static let drainRoomByteCount = 17 << 10

  /// A session that has queued its SETTINGS.
  ///
  /// - Parameters:
  ///   - authority: what the peer may call us: depends on the kind of its socket.
  ///   - nowNanoseconds: the monotonic clock.
  /// - Precondition: the context and its sessions stay on one thread.
  public init(
    _ context: borrowing ServerContext, authority: HeaderRules.Authority = .hostAndPort,
    nowNanoseconds: UInt64 = 0
  ) {
    let shared = unsafe context.state
    unsafe state = .allocate(capacity: 1)
    // SAFETY: just allocated; freed by deinit alone.
    unsafe state.initialize(
      to: SessionState(context: shared, authority: authority, nowNanoseconds: nowNanoseconds))
    var session: OpaquePointer?
    // SAFETY: the callbacks and options belong to the context. The state is at the callbacks'
    // disposal for as long as the session lives.
    var memory = unsafe CellPool.interface(shared.pointee.cells)
    let result = unsafe nghttp2_session_server_new3(
      &session, shared.pointee.callbacks, state, shared.pointee.options, &memory)
    guard result == 0, let session = unsafe session else { preconditionFailure("out of memory") }
    unsafe state.pointee.session = session
    unsafe shared.pointee.ownerCount += 1
    unsafe ServerSession.submitSettings(session, shared.pointee.limits)
  }

  deinit {
    // nghttp2 does not report the streams that die with a session, so they are let go here.
    // SAFETY: nothing uses the session or the records after this.
    while let record = unsafe state.pointee.live {
      unsafe state.pointee.unlink(record)
      let isListed = unsafe record.pointee.phase == .ready || record.pointee.phase == .dropped
      if !isListed { unsafe StreamPool.giveBack(record) }
    }
    while let record = unsafe state.pointee.readyHead {
      unsafe state.pointee.readyHead = record.pointee.nextReady
      unsafe StreamPool.giveBack(record)
    }
    unsafe nghttp2_session_del(state.pointee.session)
    unsafe ContextState.release(state.pointee.context)
    unsafe state.deallocate()
  }

  private static func submitSettings(_ session: OpaquePointer, _ limits: SessionLimits) {
    var settings = [
      (NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streamCountMax),
      (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.messageByteCountMax + 64),
      (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.headerByteCountMax),
      (NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
    ].map {
      nghttp2_settings_entry(settings_id: Int32($0.0.rawValue), value: UInt32($0.1))
    }
    let none = UInt8(NGHTTP2_FLAG_NONE.rawValue)
    // SAFETY: the session is alive and copies the entries.
    let result = unsafe nghttp2_submit_settings(session, none, &settings, settings.count)
    precondition(result == 0, "settings of our own making are valid")
    let window = unsafe nghttp2_session_set_local_window_size(
      session, none, 0, SessionLimits.connectionWindowByteCount)
    precondition(window == 0, "a window of our own making is valid")
  }

  /// Takes bytes that came from the peer.
  ///
  /// - Parameter nowNanoseconds: the monotonic clock, from which timeouts count.
  /// - Returns: false when the connection is to be closed without another byte: the peer broke the
  ///   protocol beyond repair, or has stopped to read. Where another limit is reached, `drain` has
  ///   the last word to say and `isOver` is true after it.
  public func receive(_ bytes: ByteView, nowNanoseconds: UInt64) -> Bool {
    unsafe state.pointee.nowNanoseconds = nowNanoseconds
    if unsafe state.pointee.stopped != nil { return true }
    let byteCount = unsafe state.pointee.admit(bytes)
    // SAFETY: the session is alive and we are not inside one of its callbacks, which change the
    // state during this call.
    let result = unsafe nghttp2_session_mem_recv(
      state.pointee.session, bytes.buffer.baseAddress, byteCount)
    return unsafe state.pointee.endRead(result)
  }

  /// The peer can be heard only now, after shaking hands: its time begins.
  public func begin(nowNanoseconds: UInt64) { unsafe state.pointee.begin(nowNanoseconds) }

  /// When `expire` wants to be called; the greatest value means never. 0: at once, because draining
  /// has made room for another message of a streaming call, which `nextRequest` has.
  public var dueNanoseconds: UInt64 {
    unsafe state.pointee.isRequestLate ? 0 : state.pointee.dueNanoseconds
  }

  /// Ends what has run out of time: requests, answers that nobody takes, the connection itself.
  ///
  /// - Returns: false when the connection is to be closed without another byte. Else there may be
  ///   something to drain.
  public func expire(nowNanoseconds: UInt64) -> Bool {
    unsafe state.pointee.nowNanoseconds = nowNanoseconds
    return unsafe state.pointee.expire()
  }

  /// Tells that nothing is read from the peer for now, because it takes too little, or that reading
  /// goes on. Meanwhile no frame is unfinished for too long.
  public func pauseReading(_ isPaused: Bool, nowNanoseconds: UInt64) {
    unsafe state.pointee.nowNanoseconds = nowNanoseconds
    unsafe state.pointee.pauseReading(isPaused)
  }

  /// Counts that a limit was reached which the connection's owner watches.
  public func count(_ limit: Limit) {
    unsafe state.pointee.context.pointee.counters.limits.add(limit)
  }

  /// The next request that has arrived whole, in order of arrival. Each must be answered.
  public func nextRequest() -> ServerRequest? {
    if unsafe state.pointee.isBroken { return nil }
    // SAFETY: records in the ready list are alive until they leave it here.
    while let record = unsafe state.pointee.readyHead {
      unsafe state.pointee.readyHead = record.pointee.nextReady
      if unsafe state.pointee.readyHead == nil { unsafe state.pointee.readyTail = nil }
      if unsafe record.pointee.phase == .closed {
        unsafe StreamPool.giveBack(record)
        continue
      }
      if unsafe record.pointee.phase == .dropped {
        unsafe record.pointee.phase = .answered
        continue
      }
      unsafe state.pointee.context.pointee.counters.requests += 1
      return unsafe ServerRequest(record)
    }
    unsafe state.pointee.isRequestLate = false
    return nil
  }

  /// Queues the answer of a request from `nextRequest` or `postponed`, which may not be used
  /// afterwards.
  public func answer(_ request: ServerRequest, _ status: RPCStatus) {
    // SAFETY: the request's stream is still open: only bytes from the peer could have closed it,
    // and none were taken since.
    unsafe state.pointee.answer(request.record, status)
  }

  /// Puts the answer of a request from `nextRequest` off; the request may not be used afterwards.
  /// It stays open until it is answered by its stream's number, or its peer gives it up.
  public func postpone(_ request: ServerRequest) {
    // SAFETY: as in `answer`.
    unsafe request.record.pointee.phase = .postponed
    unsafe state.pointee.dueNanoseconds = min(
      state.pointee.dueNanoseconds, request.deadlineNanoseconds)
  }

  /// A postponed request by its stream; nil where nobody waits for it any more.
  public func postponed(_ stream: Int32) -> ServerRequest? {
    // SAFETY: a stream that is open has its record, and numbers of streams are never used twice.
    guard let record = unsafe state.pointee.record(of: stream),
      unsafe record.pointee.phase == .postponed
    else { return nil }
    return unsafe ServerRequest(record)
  }

  /// Queues the answer of a postponed request.
  ///
  /// - Parameter bytes: the reply's message, or the words of a failure.
  /// - Returns: false where nobody waits for it any more, because its stream has been closed.
  public func answer(postponed stream: Int32, _ code: RPCCode, _ bytes: ByteView) -> Bool {
    guard let request = postponed(stream) else { return false }
    var reply = request.reply
    reply.removeAll()
    reply.append(bytes)
    answer(request, code == .ok ? .ok : RPCStatus(messageInReply: code))
    return true
  }

  /// Whether a call that was begun is still open.
  public func isStreaming(_ stream: Int32) -> Bool {
    // SAFETY: as in `answer(postponed:)`.
    guard let record = unsafe state.pointee.record(of: stream) else { return false }
    return unsafe record.pointee.phase == .streaming
  }

  /// Whether `nextRequest` has one more: as answers leave, calls with many messages go on.
  public var hasRequest: Bool { unsafe state.pointee.readyHead != nil }

  /// What became of a message for a stream.
  public enum Delivery: Sendable {
    case queued
    /// The peer has not taken enough of those before; this one was not queued.
    case full
    /// The stream is not open any more.
    case gone
  }

  /// Keeps a server-streaming call from `nextRequest` open, to be served by its stream's number;
  /// the request may not be used afterwards.
  public func begin(_ request: ServerRequest) {
    // SAFETY: as in `answer`.
    unsafe request.record.pointee.phase = .streaming
    unsafe state.pointee.dueNanoseconds = min(
      state.pointee.dueNanoseconds, request.deadlineNanoseconds)
  }

  /// Queues one more message of a call that was begun.
  public func send(stream: Int32, _ message: ByteView) -> Delivery {
    // SAFETY: as in `answer(postponed:)`.
    guard let record = unsafe state.pointee.record(of: stream),
      unsafe record.pointee.phase == .streaming
    else { return .gone }
    let unsent = unsafe record.pointee.unsentReplyByteCount
    if unsent >= SessionLimits.unsentReplyByteCountMax { return .full }
    var reply = unsafe ReplyBuffer(record)
    reply.append(message)
    unsafe state.pointee.sendMessage(record)
    return .queued
  }

  /// Ends a call that was begun, after the messages that were queued.
  public func finish(stream: Int32, _ status: RPCStatus) {
    // SAFETY: as above.
    guard let record = unsafe state.pointee.record(of: stream),
      unsafe record.pointee.phase == .streaming
    else { return }
    unsafe state.pointee.finish(record, status)
  }

  /// Copies queued bytes to `target`.
  ///
  /// - Parameter byteCount: room at `target`, at least `drainRoomByteCount`.
  /// - Returns: how many bytes were copied. When less than `drainRoomByteCount` of room is left,
  ///   there may be more.
  @unsafe
  public func drain(into target: UnsafeMutableRawPointer, byteCount: Int) -> Int {
    var count = 0
    while unsafe !state.pointee.isBroken, byteCount - count >= ServerSession.drainRoomByteCount {
      var chunk: UnsafePointer<UInt8>?
      // SAFETY: the session is alive and we are not inside one of its callbacks. The chunk is valid
      // until the next call and copied before it.
      let chunkCount = unsafe nghttp2_session_mem_send(state.pointee.session, &chunk)
      guard chunkCount > 0, let chunk = unsafe chunk else {
        if chunkCount < 0 { unsafe state.pointee.isBroken = true }
        unsafe state.pointee.noteUnsentAnswers()
        break
      }
      precondition(chunkCount <= byteCount - count, "a frame fits into the room kept for it")
      unsafe (target + count).copyMemory(from: chunk, byteCount: chunkCount)
      count += chunkCount
    }
    if let limit = unsafe state.pointee.stopped, unsafe !state.pointee.isFarewellSaid,
      byteCount - count >= ServerSession.drainRoomByteCount
    {
      count += unsafe state.pointee.sayFarewell(limit, into: target + count)
    }
    return count
  }

  /// Whether the connection has nothing more to read or write and is to be closed.
  public var isOver: Bool {
    // SAFETY: the session is alive.
    if unsafe state.pointee.stopped != nil { return unsafe state.pointee.isFarewellSaid }
    if unsafe state.pointee.isBroken { return true }
    let session = unsafe state.pointee.session
    return unsafe nghttp2_session_want_read(session) == 0
      && nghttp2_session_want_write(session) == 0
  }

  /// Streams under way.
  public var openStreamCount: Int { unsafe state.pointee.liveCount }

  /// Tells the peer that the connection will end soon, and asks for a sign that it has read this:
  /// the first of the two GOAWAYs of a graceful shutdown. New streams are still served.
  public func announceShutdown() { unsafe state.pointee.announceShutdown() }

  /// Whether the peer has acknowledged `announceShutdown`.
  public var isShutdownAcknowledged: Bool { unsafe state.pointee.isShutdownAcknowledged }

  /// Queues the final GOAWAY: streams under way are finished, later ones are ignored. `isOver`
  /// becomes true after the last.
  ///
  /// - Parameter reason: for whoever looks at what the peer was told.
  public func finishAccepting(_ reason: StaticString = "") {
    unsafe state.pointee.sayGoAway(reason)
  }

  /// Ends calls with many messages: those that are between two messages at once, the others when
  /// they are.
  public func finishStreams(_ status: RPCStatus) { unsafe state.pointee.endCalls(status) }

  /// Since when there is no stream; nil where there is one.
  public var idleNanoseconds: UInt64? {
    unsafe state.pointee.liveCount > 0 ? nil : state.pointee.idleNanoseconds
  }
}

/// A request that has arrived whole. Valid until it is answered or postponed.
@safe
public struct ServerRequest {
  let record: UnsafeMutablePointer<StreamRecord>

  init(_ record: UnsafeMutablePointer<StreamRecord>) { unsafe self.record = record }

  /// The number of its method.
  public var method: UInt8 { unsafe record.pointee.headers.methodNumber }

  /// Its message, valid until it is answered.
  public var message: ByteView {
    // SAFETY: the record is alive until the request is answered.
    unsafe ByteView(base: record.pointee.request.base, count: record.pointee.request.count)
  }

  /// Whether the message is still compressed, because it is longer than
  /// `SessionLimits.inflatedByteCountMax`: for a `MessageInflater`.
  public var isCompressed: Bool { unsafe record.pointee.isCompressed }

  /// When the caller stops waiting, on the clock given to `receive`; the greatest value means
  /// never.
  public var deadlineNanoseconds: UInt64 { unsafe record.pointee.deadlineNanoseconds }

  /// When it was whole, on the same clock.
  public var readyNanoseconds: UInt64 { unsafe record.pointee.readyNanoseconds }

  /// The number of its stream.
  public var stream: Int32 { unsafe record.pointee.streamID }

  /// Where its reply goes.
  public var reply: ReplyBuffer { unsafe ReplyBuffer(record) }
}
