import Testing
import VerdictHTTP2
import VerdictModel

@Suite("the server session")
struct ServerSessionTests {
  /// Feeds server bytes to a real client session; the test's frames and its calls use the same
  /// stream numbers.
  private func results(
    _ paths: [String], message: [UInt8] = [1, 2, 3], step: Int = .max
  ) -> [ClientResult?] {
    let peer = EchoPeer()
    let client = ClientSession()
    let calls = paths.map {
      client.start(path: $0, authority: "localhost", message: message, timeoutNanoseconds: nil)
    }
    var said = 0
    for _ in 0..<100 {
      let bytes = client.drain()
      peer.feed(bytes, step: step)
      let answer = Array(peer.output[said...])
      said = peer.output.count
      if bytes.isEmpty && answer.isEmpty { break }
      #expect(answer.withByteView { client.receive($0) })
    }
    return calls.map { $0.flatMap { client.result(of: $0) } }
  }

  @Test("many calls of one read get their own answers", arguments: [Int.max, 1, 7])
  func roundTrip(step: Int) {
    let paths = ["/t.S/Echo", "/t.S/Fail", "/t.S/None", "/t.S/Echo", "/t.S/Long"]
    let results = results(paths, step: step)
    #expect(results.map { $0?.code } == [0, 3, 12, 0, 0])
    #expect(results[0]?.reply == [1, 2, 3])
    #expect(results[1]?.message == "50% ü\n")
    #expect(results[2]?.message == "unknown method in `/t.S/None`")
    #expect(results[4]?.reply == [UInt8](repeating: 9, count: 100_000))
  }

  static let conversation =
    Frames.preface + Frames.request(1) + Frames.data(1, Frames.message([5, 6]))
    + Frames.request(3, path: "/t.S/Fail") + Frames.data(3, Frames.message([]))
    + Frames.request(5, isWhole: true) + Frames.request(7)
    + Frames.data(7, Array(Frames.message([1, 2, 3]).prefix(4)), isLast: false)
    + Frames.data(7, Array(Frames.message([1, 2, 3]).dropFirst(4)), isLast: false)
    + Frames.data(7, []) + Frames.request(9, changes: [("content-type", "text/plain")])
    + Frames.request(11, changes: [("grpc-timeout", "5x")])

  @Test("byte by byte delivery gives the same answers as one piece", arguments: [1, 2, 9, 10, 33])
  func byteByByte(step: Int) {
    let whole = EchoPeer()
    whole.feed(Self.conversation)
    let pieces = EchoPeer()
    pieces.feed(Self.conversation, step: step)
    // Which frames of different streams come first may differ, and with it the header compression;
    // what each stream gets may not.
    for stream in stride(from: 1, through: 11, by: 2) {
      #expect(pieces.shape(of: stream) == whole.shape(of: stream))
    }
    #expect(pieces.messages == whole.messages)
    #expect(whole.messages == [[5, 6], [], [1, 2, 3]])
  }

  @Test("a good answer is headers, data and trailers; a refusal is one header block")
  func shapes() {
    let peer = EchoPeer()
    peer.feed(Self.conversation)
    #expect(peer.shape(of: 1) == "HDH.")
    #expect(peer.shape(of: 3) == "H.")
    #expect(peer.shape(of: 5) == "H.")
    #expect(peer.shape(of: 7) == "HDH.")
    // These two have not ended their requests, so a reset without an error frees the stream.
    #expect(peer.shape(of: 9) == "H.R")
    #expect(peer.shape(of: 11) == "H.R")
    let resets = peer.frames.filter { $0.type == 3 }
    #expect(resets.map(\.payload) == [[0, 0, 0, 0], [0, 0, 0, 0]])
    #expect(peer.openStreamCount == 0)
  }

  static let failures: [([UInt8], [(String, String)], UInt8)] = [
    (Frames.data(1, [0, 255, 255, 255, 255], isLast: false), [], 8),
    (Frames.data(1, [1, 0, 0, 0, 0]), [], 13),
    (Frames.data(1, [1, 0, 0, 0, 0]), [("grpc-encoding", "identity")], 13),
    (Frames.data(1, [1, 0, 0, 0, 0]), [("grpc-encoding", "snappy")], 12),
    (Frames.data(1, [2, 0, 0, 0, 0]), [], 13),
    (Frames.data(1, [0, 0, 0]), [], 13),
    (Frames.data(1, [0, 0, 0, 0, 9, 1]), [], 13),
    (Frames.data(1, Frames.message([1]) + Frames.message([1])), [], 13),
    (Frames.data(1, []), [], 13),
  ]

