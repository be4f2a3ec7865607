/// gRPC's status codes that this product uses.
public enum RPCCode: UInt8, Sendable {
  case ok = 0
  case cancelled = 1
  case unknown = 2
  case invalidArgument = 3
  case deadlineExceeded = 4
  case notFound = 5
  case alreadyExists = 6
  case permissionDenied = 7
  case resourceExhausted = 8
  case failedPrecondition = 9
  case aborted = 10
  case outOfRange = 11
  case unimplemented = 12
  case internalError = 13
  case unavailable = 14
  case dataLoss = 15
  case unauthenticated = 16
}

/// How a call ended. Plain bits, so that the hot path passes it without counting references.
///
/// A message that is put together at run time lies in the reply's buffer, which a failed call has
/// no other use for: see `ReplyBuffer.fail`.
public struct RPCStatus: Sendable {
  public let code: RPCCode
  let message: StaticString
  let isMessageInReply: Bool

  /// The call succeeded; the reply holds its message.
  @inlinable
  public static var ok: RPCStatus { RPCStatus(.ok, "") }

  /// The call failed with a fixed message; what the reply holds is dropped.
  public init(_ code: RPCCode, _ message: StaticString) {
    self.code = code
    self.message = message
    isMessageInReply = false
  }

  init(messageInReply code: RPCCode) {
    self.code = code
    message = ""
    isMessageInReply = true
  }
}
