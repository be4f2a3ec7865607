import VerdictHTTP2
import VerdictModel

/// A server session under a peer's byte stream, split at places that the input chooses.
///
/// Input: a byte of options, a byte for the splits, then the stream.
///
/// | bit of the options | meaning |
/// |---|---|
/// | 0 | the preface and empty SETTINGS come first, so that the rest is read as frames |
/// | 1 | small limits |
/// | 2 | every second request is postponed, and answered after the next read |
/// | 3 | the server shuts down after the third read |
/// | 4 | the peer is one of a Unix socket |
/// | 5 | a second passes before each read |
///
/// What holds: each request is handed out once, streams and memory stay within the limits, what is
/// said obeys `FrameLedger`, and whatever the session held is given back with it.
@safe
final class SessionHarness: FuzzHarness {
  static let preface =
    Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]

  private let room = UnsafeMutableRawPointer.allocate(byteCount: 64 << 10, alignment: 16)

  deinit { unsafe room.deallocate() }

  private static let methods = [
    ServedMethod(path: "/t.S/Echo", number: 0), ServedMethod(path: "/t.S/Fail", number: 1),
    ServedMethod(path: "/t.S/Long", number: 2),
    ServedMethod(path: "/page", number: 3, kind: .page),
  ]

  func run(_ input: ByteView) {
    var reader = InputReader(input)
    let options = reader.byte()
    let split = Int(reader.byte())
    var stream = reader.rest()
    if options & 1 != 0 { stream = Self.preface + stream }
    let limits = Self.limits(isSmall: options & 2 != 0)
    let context = ServerContext(methods: Self.methods, limits: limits)
    converse(context, limits, stream, split: split, options: options)
    precondition(context.openStreamCount == 0, "a session gives its streams back")
    precondition(context.heldByteCount == 0, "a session gives its memory back")
  }

  private static func limits(isSmall: Bool) -> SessionLimits {
    var limits = SessionLimits()
    if isSmall {
      limits.streamCountMax = 3
      limits.messageByteCountMax = 100
      limits.headerByteCountMax = 256
      limits.headerCountMax = 8
      limits.heldByteCountMax = 64 << 10
      limits.connectionHeldByteCountMax = 16 << 10
    }
    return limits
  }

  private func converse(
    _ context: borrowing ServerContext, _ limits: SessionLimits, _ stream: [UInt8], split: Int,
    options: UInt8
  ) {
    let session = ServerSession(
      context, authority: options & 16 == 0 ? .hostAndPort : .opaque, nowNanoseconds: 0)
    var conversation = Conversation(postpones: options & 4 != 0)
    var offset = 0
    var readCount = 0
    while offset < stream.count {
      // A read of up to 64 KiB, or small ones whose lengths go up and down.
      let step = split == 0 ? 64 << 10 : 1 + (split &* (readCount + 1)) % 61
      let end = min(stream.count, offset + step)
      let now = UInt64(readCount) * (options & 32 == 0 ? 1_000_000 : 1_000_000_000)
      if session.dueNanoseconds <= now, !session.expire(nowNanoseconds: now) { return }
      let isAlive = stream[offset..<end].withViewOfCopy {
        session.receive($0, nowNanoseconds: now)
      }
      guard isAlive else { return }
      conversation.serve(session)
      drain(session, &conversation)
      precondition(
        session.openStreamCount <= limits.streamCountMax + 1, "no more streams than were granted")
      precondition(context.heldByteCount <= limits.heldByteCountMax + (1 << 20), "bounded memory")
      if session.isOver { return }
      offset = end
      readCount += 1
      if readCount == 3, options & 8 != 0 {
        session.announceShutdown()
        session.finishAccepting()
        drain(session, &conversation)
      }
    }
  }

  private func drain(_ session: borrowing ServerSession, _ conversation: inout Conversation) {
    while true {
      // SAFETY: as much room as is said.
      let count = unsafe session.drain(into: room, byteCount: 64 << 10)
      if count == 0 { return }
      precondition(count <= 64 << 10, "no more than there is room for")
      unsafe conversation.ledger.take(UnsafeRawBufferPointer(start: room, count: count))
    }
  }
}

/// What one session was asked, and what it said.
private struct Conversation {
  let postpones: Bool
  var ledger = FrameLedger()
  private var seen: Set<Int32> = []
  private var postponed: [Int32] = []

  init(postpones: Bool) { self.postpones = postpones }

  mutating func serve(_ session: borrowing ServerSession) {
    for stream in postponed {
      _ = [1, 2, 3].withByteView { session.answer(postponed: stream, .ok, $0) }
      let isRepeated = [].withByteView { session.answer(postponed: stream, .ok, $0) }
      precondition(!isRepeated, "an answer is taken once")
    }
    postponed = []
    while let request = session.nextRequest() {
      precondition(seen.insert(request.stream).inserted, "each request is handed out once")
      precondition(request.stream & 1 == 1, "a client's streams are odd")
      if postpones && seen.count & 1 == 1 {
        postponed.append(request.stream)
        session.postpone(request)
      } else {
        answer(request, session)
      }
    }
  }

  private func answer(_ request: ServerRequest, _ session: borrowing ServerSession) {
    var reply = request.reply
    switch request.method {
    case 0:
      reply.append(request.message)
      session.answer(request, .ok)
    case 1: session.answer(request, reply.fail(.invalidArgument, "50% ü\n"))
    default:
      for _ in 0..<20_000 { reply.append(9) }
      session.answer(request, .ok)
    }
  }
}

extension ArraySlice<UInt8> {
  /// Calls `body` with a view of a copy of exactly these bytes, so that the address sanitizer sees
  /// who reads beyond them.
  func withViewOfCopy<R>(_ body: (ByteView) -> R) -> R { Array(self).withByteView(body) }
}
