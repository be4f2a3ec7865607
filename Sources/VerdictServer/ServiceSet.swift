internal import VerdictGateway
internal import VerdictHTTP2
internal import VerdictLog
internal import VerdictModel

/// What became of a request that was given to a set of services.
enum ServiceOutcome {
  case answered(RPCStatus)
  /// It is large, lies in the place with this number, and is to be decided in slices: `advance`
  /// until that says true, then `finish`; or `drop`.
  case begun(Int)
  /// It is large, and none may be begun at present.
  case mustWait
  /// It can't be cut into slices that are short enough for a loop.
  case forWorkers
  /// It has a signature that takes a worker a moment to verify.
  case toBeVerified
  /// Here is the answer, but it would be another one with newer policies, which the caller asked to
  /// wait for.
  case awaits(RPCStatus)
}

/// What a loop asks when a request has arrived whole. Each loop and each worker has a set of its
/// own, used on its thread alone.
///
/// The loops are generic over it, and specialised for the product's own `Services` inside this
/// module, so that the seam costs a plain call.
protocol ServiceSet: ~Copyable, SendableMetatype {
  /// Paths with the numbers that `answer` gets.
  static var methods: [ServedMethod] { get }

  /// Checks decided so far. A loop bounds by it what one connection gets in a turn.
  var checkCount: UInt64 { get }

  /// Where the requests from now on say who is calling: as their listener has it.
  mutating func identify(by sources: IdentitySources)

  /// Answers one request, or begins to.
  ///
  /// - Parameters:
  ///   - set: the bits of the current publication's pointer, 0 when there is none; valid for this
  ///     call and for all that follow for the place of a request that it begins. All requests of
  ///     one loop turn get the same.
  ///   - nowNanoseconds: the monotonic clock at the turn's start.
  ///   - mayBegin: whether a large request may be begun.
  ///   - reply: where the reply's message goes.
  mutating func answer(
    method: UInt8, message: ByteView, set: UInt, nowNanoseconds: UInt64, mayBegin: Bool,
    reply: inout ReplyBuffer
  ) -> ServiceOutcome

  /// Counts and logs the request that was answered last, by the loop that answers it.
  mutating func conclude(_ end: LogEnd, _ log: inout LogSource, _ tally: LoopTally)

  /// On a worker: takes out what there is to be counted and logged, for the services of the loop.
  mutating func detachDraft() -> LogParcel?

  /// On a loop: takes over what a worker's services have taken out.
  mutating func restore(_ parcel: LogParcel)

  /// Does the next slice of what was begun; true: it can be finished.
  mutating func advance(_ place: Int) -> Bool

  /// Answers what was begun, and frees its place.
  mutating func finish(_ place: Int, reply: inout ReplyBuffer) -> RPCStatus

  /// Frees the place of what nobody waits for any more.
  mutating func drop(_ place: Int)

  /// Whether a method is of the inspection service: answered by a worker, and only where the
  /// listener serves it. `answer` never gets one.
  static func isInspection(_ method: UInt8) -> Bool

  /// The bit of a method's service in the masks of callers, and what operators call the service.
  static func serviceBit(of method: UInt8) -> UInt8
  static func serviceName(of method: UInt8) -> String

  /// Whether a method's answer goes on: the loop tells it at once, and at every change.
  static func isWatch(_ method: UInt8) -> Bool

  /// What a watch is about; nil: its message is not readable.
  mutating func watch(method: UInt8, message: ByteView) -> WatchSubject?

  /// Another number whenever there is something else to tell; never 0.
  func version(of subject: WatchSubject, set: UInt) -> UInt64

  /// The message that tells it.
  func news(about subject: WatchSubject, set: UInt) -> [UInt8]

  /// The bit of the service that tells about the API, which some listeners don't serve.
  static var reflectionBit: UInt8 { get }

  /// What a worker's services have found out since they were asked last, for those of the loop that
  /// sent the request; and how those take it in.
  mutating func takeNews() -> VerifiedToken?
  mutating func learn(_ news: VerifiedToken)

  /// Answers an inspection on a worker's thread; `set` is valid for this call.
  func inspect(method: UInt8, message: ByteView, set: UInt) -> WorkerAnswer
}

/// A set without inspections, and with one service.
extension ServiceSet where Self: ~Copyable {
  static func serviceBit(of method: UInt8) -> UInt8 { 1 }

  static var reflectionBit: UInt8 { 0 }

  static func isWatch(_ method: UInt8) -> Bool { false }

  mutating func watch(method: UInt8, message: ByteView) -> WatchSubject? { nil }

  func version(of subject: WatchSubject, set: UInt) -> UInt64 { 1 }

  func news(about subject: WatchSubject, set: UInt) -> [UInt8] { [] }

  static func serviceName(of method: UInt8) -> String { "service" }

  static func isInspection(_ method: UInt8) -> Bool { false }

  func inspect(method: UInt8, message: ByteView, set: UInt) -> WorkerAnswer {
    preconditionFailure("there are no inspections")
  }
}

/// A set that answers everything at once, and counts nothing.
extension ServiceSet where Self: ~Copyable {
  mutating func conclude(_ end: LogEnd, _ log: inout LogSource, _ tally: LoopTally) {}

  mutating func identify(by sources: IdentitySources) {}

  mutating func detachDraft() -> LogParcel? { nil }

  mutating func restore(_ parcel: LogParcel) {}

  mutating func takeNews() -> VerifiedToken? { nil }

  mutating func learn(_ news: VerifiedToken) {}

  var checkCount: UInt64 { 0 }

  mutating func advance(_ place: Int) -> Bool { preconditionFailure("nothing is begun") }

  mutating func finish(_ place: Int, reply: inout ReplyBuffer) -> RPCStatus {
    preconditionFailure("nothing is begun")
  }

  mutating func drop(_ place: Int) { preconditionFailure("nothing is begun") }
}

/// What a call whose answer goes on is about.
enum WatchSubject {
  case snapshots
  case health
  /// The health of a service that nobody serves.
  case unknownService
}
