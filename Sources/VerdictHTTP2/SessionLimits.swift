internal import VerdictModel

/// The bounds of one HTTP/2 connection, with what happens when one is reached.
///
/// "Ends the connection" means: what came before is still answered, then a GOAWAY with
/// ENHANCE_YOUR_CALM and the limit's name, then the close. None of them depends on whether either
/// side has said GOAWAY already. Every hit is counted under its `Limit`.
public struct SessionLimits: Sendable {
  /// Requests under way at once. Announced in SETTINGS; one more is a protocol error, or refused
  /// (REFUSED_STREAM) as long as the peer has not acknowledged the SETTINGS.
  public var streamCountMax = 256
  /// Longest request message in bytes, before and after decompression. A longer one is
  /// RESOURCE_EXHAUSTED as soon as its prefix is known, unless its method answers such
  /// (`ServedMethod.answersTooLong`) and its body has no more than `passedOverByteCountMax`: then
  /// it is thrown away as it comes, and an empty one handed out.
  public var messageByteCountMax = Limits.messageByteCountMax
  static let passedOverByteCountMax: UInt64 = 1 << 30
  /// Longest message that is decompressed on the loop, before and after. Longer ones are handed out
  /// as they are, for somebody with more time: `ServerRequest.isCompressed`.
  public var inflatedByteCountMax = 64 << 10
  /// Header list of one request in bytes, counted as HTTP/2 does, and in headers. More resets the
  /// stream with ENHANCE_YOUR_CALM; `headerHardFactor` times as much ends the connection.
  public var headerByteCountMax = 8 << 10
  public var headerCountMax = 64
  public var headerHardFactor = 4
  /// Frames waiting to be sent after a read, two for each stream. More closes the connection
  /// without a word: whoever is owed as much as that has no good reason, or has stopped to read.
  public var outboundFrameCountMax = 512
  /// What all unfinished requests and replies of one loop may hold beyond their inline buffers, in
  /// bytes, and those of one connection. A request that needs more is RESOURCE_EXHAUSTED.
  public var heldByteCountMax = 256 << 20
  public var connectionHeldByteCountMax = 64 << 20

  /// Resets by the peer: so many at once, as a peer may give up everything that it has under way,
  /// and so many more a second. One more ends the connection.
  public var clientResets = Rate(countMax: 256, perSecond: 20)
  /// Streams that we have to reset because the peer broke a rule. One more ends the connection.
  public var errorResets = Rate(countMax: 50, perSecond: 5)
  /// Frames that are allowed and useless: empty DATA, PRIORITY, refused streams, signs of life that
  /// nobody asked for, more of WINDOW_UPDATE and of tiny DATA than anybody needs; SETTINGS after
  /// the first count ten times. One more ends the connection.
  public var glitches = Rate(countMax: 200, perSecond: 200.0 / 30)
  static let settingsGlitchCount = 10
  /// WINDOW_UPDATE frames that are no glitch: five, and this many for each stream and for ten
  /// frames of DATA that were sent.
  static let windowUpdatesPerStream = 2
  /// DATA frames shorter than this that don't end a stream are tiny; so many without a whole
  /// message are no glitch.
  static let tinyDataByteCount = 64
  static let tinyDataCountMax = 100
  /// How many tiny frames a whole message makes up for.
  static let tinyDataPerMessage = 4

  /// A PING sooner than this after the last is a strike, unless HEADERS or DATA were sent in
  /// between; one strike more than `pingStrikeCountMax` ends the connection.
  public var pingNanosecondsMin: UInt64 = 10_000_000_000
  public var pingStrikeCountMax = 2
  /// Bytes that serve no request: unknown frames, padding, DATA of streams that are gone. So many,
  /// and some more for every answer. One more ends the connection.
  public var unproductiveByteCountMax = 256 << 10
  static let unproductiveBytesPerAnswer = 64 << 10
  /// Streams that one read may open: all that may be open at once, and half as many that were given
  /// up in the same breath. More ends the connection.
  public var streamBurstCountMax = 384

  /// From the connection's start to the peer's first SETTINGS. Then it is closed without a word.
  public var prefaceNanosecondsMax: UInt64 = 5_000_000_000
  /// From the connection's start to the peer's acknowledgement of ours. Then it ends with
  /// SETTINGS_TIMEOUT.
  public var settingsNanosecondsMax: UInt64 = 10_000_000_000
  /// From a frame's first byte to its last, CONTINUATION frames counted in. Then the connection
  /// ends. A DATA frame has as long as a body.
  public var frameNanosecondsMax: UInt64 = 5_000_000_000
  /// From a unary request's headers to its end. Then its stream is reset with CANCEL; its own
  /// deadline, where that is sooner, answers DEADLINE_EXCEEDED.
  public var bodyNanosecondsMax: UInt64 = 30_000_000_000
  /// How long an answer may wait for the peer's window. Then its stream is reset with CANCEL.
  public var stallNanosecondsMax: UInt64 = 30_000_000_000
  /// How long a connection may have no stream. Then it ends in good order, with NO_ERROR. 0: for
  /// ever.
  public var idleNanosecondsMax: UInt64 = 0
  /// How old a connection may get, give or take a tenth. Then it ends in good order. 0: any age.
  public var ageNanosecondsMax: UInt64 = 0
  /// How long a connection that is to end waits for the peer to have read the first GOAWAY.
  public var shutdownNoticeNanoseconds: UInt64 = 1_000_000_000

  public init() {}

  /// What a streaming call may have to say that its peer has not taken, in bytes. From there on no
  /// further message of it is looked at.
  static let unsentReplyByteCountMax = 64 << 10
  /// CONTINUATION frames of one header block; a fifth closes the connection without a word.
  static let continuationCountMax = 4
  /// Acknowledgements waiting to be sent; more closes the connection without a word, as too many
  /// frames do. A second line: the bounds of PING and SETTINGS let fewer through.
  static let outboundAcknowledgementCountMax = 256
  /// Receive window of a whole connection, in bytes.
  static let connectionWindowByteCount: Int32 = 8 << 20
  /// Longest `grpc-message` in bytes before encoding; the rest is cut off, because clients limit
  /// the headers of an answer.
  static let statusMessageByteCountMax = 1024
}

/// So many at once and so many more each second.
public struct Rate: Sendable {
  public let countMax: Int
  /// How long one takes to be forgotten.
  let nanosecondsEach: UInt64

  /// - Precondition: both are above zero.
  public init(countMax: Int, perSecond: Double) {
    precondition(countMax > 0 && perSecond > 0, "a rate is above zero")
    self.countMax = countMax
    nanosecondsEach = UInt64(1_000_000_000 / perSecond)
  }
}

/// How much of a rate is used up: the time by which all that was counted will be forgotten.
struct RateGauge: Sendable {
  private var emptyNanoseconds: UInt64 = 0

  /// Counts `count` at a time.
  /// - Returns: false where that is more than the rate allows.
  mutating func take(_ count: Int = 1, of rate: Rate, at nowNanoseconds: UInt64) -> Bool {
    emptyNanoseconds =
      max(emptyNanoseconds, nowNanoseconds) &+ UInt64(count) &* rate.nanosecondsEach
    return emptyNanoseconds &- nowNanoseconds <= UInt64(rate.countMax) &* rate.nanosecondsEach
  }
}
