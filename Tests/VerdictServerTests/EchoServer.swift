import VerdictControl
import VerdictHTTP2
import VerdictModel
import VerdictSystem

@testable import VerdictServer

/// Services for tests of the transport.
struct EchoServices: ServiceSet {
  static let methods = [
    "Same", "Fail", "Set", "Big", "Slow", "Sliced", "ForWorkers", "Chat",
  ].enumerated().map {
    ServedMethod(
      path: "/test.Echo/\($1)", number: UInt8($0), kind: $1 == "Chat" ? .bidirectional : .unary)
  }

  var isOnWorker = false
  /// By place: slices of a millisecond that are left, and the set that it was begun with.
  var slicesLeft = [Int?](repeating: nil, count: SlicedRequest.countMax)
  var sets = [UInt](repeating: 0, count: SlicedRequest.countMax)

  mutating func answer(
    method: UInt8, message: ByteView, set: UInt, nowNanoseconds: UInt64, mayBegin: Bool,
    reply: inout ReplyBuffer
  ) -> ServiceOutcome {
    switch method {
    case 0: reply.append(message)
    case 7: for _ in 0..<100 { reply.append(message) }
    case 1:
      return .answered(
        reply.fail(.invalidArgument, "100% wrong: `\(message.text)`\nsecond line ü"))
    case 2: for shift in 0..<8 { reply.append(UInt8(truncatingIfNeeded: set >> (8 * shift))) }
    case 5:
      guard mayBegin, let place = slicesLeft.firstIndex(of: nil) else { return .mustWait }
      slicesLeft[place] = Int(message[0])
      sets[place] = set
      return .begun(place)
    case 6: if !isOnWorker { return .forWorkers }
    default: for _ in 0..<(1 << 20) { reply.append(7) }
    }
    return .answered(.ok)
  }

  mutating func advance(_ place: Int) -> Bool {
    SystemClock.sleep(nanoseconds: 1_000_000)
    slicesLeft[place]! -= 1
    return slicesLeft[place]! <= 0
  }

  mutating func finish(_ place: Int, reply: inout ReplyBuffer) -> RPCStatus {
    let set = sets[place]
    drop(place)
    for shift in 0..<8 { reply.append(UInt8(truncatingIfNeeded: set >> (8 * shift))) }
    return .ok
  }

  mutating func drop(_ place: Int) {
    slicesLeft[place] = nil
  }
}

/// Inspections of the tests: each takes as many hundredths of a second as its first byte says.
extension EchoServices {
  static func isInspection(_ method: UInt8) -> Bool { method == 4 }

  func inspect(method: UInt8, message: ByteView, set: UInt) -> WorkerAnswer {
    if message.isEmpty { return WorkerAnswer(.notFound, "nothing to say: ü") }
    SystemClock.sleep(nanoseconds: UInt64(message[0]) * 10_000_000)
    return WorkerAnswer(reply: message.array)
  }
}

/// A server of `EchoServices` on a free TCP port and a Unix socket of its own.
final class EchoServer {
  let publication: Publication
  let server: Server
  let unixPath: String

  init(loopCount: Int = 1, _ adjust: (inout ServerConfiguration) -> Void = { _ in }) throws {
    unixPath = "/tmp/verdict-test-\(SystemRandom.word()).sock"
    var configuration = ServerConfiguration(
      listeners: [
        ListenerSettings(.tcp(host: "127.0.0.1", port: 0)),
        ListenerSettings(.unix(path: unixPath)),
      ], loopCount: loopCount)
    configuration.drainTimeoutNanoseconds = 3_000_000_000
    configuration.listeners[1].servesInspection = true
    adjust(&configuration)
    publication = Publication(slotCount: configuration.slotCount)
    server = try Server(
      configuration, publication: publication,
      set: {
        EchoServices(isOnWorker: $0.isWorker)
      })
  }

  deinit {
    server.stopNow()
    server.waitUntilStopped()
  }

  var tcp: String { server.addresses[0].description }
  var unix: String { server.addresses[1].description }
}

/// Seconds as the rooms' nanoseconds.
func seconds(_ count: UInt64) -> UInt64 { count * 1_000_000_000 }
