internal import VerdictModel

/// The bounds of one HTTP/2 connection, with what happens when one is reached.
public struct SessionLimits: Sendable {
  /// Requests under way at once. Announced in SETTINGS; one more is a protocol error.
  public var streamCountMax = 256
  /// Longest request message in bytes. A longer one is RESOURCE_EXHAUSTED as soon as its prefix is
  /// known.
  public var messageByteCountMax = Limits.messageByteCountMax
  /// Header list of one request in bytes, counted as HTTP/2 does, and in headers. More resets the
  /// stream with ENHANCE_YOUR_CALM; `hardFactor` times as much closes the connection.
  public var headerByteCountMax = 8 << 10
  public var headerCountMax = 64
  public var headerHardFactor = 4
  /// Frames waiting to be sent. More closes the connection, because a peer that keeps us from
  /// sending them has stopped to read.
  public var outboundFrameCountMax = 1024
  /// What all unfinished requests and replies of one loop may hold beyond their inline buffers, in
  /// bytes. A request that needs more is RESOURCE_EXHAUSTED.
  public var heldByteCountMax = 256 << 20

  public init() {}

  /// CONTINUATION frames of one header block; a fifth closes the connection.
  static let continuationCountMax = 4
  /// Acknowledgements waiting to be sent; more closes the connection.
  static let outboundAcknowledgementCountMax = 256
  /// Receive window of a whole connection, in bytes.
  static let connectionWindowByteCount: Int32 = 8 << 20
  /// Longest `grpc-message` in bytes before encoding; the rest is cut off, because clients limit
  /// the headers of an answer.
  static let statusMessageByteCountMax = 1024
}
