import Testing
import VerdictHTTP2
import VerdictModel

/// What ends a connection, a frame at a time and in one read.
@Suite("the limits of a session")
struct LimitTests {
  static let acknowledgement = Frames.frame(4, 1, 0, [])
  static let call = Frames.request(1) + Frames.data(1, Frames.message([1]))

  struct Flood: Sendable, CustomTestStringConvertible {
    let limit: Limit
    /// How many are taken without complaint.
    let countMax: Int
    let code: UInt8
    let frame: @Sendable (Int) -> [UInt8]
    var testDescription: String { "\(limit)" }
  }

  private static func stream(_ index: Int) -> Int { 2 * index + 3 }

  static let floods: [Flood] = [
    Flood(limit: .clientResets, countMax: 256, code: 11) {
      Frames.request(stream($0)) + Frames.frame(3, 0, stream($0), [0, 0, 0, 8])
    },
    // MadeYouReset: a right request, then a frame for which we have to reset it.
    Flood(limit: .errorResets, countMax: 50, code: 11) {
      Frames.request(stream($0)) + Frames.window(stream($0), 0x7FFF_FFFF)
    },
    Flood(limit: .errorResets, countMax: 50, code: 11) {
      Frames.request(stream($0), changes: [("content-length", "3")])
        + Frames.data(stream($0), Frames.message([1]))
    },
    Flood(limit: .errorResets, countMax: 50, code: 11) {
      Frames.request(stream($0), changes: [("connection", "close")])
    },
    Flood(limit: .errorResets, countMax: 50, code: 11) {
      Frames.request(stream($0)) + Frames.frame(1, 4, stream($0), Frames.block([("x", "y")]))
    },
    Flood(limit: .glitches, countMax: 200, code: 11) { _ in Frames.data(1, [], isLast: false) },
    Flood(limit: .glitches, countMax: 200, code: 11) { _ in
      Frames.frame(2, 0, 3, [0, 0, 0, 0, 9])
    },
    Flood(limit: .glitches, countMax: 20, code: 11) { _ in Frames.frame(4, 0, 0, []) },
    Flood(limit: .glitches, countMax: 207, code: 11) { _ in Frames.window(0, 1) },
    Flood(limit: .glitches, countMax: 300, code: 11) {
      // Of a message of four thousand bytes.
      Frames.data(1, [$0 == 3 ? 16 : 0], isLast: false)
    },
    Flood(limit: .glitches, countMax: 200, code: 11) { _ in
      Frames.frame(6, 1, 0, [UInt8](repeating: 0, count: 8))
    },
    Flood(limit: .pings, countMax: 3, code: 11) { _ in
      Frames.frame(6, 0, 0, [UInt8](repeating: 0, count: 8))
    },
    Flood(limit: .unproductiveBytes, countMax: 26, code: 11) { _ in
      Frames.frame(0x77, 0, 0, [UInt8](repeating: 0, count: 10_000))
    },
    Flood(limit: .unproductiveBytes, countMax: 1024, code: 11) { _ in
      Frames.frame(0, 8, 1, [255] + [UInt8](repeating: 0, count: 255))
    },
  ]

  private func opened() -> EchoPeer {
    var limits = SessionLimits()
    // So that no flood runs into another limit than its own.
    limits.streamCountMax = 2_000
    limits.outboundFrameCountMax = 5_000
    limits.streamBurstCountMax = 2_000
    let peer = EchoPeer(limits: limits)
    // A stream stays open: without one, a connection that has said goodbye is over.
    peer.feed(Frames.preface + Self.acknowledgement + Frames.request(1))
    return peer
  }

  @Test("a flood, frame by frame, ends the connection with the limit's name", arguments: floods)
  func frameByFrame(flood: Flood) {
    let peer = opened()
    var count = 0
    while !peer.isOver && count < 2_000 {
      peer.feed(flood.frame(count))
      count += 1
    }
    #expect(count == flood.countMax + 1)
    #expect(peer.farewell == String(describing: flood.limit.name))
    #expect(peer.farewellCode == flood.code)
    #expect(peer.counters.limits[flood.limit] == 1)
    #expect(peer.counters.brokenSessions == 1)
  }

  @Test("a flood in one read ends the connection within that read", arguments: floods)
  func inOneRead(flood: Flood) {
    let peer = opened()
    peer.feed((0..<flood.countMax + 1).flatMap { flood.frame($0) })
    #expect(peer.isOver)
    #expect(peer.farewell == String(describing: flood.limit.name))
    #expect(peer.counters.limits[flood.limit] == 1)
  }

  @Test("what comes before the frame too many is answered, and nothing after it")
  func before() {
    let peer = opened()
    let ping = Frames.frame(6, 0, 0, [UInt8](repeating: 0, count: 8))
    peer.feed(ping + ping + ping + Frames.data(1, Frames.message([1])))
    #expect(peer.shape(of: 1) == "HDH.")
    // Sending has forgotten the strikes.
    peer.feed(ping + ping + ping)
    #expect(!peer.isOver)
    peer.feed(ping + Frames.request(3) + Frames.data(3, Frames.message([1])))
    #expect(peer.isOver && peer.shape(of: 3) == "")
    #expect(peer.frames.filter { $0.type == 6 }.count == 6)
    #expect(peer.frames.last?.type == 7)
  }

