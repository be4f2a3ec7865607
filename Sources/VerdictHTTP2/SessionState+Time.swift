internal import CNghttp2
internal import VerdictModel

/// What a connection may take its time for. Nothing is done for a request that comes and goes in
/// one read: `dueNanoseconds` is when somebody has to look, at the earliest, and looking finds out.
extension SessionState {
  /// An age between nine and eleven tenths of the limit, so that connections that began together
  /// don't end together.
  @unsafe
  static func age(
    _ limits: SessionLimits, _ context: UnsafeMutablePointer<ContextState>
  ) -> UInt64 {
    if limits.ageNanosecondsMax == 0 { return .max }
    // A step of Weyl's sequence: spread evenly, and no randomness is needed for more.
    // SAFETY: the context outlives its sessions.
    unsafe context.pointee.ageStep &+= 0x9E37_79B9_7F4A_7C15
    let share = unsafe Double(context.pointee.ageStep >> 11) / Double(1 << 53)
    return UInt64(Double(limits.ageNanosecondsMax) * (0.9 + 0.2 * share))
  }

  /// When a fresh connection has to be looked at, if nothing comes of it.
  static func firstDue(
    _ limits: SessionLimits, _ ageNanosecondsMax: UInt64, _ nowNanoseconds: UInt64
  ) -> UInt64 {
    let idle = limits.idleNanosecondsMax > 0 ? limits.idleNanosecondsMax : .max
    return nowNanoseconds &+ min(limits.prefaceNanosecondsMax, idle, ageNanosecondsMax)
  }

  /// Lets the peer's time begin.
  mutating func begin(_ nowNanoseconds: UInt64) {
    bornNanoseconds = nowNanoseconds
    // SAFETY: the context outlives its sessions.
    dueNanoseconds = unsafe SessionState.firstDue(
      context.pointee.limits, ageNanosecondsMax, nowNanoseconds)
  }

  /// After a read: notes what may run out of time.
  mutating func noteDue(_ limits: borrowing SessionLimits) {
    var due = dueNanoseconds
    if receivingCount > 0 { due = min(due, burstDueNanoseconds) }
    if meter.isMidFrame, !isReadingPaused {
      if frameNanoseconds == 0 || meter.frameCount != frameNumber {
        frameNanoseconds = nowNanoseconds
        frameNumber = meter.frameCount
      }
      due = min(due, frameDue(limits))
    } else {
      frameNanoseconds = 0
    }
    dueNanoseconds = due
  }

  /// What is left of a frame may wait in the socket while nothing is read: its time begins anew
  /// with the reading.
  mutating func pauseReading(_ isPaused: Bool) {
    isReadingPaused = isPaused
    // SAFETY: the context outlives its sessions.
    unsafe noteDue(context.pointee.limits)
  }

  private func frameDue(_ limits: borrowing SessionLimits) -> UInt64 {
    frameNanoseconds
      &+ (meter.isMidData ? limits.bodyNanosecondsMax : limits.frameNanosecondsMax)
  }

  /// After a write: answers that are not out yet have to be looked at again.
  @inline(__always)
  mutating func noteUnsentAnswers() {
    // SAFETY: the context outlives its sessions.
    if liveCount > 0 {
      dueNanoseconds = unsafe min(
        dueNanoseconds, nowNanoseconds &+ context.pointee.limits.stallNanosecondsMax)
    }
    if isEnding { dueNanoseconds = min(dueNanoseconds, endingDue) }
  }

  private var isEnding: Bool { endingNanoseconds > 0 && !isFinalGoAwayQueued }

  private var endingDue: UInt64 {
    // SAFETY: the context outlives its sessions.
    isShutdownAcknowledged
      ? nowNanoseconds
      : unsafe endingNanoseconds &+ context.pointee.limits.shutdownNoticeNanoseconds
  }

  /// Does what is due, and finds out when the next thing is.
  ///
  /// - Returns: false when the connection is to be closed without a word.
  mutating func expire() -> Bool {
    if isBroken || stopped != nil { return true }
    // SAFETY: the context outlives its sessions.
    let limits = unsafe context.pointee.limits
    var due = UInt64.max
    if meter.settingsCount == 0 {
      if nowNanoseconds >= bornNanoseconds &+ limits.prefaceNanosecondsMax {
        unsafe context.pointee.counters.limits.add(.prefaceTimeout)
        unsafe context.pointee.counters.brokenSessions += 1
        return false
      }
      due = bornNanoseconds &+ limits.prefaceNanosecondsMax
    } else if !isSettingsAcknowledged {
      due = bornNanoseconds &+ limits.settingsNanosecondsMax
      if nowNanoseconds >= due { stop(.settingsTimeout, NGHTTP2_SETTINGS_TIMEOUT) }
    }
    if frameNanoseconds > 0 {
      let frameDue = frameDue(limits)
      if nowNanoseconds >= frameDue { stop(.frameTimeout) }
      due = min(due, frameDue)
    }
    if stopped != nil { return true }
    due = min(due, unsafe expireStreams(limits))
    due = min(due, expireConnection(limits))
    dueNanoseconds = due
    return true
  }

