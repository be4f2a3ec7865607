public import VerdictModel

/// The length-prefixed messages of one unary request, as a value without I/O.
///
/// ```
///            5 bytes, flag 0        length bytes           end
///  prefix ------------------> body -------------> whole --------> complete
///     | end: truncated / none  | end: truncated     | a byte: second message
///     v                        v                    v
///   failed                  failed                failed
/// ```
///
/// DATA frames may split the bytes anywhere, also inside the prefix (protocol: gRPC over HTTP/2,
/// "Length-Prefixed-Message").
public struct MessageFraming: Sendable {
  /// Why the bytes are not one message.
  public enum Failure: UInt8, Sendable {
    case none
    /// The prefix announces more than the limit.
    case tooLong
    /// The compressed flag is set, but the request names no encoding.
    case compressedWithoutEncoding
    /// The compressed flag is set with an encoding that we don't have.
    case encodingUnsupported
    /// The message is not what its encoding says.
    case corrupt
    /// A flag other than 0 and 1.
    case flagUnknown
    /// The request ended inside the prefix or the body.
    case truncated
    /// The request ended without a message.
    case noMessage
    /// More bytes after the first message.
    case secondMessage
  }

  public static let prefixByteCount = 5

  private var prefixCount: UInt8 = 0
  private var flag: UInt8 = 0
  /// The announced length; meaningful once the prefix is whole.
  public private(set) var length: UInt32 = 0
  private var receivedCount: UInt32 = 0
  public private(set) var failure: Failure = .none

  public init() {}

  /// Whether the prefix is whole, so that `length` is known.
  public var isLengthKnown: Bool { prefixCount == MessageFraming.prefixByteCount }

  /// Whether the message is compressed.
  public var isCompressed: Bool { flag == 1 }

  /// Whether exactly one message has been taken.
  public var isWhole: Bool { isLengthKnown && receivedCount == length && failure == .none }

  /// Takes what `bytes` holds of the prefix.
  ///
  /// - Parameter encoding: what `grpc-encoding` names.
  /// - Returns: how many bytes were taken. After a failure the rest is to be ignored.
  public mutating func takePrefix(
    _ bytes: ByteView, encoding: RequestHeaders.Encoding, byteCountMax: Int
  ) -> Int {
    var taken = 0
    while prefixCount < 5 && taken < bytes.count {
      let byte = bytes[taken]
      if prefixCount == 0 { flag = byte } else { length = length << 8 | UInt32(byte) }
      prefixCount += 1
      taken += 1
    }
    guard isLengthKnown, taken > 0 else { return taken }
    switch (flag, encoding) {
    case (0, _), (1, .gzip): if Int(length) > byteCountMax { failure = .tooLong }
    case (1, .identity): failure = .compressedWithoutEncoding
    case (1, .unknown): failure = .encodingUnsupported
    default: failure = .flagUnknown
    }
    return taken
  }

  /// Takes body bytes.
  ///
  /// - Returns: how many of the `availableCount` bytes belong to the message. Any that are left
  ///   make the request fail with `secondMessage`.
  public mutating func takeBody(availableCount: Int) -> Int {
    let taken = min(availableCount, Int(length - receivedCount))
    receivedCount += UInt32(truncatingIfNeeded: taken)
    if taken < availableCount && failure == .none { failure = .secondMessage }
    return taken
  }

  /// The request has ended.
  /// - Returns: `none` when it was exactly one message.
  public mutating func end() -> Failure {
    if failure == .none && !isWhole { failure = prefixCount == 0 ? .noMessage : .truncated }
    return failure
  }
}

extension MessageFraming.Failure {
  /// The call's status. The codes are those of the gRPC documents; where those waver (a unary
  /// call with zero or two messages) that of grpc-go.
  var status: RPCStatus {
    switch self {
    case .none: .ok
    case .tooLong: RPCStatus(.resourceExhausted, "the message is longer than the limit")
    case .compressedWithoutEncoding:
      RPCStatus(.internalError, "compressed flag set with identity or empty encoding")
    case .encodingUnsupported: RPCStatus(.unimplemented, "message encoding is not supported")
    case .corrupt: RPCStatus(.internalError, "the compressed message is corrupt")
    case .flagUnknown: RPCStatus(.internalError, "unexpected payload format")
    case .truncated: RPCStatus(.internalError, "the request ended inside a message")
    case .noMessage: RPCStatus(.internalError, "the request has no message")
    case .secondMessage: RPCStatus(.internalError, "a unary request has one message")
    }
  }
}