  @Test("what is not one plain message has its status", arguments: failures)
  func framing(data: [UInt8], changes: [(String, String)], code: UInt8) {
    let peer = EchoPeer()
    peer.feed(Frames.preface + Frames.request(1, changes: changes) + data)
    #expect(peer.messages.isEmpty)
    #expect(peer.shape(of: 1).hasPrefix("H."))
    #expect(peer.openStreamCount == 0)
    #expect(!peer.isBroken)
    #expect(peer.statusCode(of: 1) == code)
  }

  @Test(
    "headers that gRPC does not allow have their status",
    arguments: [
      ("content-type", "text/plain", 3), (":method", "GET", 13), (":path", "/t.S/echo", 12),
      ("grpc-timeout", "5x", 13),
    ] as [(String, String, UInt8)])
  func headers(name: String, value: String, code: UInt8) {
    let peer = EchoPeer()
    let request = Frames.request(1, changes: [(name, value)])
    peer.feed(Frames.preface + request + Frames.data(1, Frames.message([1])))
    #expect(peer.messages.isEmpty)
    #expect(peer.statusCode(of: 1) == code)
    #expect(peer.openStreamCount == 0)
  }

  @Test("a request's trailers end it, and padding is no part of a message")
  func trailersAndPadding() {
    let peer = EchoPeer()
    let padded = [UInt8(3)] + Frames.message([4, 5]) + [0, 0, 0]
    peer.feed(Frames.preface + Frames.request(1) + Frames.frame(0, 8, 1, padded))
    peer.feed(Frames.frame(1, 5, 1, Frames.block([("x-trailer", "y")])))
    #expect(peer.messages == [[4, 5]])
    #expect(peer.shape(of: 1) == "HDH.")
  }

  @Test("a request that the peer resets before its end is not answered and leaves nothing")
  func reset() {
    let peer = EchoPeer()
    let big = [UInt8](repeating: 1, count: 9_000)
    let half = Array(Frames.message(big + big).prefix(9_000))
    peer.feed(Frames.preface + Frames.request(1) + Frames.data(1, half, isLast: false))
    #expect(peer.openStreamCount == 1)
    #expect(peer.heldByteCount > 0)
    peer.feed(Frames.frame(3, 0, 1, [0, 0, 0, 8]))
    #expect(peer.shape(of: 1) == "")
    #expect(peer.openStreamCount == 0)
    #expect(peer.contextStreamCount == 0)
    #expect(peer.heldByteCount == 0)
    #expect(peer.counters.cancellations == 1)
  }

  @Test("a request that is reset in the same read as its end is not handed out")
  func resetAtOnce() {
    let peer = EchoPeer()
    peer.feed(
      Frames.preface + Frames.request(1) + Frames.data(1, Frames.message([1]))
        + Frames.frame(3, 0, 1, [0, 0, 0, 8]) + Frames.request(3)
        + Frames.data(3, Frames.message([2])))
    #expect(peer.messages == [[2]])
    #expect(peer.shape(of: 1) == "")
    #expect(peer.shape(of: 3) == "HDH.")
    #expect(peer.contextStreamCount == 0)
  }

  @Test("a session that ends with streams under way gives everything back")
  func endEarly() {
    let context = ServerContext(methods: [ServedMethod(path: "/t.S/Echo", number: 0)])
    do {
      let session = ServerSession(context)
      let bytes =
        Frames.preface + Frames.request(1) + Frames.request(3)
        + Frames.data(3, Frames.message([1])) + Frames.request(5)
        + Frames.data(5, Frames.message([2])) + Frames.frame(3, 0, 5, [0, 0, 0, 8])
      #expect(bytes.withByteView { session.receive($0, nowNanoseconds: 0) })
      #expect(context.openStreamCount == 3)
    }
    #expect(context.openStreamCount == 0)
    #expect(context.heldByteCount == 0)
  }

  @Test("too many header bytes or headers reset the stream and spare the connection")
  func headerBudget() {
    let peer = EchoPeer()
    let long = String(repeating: "x", count: 8_200)
    let many = (0..<65).map { ("x-\($0)", "") }
    peer.feed(Frames.preface + Frames.request(1, changes: [("x-long", long)]))
    peer.feed(Frames.request(3, changes: many))
    peer.feed(Frames.request(5) + Frames.data(5, Frames.message([1])))
    #expect(peer.shape(of: 1) == "R")
    #expect(peer.shape(of: 3) == "R")
    #expect(peer.shape(of: 5) == "HDH.")
    let resets = peer.frames.filter { $0.type == 3 }
    #expect(resets.map(\.payload) == [[0, 0, 0, 11], [0, 0, 0, 11]])
    #expect(peer.openStreamCount == 0)
  }