  /// - Returns: when the next stream is due.
  @unsafe
  private mutating func expireStreams(_ limits: SessionLimits) -> UInt64 {
    var due = UInt64.max
    var next = unsafe live
    // SAFETY: nothing here closes a stream at once, so that the list stays as it is.
    while let record = unsafe next {
      unsafe next = record.pointee.next
      let deadline = unsafe record.pointee.deadlineNanoseconds
      let progress = unsafe record.pointee.progressNanoseconds
      if unsafe record.pointee.headers.target.kind.isStreaming {
        due = min(due, unsafe expireStreaming(record, limits))
        continue
      }
      switch unsafe record.pointee.phase {
      case .receiving where nowNanoseconds >= deadline, .postponed where nowNanoseconds >= deadline:
        unsafe context.pointee.counters.limits.add(.deadline)
        unsafe fail(record, RPCStatus(.deadlineExceeded, "the deadline passed before the answer"))
        due = min(due, nowNanoseconds &+ limits.stallNanosecondsMax)
      case .receiving where nowNanoseconds >= progress &+ limits.bodyNanosecondsMax:
        unsafe giveUp(record, .bodyTimeout)
      case .answered where nowNanoseconds >= progress &+ limits.stallNanosecondsMax:
        unsafe giveUp(record, .answerStall)
      case .receiving: due = min(due, deadline, progress &+ limits.bodyNanosecondsMax)
      case .postponed: due = min(due, deadline)
      case .answered: due = min(due, progress &+ limits.stallNanosecondsMax)
      case .ready, .streaming, .dropped, .closed: break
      }
    }
    return due
  }

  /// The same for a streaming call, which may last, but not longer than its deadline, nor with
  /// messages that its peer doesn't take.
  @unsafe
  private mutating func expireStreaming(
    _ record: UnsafeMutablePointer<StreamRecord>, _ limits: SessionLimits
  ) -> UInt64 {
    // SAFETY: the caller's record is alive, its stream open.
    let phase = unsafe record.pointee.phase
    let deadline = unsafe phase == .answered ? .max : record.pointee.deadlineNanoseconds
    if phase == .ready || phase == .dropped || phase == .closed { return .max }
    if nowNanoseconds >= deadline {
      if unsafe record.pointee.areAnswerHeadersSent {
        unsafe giveUp(record, .deadline)
        return .max
      }
      unsafe context.pointee.counters.limits.add(.deadline)
      unsafe fail(record, RPCStatus(.deadlineExceeded, "the deadline passed before the answer"))
    }
    let isWaiting =
      unsafe record.pointee.phase == .answered || record.pointee.unsentReplyByteCount > 0
    guard isWaiting else { return deadline }
    let stall = unsafe record.pointee.progressNanoseconds &+ limits.stallNanosecondsMax
    if nowNanoseconds < stall { return min(deadline, stall) }
    unsafe giveUp(record, .answerStall)
    return .max
  }

  /// Resets a stream whose peer takes too long.
  @unsafe
  private mutating func giveUp(_ record: UnsafeMutablePointer<StreamRecord>, _ limit: Limit) {
    // SAFETY: the caller's record is alive, its stream open.
    unsafe context.pointee.counters.limits.add(limit)
    unsafe leaveReceiving(record, .answered)
    // Not looked at again, should the reset itself have to wait.
    unsafe record.pointee.progressNanoseconds = nowNanoseconds
    unsafe meter.noteEarlyEnd(windowByteCount: context.pointee.limits.messageByteCountMax)
    _ = unsafe nghttp2_submit_rst_stream(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), record.pointee.streamID,
      NGHTTP2_CANCEL.rawValue)
  }

  /// Age and idleness: two GOAWAYs, as for a shutdown, the second with the reason.
  /// - Returns: when the connection is due.
  private mutating func expireConnection(_ limits: SessionLimits) -> UInt64 {
    if isFinalGoAwayQueued { return .max }
    if isEnding {
      if nowNanoseconds < endingDue { return endingDue }
      isFinalGoAwayQueued = true
      sayGoAway(endingLimit.name)
      endCalls(RPCStatus(.unavailable, "the connection has reached its age"))
      return .max
    }
    var due = UInt64.max
    if ageNanosecondsMax != .max {
      due = bornNanoseconds &+ ageNanosecondsMax
      if nowNanoseconds >= due { return beginEnding(.age) }
    }
    if limits.idleNanosecondsMax > 0 {
      let idleDue = (liveCount > 0 ? nowNanoseconds : idleNanoseconds) &+ limits.idleNanosecondsMax
      if nowNanoseconds >= idleDue { return beginEnding(.idle) }
      due = min(due, idleDue)
    }
    return due
  }

  private mutating func beginEnding(_ limit: Limit) -> UInt64 {
    // SAFETY: the context outlives its sessions.
    unsafe context.pointee.counters.limits.add(limit)
    endingNanoseconds = nowNanoseconds
    endingLimit = limit
    announceShutdown()
    return endingDue
  }

  /// The first of the two GOAWAYs of a graceful end, and a PING to see that it has been read.
  mutating func announceShutdown() {
    // SAFETY: the session is alive. Both only fail for want of memory or when a GOAWAY was sent
    // already; in either case the final one follows.
    _ = unsafe nghttp2_submit_shutdown_notice(session)
    _ = unsafe nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
  }

  /// The second.
  mutating func sayGoAway(_ reason: StaticString) {
    // SAFETY: the session is alive and copies the words.
    let last = unsafe nghttp2_session_get_last_proc_stream_id(session)
    _ = unsafe nghttp2_submit_goaway(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, NGHTTP2_NO_ERROR.rawValue,
      reason.utf8Start, reason.utf8CodeUnitCount)
  }
}