  @Test("limits don't care who has said goodbye")
  func afterGoodbye() {
    for flood in Self.floods {
      let peer = opened()
      peer.announceShutdown()
      peer.feed(Frames.frame(7, 0, 0, [UInt8](repeating: 0, count: 8)))
      var count = 0
      while !peer.isOver && count < 2_000 {
        peer.feed(flood.frame(count))
        count += 1
      }
      #expect(count <= flood.countMax + 1)
      #expect(peer.counters.limits[flood.limit] == 1)
    }
  }

  @Test("a rate forgives with time")
  func forgiven() {
    let peer = opened()
    for round in 0..<20 {
      peer.feed((0..<190).flatMap { _ in Frames.frame(2, 0, 3, [0, 0, 0, 0, 9]) })
      #expect(!peer.isOver, "round \(round)")
      peer.wait(seconds: 30)
    }
  }

  @Test("pings far enough apart are no strikes")
  func slowPings() {
    let peer = opened()
    for _ in 0..<50 {
      peer.feed(Frames.frame(6, 0, 0, [UInt8](repeating: 0, count: 8)))
      peer.wait(seconds: 10)
    }
    #expect(!peer.isOver)
    #expect(peer.frames.filter { $0.type == 6 }.count == 50)
  }

  @Test("a peer that calls a lot may also say a lot beside it")
  func credit() {
    let peer = opened()
    for index in 0..<200 {
      let stream = Self.stream(index)
      let unknown = Frames.frame(0x77, 0, 0, [UInt8](repeating: 0, count: 10_000))
      let ping = Frames.frame(6, 0, 0, [UInt8](repeating: 0, count: 8))
      peer.feed(
        unknown + Frames.request(stream) + Frames.data(stream, [0], isLast: false)
          + Frames.data(stream, [0, 0, 0, 1], isLast: false) + Frames.data(stream, [7])
          + Frames.window(0, 10) + Frames.window(0, 10) + ping)
    }
    #expect(!peer.isOver)
    #expect(peer.messages.count == 200)
  }

  @Test("DATA that was on its way when its stream ended early is forgiven, a window of it")
  func lateData() {
    let peer = opened()
    peer.feed(Frames.request(3, changes: [("content-type", "text/plain")]))
    #expect(peer.shape(of: 3) == "H.R")
    for _ in 0..<250 {
      peer.feed(Frames.frame(0, 0, 3, [UInt8](repeating: 0, count: 16_000)))
    }
    #expect(!peer.isOver)
    for _ in 0..<50 {
      peer.feed(Frames.frame(0, 0, 3, [UInt8](repeating: 0, count: 16_000)))
    }
    #expect(peer.isOver && peer.counters.limits[.unproductiveBytes] == 1)
  }

  @Test("more streams in one read than half as many again as may be open end the connection")
  func burst() {
    let peer = EchoPeer()
    let flood = (0..<600).flatMap {
      Frames.request(2 * $0 + 1) + Frames.frame(3, 0, 2 * $0 + 1, [0, 0, 0, 8])
    }
    var limits = SessionLimits()
    limits.clientResets = Rate(countMax: 100_000, perSecond: 1)
    let lenient = EchoPeer(limits: limits)
    lenient.feed(Frames.preface + Self.acknowledgement + flood)
    #expect(lenient.farewell == "stream_burst")
    #expect(lenient.counters.streams == 384)
    peer.feed(Frames.preface + Self.acknowledgement + flood)
    #expect(peer.farewell == "client_resets")
  }

  @Test("streams beyond the limit are refused before the peer knows it, and an error after")
  func refused() {
    let open = (0..<300).flatMap { Frames.request(2 * $0 + 1) }
    let early = EchoPeer()
    early.feed(Frames.preface + open)
    #expect(!early.isOver)
    #expect(early.frames.filter { $0.type == 3 && $0.payload == [0, 0, 0, 7] }.count == 44)
    #expect(early.counters.limits[.streams] == 44)
    let late = EchoPeer()
    late.feed(Frames.preface + Self.acknowledgement + open)
    #expect(late.isOver && late.farewellCode == 1)
    #expect(late.counters.limits[.streams] == 1)
  }

  @Test("answers that nobody takes are held up to the connection's share")
  func heldReplies() {
    var limits = SessionLimits()
    limits.connectionHeldByteCountMax = 300_000
    let peer = EchoPeer(limits: limits)
    let closed = Array(Frames.preface.prefix(24)) + Frames.frame(4, 0, 0, [0, 4, 0, 0, 0, 0])
    peer.feed(closed + Self.acknowledgement)
    for index in 0..<8 {
      let stream = 2 * index + 1
      peer.feed(Frames.request(stream, path: "/t.S/Long") + Frames.data(stream, Frames.message([])))
    }
    #expect(peer.heldByteCount <= 400_000)
    #expect(peer.shape(of: 1) == "H")
    #expect(peer.shape(of: 15) == "H.")
    #expect(peer.counters.limits[.heldBytes] >= 5)
    // Once they are taken there is room again.
    peer.feed(Frames.window(1, 1 << 20) + Frames.window(3, 1 << 20) + Frames.window(0, 1 << 20))
    #expect(peer.heldByteCount == 0)
  }
}