  @Test("a header bomb ends the connection")
  func headerBomb() {
    let peer = EchoPeer()
    // One header that enters the dynamic table, and thousands of one-byte references to it.
    let entry: [UInt8] = [0x40, 1, 0x61, 1, 0x62]
    let bomb = Frames.block([(":method", "POST")]) + entry + [UInt8](repeating: 0xBE, count: 16_000)
    peer.feed(Frames.preface + Frames.frame(1, 5, 1, bomb))
    #expect(peer.isOver)
    #expect(peer.counters.limits[.headerBomb] == 1)
    #expect(peer.farewell == "header_bomb")
    #expect(peer.counters.brokenSessions == 1)
  }

  @Test("a fifth CONTINUATION ends the connection")
  func continuations() {
    let peer = EchoPeer()
    peer.feed(Frames.preface + Frames.frame(1, 1, 1, Frames.block([(":method", "POST")])))
    for _ in 0..<5 { peer.feed(Frames.frame(9, 0, 1, Frames.block([("x-a", "b")]))) }
    #expect(peer.isBroken)
    #expect(peer.counters.limits[.continuations] == 1)
  }

  @Test("unfinished requests hold no more than the limit")
  func heldBytes() {
    var limits = SessionLimits()
    limits.heldByteCountMax = 100_000
    let peer = EchoPeer(limits: limits)
    let part = Array(Frames.message([UInt8](repeating: 1, count: 50_000)).prefix(10_000))
    for stream in [1, 3] {
      peer.feed((stream == 1 ? Frames.preface : []) + Frames.request(stream))
      peer.feed(Frames.data(stream, part, isLast: false))
    }
    #expect(peer.shape(of: 1) == "")
    #expect(peer.shape(of: 3) == "H.R")
    #expect(peer.heldByteCount <= 100_000)
  }

  @Test("an announcement of a long message costs no memory before its bytes come")
  func announcedLength() {
    let peer = EchoPeer()
    peer.feed(
      Frames.preface + Frames.request(1)
        + Frames.data(1, [0, 0, 0x40, 0, 0] + [UInt8](repeating: 0, count: 600), isLast: false))
    #expect(peer.heldByteCount <= 64 << 10)
  }

  @Test("a peer that takes nothing keeps its answer waiting, and gets it once its window opens")
  func closedWindow() {
    let peer = EchoPeer()
    // SETTINGS_INITIAL_WINDOW_SIZE = 0
    let preface =
      Array(Frames.preface.prefix(24)) + Frames.frame(4, 0, 0, [0, 4, 0, 0, 0, 0])
    peer.feed(preface + Frames.request(1) + Frames.data(1, Frames.message([1, 2])))
    #expect(peer.shape(of: 1) == "H")
    #expect(peer.openStreamCount == 1)
    peer.feed(Frames.window(1, 3))
    #expect(peer.shape(of: 1) == "HD")
    peer.feed(Frames.window(1, 100))
    #expect(peer.shape(of: 1) == "HDDH.")
    #expect(peer.openStreamCount == 0)
  }

  @Test("between the two good-byes new calls are served, after them only the old")
  func shutdown() {
    let peer = EchoPeer()
    peer.feed(Frames.preface + Frames.request(1))
    peer.announceShutdown()
    let notices = peer.frames.filter { $0.type == 7 }
    #expect(notices.map { Array($0.payload.prefix(4)) } == [[0x7F, 255, 255, 255]])
    peer.feed(Frames.request(3) + Frames.data(3, Frames.message([3])))
    #expect(peer.shape(of: 3) == "HDH.")
    #expect(!peer.isShutdownAcknowledged)
    let ping = peer.frames.first { $0.type == 6 }
    peer.feed(Frames.frame(6, 1, 0, ping?.payload ?? []))
    #expect(peer.isShutdownAcknowledged)
    peer.finishAccepting()
    #expect(!peer.isOver)
    peer.feed(Frames.request(5) + Frames.data(5, Frames.message([5])))
    peer.feed(Frames.data(1, Frames.message([1])))
    #expect(peer.shape(of: 5) == "")
    #expect(peer.shape(of: 1) == "HDH.")
    #expect(peer.isOver)
  }

  @Test("a deadline counts from the clock at the headers' arrival")
  func deadline() {
    let context = ServerContext(methods: [ServedMethod(path: "/t.S/Echo", number: 0)])
    let session = ServerSession(context)
    let bytes =
      Frames.preface + Frames.request(1, changes: [("grpc-timeout", "2m")])
      + Frames.data(1, Frames.message([])) + Frames.request(3) + Frames.data(3, Frames.message([]))
    #expect(bytes.withByteView { session.receive($0, nowNanoseconds: 70) })
    let first = session.nextRequest()
    let second = session.nextRequest()
    #expect(first?.deadlineNanoseconds == 2_000_070)
    #expect(second?.deadlineNanoseconds == .max)
    for request in [first, second] {
      if let request { session.answer(request, RPCStatus(.unavailable, "test")) }
    }
    #expect(session.nextRequest() == nil)
  }
}
