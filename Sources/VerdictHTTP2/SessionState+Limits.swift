internal import CNghttp2
internal import VerdictModel

/// What a connection may cost: every read is measured before and after nghttp2 has it.
extension SessionState {
  /// Before nghttp2 looks at what a read brought.
  /// - Returns: how many of its bytes nghttp2 may have.
  mutating func admit(_ bytes: ByteView) -> Int {
    burstStreamCount = 0
    burstDueNanoseconds = .max
    // SAFETY: the context outlives its sessions.
    let metered = unsafe meter.take(
      bytes, context.pointee.limits, nowNanoseconds: nowNanoseconds)
    pendingStop = metered.limit
    return metered.byteCount
  }

  /// After nghttp2 has looked at it.
  ///
  /// - Parameter result: what nghttp2 answered.
  /// - Returns: false when the connection is to be closed without a word.
  mutating func endRead(_ result: Int) -> Bool {
    if result < 0 {
      isBroken = true
      // One of our callbacks has said why, else it is the peer's protocol that is broken.
      if stopped != nil { return true }
      switch Int32(result) {
      case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue:
        unsafe context.pointee.counters.limits.add(.continuations)
      case NGHTTP2_ERR_FLOODED.rawValue:
        unsafe context.pointee.counters.limits.add(.outboundFrames)
      default: break
      }
      unsafe context.pointee.counters.brokenSessions += 1
      return false
    }
    // SAFETY: the session and the context are alive.
    let limits = unsafe context.pointee.limits
    if unsafe nghttp2_session_get_outbound_queue_size(session) > limits.outboundFrameCountMax {
      isBroken = true
      unsafe context.pointee.counters.limits.add(.outboundFrames)
      unsafe context.pointee.counters.brokenSessions += 1
      return false
    }
    if meter.allowanceByteCount < 0 { stop(.unproductiveBytes) }
    if let limit = pendingStop { stop(limit) }
    noteDue(limits)
    return true
  }

  /// Ends the connection because of a limit: nothing more is taken from the peer.
  mutating func stop(_ limit: Limit, _ code: nghttp2_error_code = NGHTTP2_ENHANCE_YOUR_CALM) {
    if stopped != nil { return }
    stopped = limit
    stopCode = code
    // SAFETY: the context outlives its sessions.
    unsafe context.pointee.counters.limits.add(limit)
    unsafe context.pointee.counters.brokenSessions += 1
  }

  /// What a callback answers nghttp2: to go on, or to give up at once.
  var verdict: Int32 { stopped == nil ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }

  /// Counts a stream that had to be reset.
  mutating func noteErrorReset() {
    // SAFETY: the context outlives its sessions.
    let rate = unsafe context.pointee.limits.errorResets
    if !errorResets.take(of: rate, at: nowNanoseconds) { stop(.errorResets) }
  }

  /// nghttp2 has refused a frame, and its stream, on its own.
  @unsafe
  mutating func noteInvalidFrame(_ frame: UnsafePointer<nghttp2_frame>, _ error: Int32) {
    // SAFETY: the frame lives through the callback; the record, if any, is alive.
    let streamID = unsafe frame.pointee.hd.stream_id
    if streamID == 0 { return }
    let isRefused = error == NGHTTP2_ERR_REFUSED_STREAM.rawValue
    if unsafe isRefused || isBeyondStreams(frame.pointee.hd, error) {
      unsafe context.pointee.counters.limits.add(.streams)
    }
    if isRefused {
      if let limit = unsafe meter.glitch(1, context.pointee.limits, nowNanoseconds) { stop(limit) }
      return
    }
    noteErrorReset()
    guard let record = unsafe record(of: streamID) else { return }
    switch unsafe record.pointee.phase {
    case .receiving, .postponed, .streaming: unsafe leaveReceiving(record, .answered)
    case .ready: unsafe record.pointee.phase = .dropped
    case .answered, .dropped, .closed: break
    }
  }

  /// Whether an error is about one stream more than the peer knows that it may open, which ends the
  /// connection.
  @unsafe
  private mutating func isBeyondStreams(_ head: nghttp2_frame_hd, _ error: Int32) -> Bool {
    // SAFETY: the context outlives its sessions; without a record there is no such stream.
    unsafe error == NGHTTP2_ERR_PROTO.rawValue && head.type == frameHeaders
      && liveCount >= context.pointee.limits.streamCountMax
      && record(of: head.stream_id) == nil
  }

  /// The last frame of a connection that a limit has ended: a GOAWAY by hand, because nghttp2 may
  /// not be usable any more.
  ///
  /// - Precondition: `farewellByteCountMax` bytes of room.
  /// - Returns: how many bytes were written.
  @unsafe
  mutating func sayFarewell(_ limit: Limit, into target: UnsafeMutableRawPointer) -> Int {
    isFarewellSaid = true
    let text = limit.name
    let length = 8 + text.utf8CodeUnitCount
    precondition(9 + length <= SessionState.farewellByteCountMax, "a limit's name is short")
    // SAFETY: the session may be asked after an error; the room was just checked.
    let last = unsafe nghttp2_session_get_last_proc_stream_id(session)
    unsafe target.storeBytes(of: UInt32(length << 8).bigEndian, as: UInt32.self)
    unsafe target.storeBytes(of: frameGoAway, toByteOffset: 3, as: UInt8.self)
    unsafe (target + 4).initializeMemory(as: UInt8.self, repeating: 0, count: 5)
    unsafe target.storeBytes(of: UInt32(last).bigEndian, toByteOffset: 9, as: UInt32.self)
    unsafe target.storeBytes(of: stopCode.rawValue.bigEndian, toByteOffset: 13, as: UInt32.self)
    unsafe (target + 17).copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
    return 9 + length
  }

  static var farewellByteCountMax: Int { 64 }
}
