internal import VerdictHTTP2
internal import VerdictModel

/// The services of the product, one set a loop. Placeholder: answers every call with its message.
public struct Services: ServiceSet {
  static let methods: [(path: String, number: UInt8)] = [
    ("/verdict.v1.DecisionService/Authorize", 0)
  ]

  public init() {}

  mutating func answer(
    method: UInt8, message: ByteView, set: UInt, nowNanoseconds: UInt64, reply: inout ReplyBuffer
  ) -> RPCStatus {
    reply.append(message)
    return .ok
  }
}
