internal import VerdictModel

/// What a peer's frames cost, counted from their heads before anything is done for them. nghttp2
/// doesn't show all frames (unknown types, ignored priorities), and shows none before its own work.
/// A value without I/O.
///
/// ```
///            9 bytes: one of known cost          length bytes
///   head -------------------------------> payload -----------> head
///     | one frame too many of its kind
///     v
///   stopped: nothing from this frame on is to be looked at
/// ```
struct FrameMeter: Sendable {
  /// The client's fixed first words, which are no frame.
  private static let prefaceByteCount = 24
  private static let headByteCount = 9

  /// The head as far as it has come, where a read ended in it.
  private var head: InlineArray<9, UInt8> = InlineArray(repeating: 0)
  private var headCount = 0
  /// What is left of the payload, at first of the preface.
  private var payloadLeftCount = FrameMeter.prefaceByteCount
  private var type: UInt8 = 0
  private var isBlockOpen = false
  /// Header blocks and other frames so far: tells one unfinished frame from the next.
  private(set) var frameCount: UInt64 = 0

  private var clientResets = RateGauge()
  private var glitches = RateGauge()
  private(set) var settingsCount = 0
  private var windowUpdateCount: UInt64 = 0
  private var tinyDataCount = 0
  private var pingStrikeCount = 0
  private var pingNanoseconds: UInt64 = 0

  /// What may still come that serves no request, in bytes; DATA is taken off by its frame's head
  /// and given back as it arrives.
  private(set) var allowanceByteCount: Int
  /// Whether HEADERS or DATA were sent since the last PING.
  var hasSent = false
  /// Streams so far, and DATA frames sent. Streams are counted where their frames are: in a burst,
  /// WINDOW_UPDATEs of streams are met before nghttp2 knows the streams.
  private var streamCount: UInt64 = 0
  var sentDataCount: UInt64 = 0

  init(_ limits: SessionLimits) { allowanceByteCount = limits.unproductiveByteCountMax }

  /// Whether the last byte was not the last of a frame, or of a header block.
  var isMidFrame: Bool { payloadLeftCount > 0 || headCount > 0 || isBlockOpen }

  /// Whether what is unfinished is a DATA frame.
  var isMidData: Bool { payloadLeftCount > 0 && type == frameData && headCount == 0 }

  /// Looks at everything that a read brought.
  ///
  /// - Returns: how many bytes are to be used, and the limit that the frame behind them reaches.
  mutating func take(
    _ bytes: ByteView, _ limits: borrowing SessionLimits, nowNanoseconds: UInt64
  ) -> (byteCount: Int, limit: Limit?) {
    var index = 0
    while index < bytes.count {
      if payloadLeftCount > 0 {
        let step = min(payloadLeftCount, bytes.count &- index)
        payloadLeftCount &-= step
        index &+= step
        continue
      }
      let start = index
      let (length, flags): (Int, UInt8)
      if headCount == 0, bytes.count &- index >= FrameMeter.headByteCount {
        let word = bytes.load64(at: index)
        length = Int(word.byteSwapped >> 40)
        type = UInt8(truncatingIfNeeded: word >> 24)
        flags = UInt8(truncatingIfNeeded: word >> 32)
        index &+= FrameMeter.headByteCount
      } else {
        head[headCount] = bytes[index]
        headCount &+= 1
        index &+= 1
        guard headCount == FrameMeter.headByteCount else { continue }
        headCount = 0
        length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
        type = head[3]
        flags = head[4]
      }
      payloadLeftCount = length
      if let limit = count(length, flags, limits, nowNanoseconds) { return (start, limit) }
    }
    return (index, nil)
  }

  /// Counts one frame.
  /// - Returns: the limit that it reaches.
  @inline(__always)
  private mutating func count(
    _ length: Int, _ flags: UInt8, _ limits: borrowing SessionLimits, _ now: UInt64
  ) -> Limit? {
    if type == frameData {
      frameCount &+= 1
      allowanceByteCount &-= length
      if flags & flagEndStream != 0 || length >= SessionLimits.tinyDataByteCount { return nil }
      tinyDataCount &+= 1
      let isGlitch = length == 0 || tinyDataCount > SessionLimits.tinyDataCountMax
      return isGlitch ? glitch(1, limits, now) : nil
    }
    if type == frameHeaders {
      frameCount &+= 1
      streamCount &+= 1
      isBlockOpen = flags & flagEndHeaders == 0
      return nil
    }
    return countOther(length, flags, limits, now)
  }

  @inline(never)
  private mutating func countOther(
    _ length: Int, _ flags: UInt8, _ limits: borrowing SessionLimits, _ now: UInt64
  ) -> Limit? {
    let isAcknowledgement = flags & flagAcknowledgement != 0
    if type == frameContinuation {
      isBlockOpen = flags & flagEndHeaders == 0
      return nil
    }
    frameCount &+= 1
    switch type {
    case frameReset:
      return clientResets.take(of: limits.clientResets, at: now) ? nil : .clientResets
    case frameSettings:
      if isAcknowledgement { return nil }
      settingsCount &+= 1
      return settingsCount > 1 ? glitch(SessionLimits.settingsGlitchCount, limits, now) : nil
    case framePing: return isAcknowledgement ? glitch(1, limits, now) : ping(limits, now)
    case frameWindowUpdate:
      windowUpdateCount &+= 1
      let needed =
        5 &+ UInt64(SessionLimits.windowUpdatesPerStream)
        &* (streamCount &+ 10 &* sentDataCount)
      return windowUpdateCount > needed ? glitch(1, limits, now) : nil
    case framePriority, frameGoAway: return glitch(1, limits, now)
    default:
      allowanceByteCount &-= length &+ FrameMeter.headByteCount
      return nil
    }
  }

  /// Counts something useless.
  mutating func glitch(
    _ count: Int, _ limits: borrowing SessionLimits, _ nowNanoseconds: UInt64
  ) -> Limit? {
    glitches.take(count, of: limits.glitches, at: nowNanoseconds) ? nil : .glitches
  }

  /// The rule of gRPC's servers: strikes are forgotten once something was sent, because clients
  /// ping after data to measure the way.
  private mutating func ping(_ limits: borrowing SessionLimits, _ now: UInt64) -> Limit? {
    let nanosecondsMin = limits.pingNanosecondsMin
    let isEarly = pingNanoseconds > 0 && now &- pingNanoseconds < nanosecondsMin
    pingNanoseconds = max(now, 1)
    if hasSent {
      hasSent = false
      pingStrikeCount = 0
    } else if isEarly {
      pingStrikeCount &+= 1
    }
    return pingStrikeCount > limits.pingStrikeCountMax ? .pings : nil
  }

  /// Bytes of a message have arrived, which were taken off by their frame's head.
  @inline(__always)
  mutating func noteData(byteCount: Int) { allowanceByteCount &+= byteCount }

  /// A message is whole.
  @inline(__always)
  mutating func noteMessage() {
    tinyDataCount = max(0, tinyDataCount &- SessionLimits.tinyDataPerMessage)
  }

  /// A request was answered, which makes up for some useless bytes.
  @inline(__always)
  mutating func noteAnswer(_ limits: borrowing SessionLimits) {
    if allowanceByteCount < limits.unproductiveByteCountMax {
      allowanceByteCount &+= SessionLimits.unproductiveBytesPerAnswer
    }
  }

  /// A stream ends on our side before the peer's: what it has sent until it learns of that, at most
  /// a window, is not its fault.
  mutating func noteEarlyEnd(windowByteCount: Int) { allowanceByteCount &+= windowByteCount }
}
