/// Why a call has no answer.
public enum ClientError: Error, Sendable, CustomStringConvertible {
  /// The address is not one.
  case address(String)
  /// The server can't be reached or went away; the words name the address and the system's reason.
  case connection(String)
  /// The certificates of this side can't be used; nothing was sent.
  case security(String)
  /// The time was up before the answer came.
  case timedOut(address: String, seconds: Double)
  /// The request can't be sent: it is too large, or contradicts itself.
  case request(String)
  /// The server's reply is no answer: unreadable, or contradicting itself.
  case reply(String)
  /// The server answered with a gRPC status other than OK.
  case status(code: UInt8, message: String)

  public var description: String {
    switch self {
    case .address(let words), .connection(let words), .security(let words), .request(let words),
      .reply(let words):
      return words
    case .timedOut(let address, let seconds):
      return "`\(address)`: no answer within \(seconds) s"
    case .status(let code, let message):
      let name = ClientError.name(ofCode: code)
      return message.isEmpty ? name : "\(name): \(message)"
    }
  }

  /// gRPC's name of a status code, `CODE n` for one that is not gRPC's.
  public static func name(ofCode code: UInt8) -> String {
    let names = [
      "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
      "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
      "UNAUTHENTICATED",
    ]
    return code < names.count ? names[Int(code)] : "CODE \(code)"
  }
}
