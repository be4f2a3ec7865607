internal import VerdictHTTP2
internal import VerdictModel

/// What a loop asks when a request has arrived whole. Each loop has a set of its own, used on its
/// thread alone.
///
/// The loops are generic over it, and specialised for the product's own `Services` inside this
/// module, so that the seam costs a plain call.
protocol ServiceSet: ~Copyable, SendableMetatype {
  /// Paths with the numbers that `answer` gets.
  static var methods: [ServedMethod] { get }

  /// Answers one request.
  ///
  /// - Parameters:
  ///   - set: the bits of the current publication's pointer, 0 when there is none; valid for this
  ///     call. All requests of one loop turn get the same.
  ///   - nowNanoseconds: the monotonic clock at the turn's start.
  ///   - reply: where the reply's message goes.
  mutating func answer(
    method: UInt8, message: ByteView, set: UInt, nowNanoseconds: UInt64, reply: inout ReplyBuffer
  ) -> RPCStatus

  /// Where the loop counts; set once, before the first answer.
  mutating func count(in tally: LoopTally)

  /// Whether the last answer would be another one with newer policies, which the caller asked to
  /// wait for. Asked once after each answer.
  mutating func takeAwaiting() -> Bool

  /// Whether a method is of the inspection service: answered by a worker, and only where the
  /// listener serves it. `answer` never gets one.
  static func isInspection(_ method: UInt8) -> Bool

  /// The bit of a method's service in the masks of callers, and what operators call the service.
  static func serviceBit(of method: UInt8) -> UInt8
  static func serviceName(of method: UInt8) -> String

  /// Answers an inspection on a worker's thread; `set` is valid for this call.
  static func inspect(method: UInt8, message: ByteView, set: UInt) -> WorkerAnswer
}

/// A set without inspections, that waits for nothing, and with one service.
extension ServiceSet where Self: ~Copyable {
  mutating func count(in tally: LoopTally) {}

  mutating func takeAwaiting() -> Bool { false }

  static func serviceBit(of method: UInt8) -> UInt8 { 1 }

  static func serviceName(of method: UInt8) -> String { "service" }

  static func isInspection(_ method: UInt8) -> Bool { false }

  static func inspect(method: UInt8, message: ByteView, set: UInt) -> WorkerAnswer {
    preconditionFailure("there are no inspections")
  }
}
