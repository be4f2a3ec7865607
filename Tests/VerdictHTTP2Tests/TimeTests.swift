import Testing
import VerdictHTTP2
import VerdictModel

@Suite("the time of a session")
struct TimeTests {
  private static let opening = Frames.preface + LimitTests.acknowledgement

  @Test("a peer that never gets through its preface is hung up on after 5 s")
  func preface() {
    for said in [0, 10, 24, 30] {
      let peer = EchoPeer()
      peer.feed(Array(Frames.preface.prefix(said)))
      peer.wait(seconds: 4.9)
      #expect(!peer.isBroken)
      peer.wait(seconds: 0.2)
      #expect(peer.isBroken)
      #expect(peer.counters.limits[.prefaceTimeout] == 1)
    }
  }

  @Test("a peer that never acknowledges our settings gets SETTINGS_TIMEOUT after 10 s")
  func settings() {
    let peer = EchoPeer()
    peer.feed(Frames.preface + LimitTests.call)
    #expect(peer.shape(of: 1) == "HDH.")
    peer.wait(seconds: 9.9)
    #expect(!peer.isOver)
    peer.wait(seconds: 0.2)
    #expect(peer.isOver && peer.farewellCode == 4)
    #expect(peer.counters.limits[.settingsTimeout] == 1)
  }

  @Test("a frame that doesn't end ends the connection after 5 s, a header block likewise")
  func frames() {
    let unfinished = [
      Array(Frames.request(1).prefix(5)), Array(Frames.request(1).prefix(30)),
      Frames.frame(1, 0, 1, Frames.block([(":method", "POST")])),
      Array(Frames.frame(6, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]).prefix(12)),
    ]
    for bytes in unfinished {
      let peer = EchoPeer()
      peer.feed(Self.opening)
      peer.wait(seconds: 100)
      peer.feed(bytes)
      peer.wait(seconds: 4.9)
      #expect(!peer.isOver)
      peer.wait(seconds: 0.2)
      #expect(peer.isOver && peer.farewell == "frame_timeout")
    }
  }

  @Test("while nothing is read no frame takes too long, and afterwards it has its time again")
  func pausedFrame() {
    let peer = EchoPeer()
    peer.feed(Self.opening + Array(Frames.request(1).prefix(30)))
    peer.wait(seconds: 4)
    peer.pauseReading(true)
    peer.wait(seconds: 40)
    #expect(!peer.isOver)
    peer.pauseReading(false)
    peer.wait(seconds: 4.9)
    #expect(!peer.isOver)
    peer.wait(seconds: 0.2)
    #expect(peer.isOver && peer.farewell == "frame_timeout")
  }

  @Test("a byte now and then doesn't make a frame's time longer")
  func dribbledHeaders() {
    let peer = EchoPeer()
    peer.feed(Self.opening)
    for byte in Frames.request(1) where !peer.isOver {
      peer.feed([byte])
      peer.wait(seconds: 1)
    }
    #expect(peer.isOver && peer.farewell == "frame_timeout")
    #expect(peer.nowNanoseconds < 7_000_000_000)
  }

  @Test("a body that doesn't end in 30 s loses its stream, not the connection")
  func body() {
    let peer = EchoPeer()
    peer.feed(Self.opening + Frames.request(1))
    for _ in 0..<29 {
      peer.feed(Frames.data(1, [0], isLast: false))
      peer.wait(seconds: 1)
      if peer.shape(of: 1) != "" { break }
    }
    peer.wait(seconds: 0.9)
    #expect(peer.openStreamCount == 0 || peer.shape(of: 1) == "")
    peer.wait(seconds: 0.2)
    #expect(peer.openStreamCount == 0)
    #expect(!peer.isOver)
    peer.feed(Frames.request(3) + Frames.data(3, Frames.message([3])))
    #expect(peer.shape(of: 3) == "HDH.")
  }

  @Test("a deadline that passes before the body is whole is answered with it")
  func deadline() {
    let peer = EchoPeer()
    peer.feed(Self.opening + Frames.request(1, changes: [("grpc-timeout", "200m")]))
    peer.wait(seconds: 0.19)
    #expect(peer.shape(of: 1) == "")
    peer.wait(seconds: 0.02)
    #expect(peer.shape(of: 1) == "H.R")
    #expect(peer.statusCode(of: 1) == 4)
    #expect(peer.counters.limits[.deadline] == 1)
    #expect(peer.contextStreamCount == 0)
  }

  @Test("an answer that the peer's window keeps back for 30 s is given up")
  func stall() {
    let peer = EchoPeer()
    let closed = Array(Frames.preface.prefix(24)) + Frames.frame(4, 0, 0, [0, 4, 0, 0, 0, 0])
    peer.feed(closed + LimitTests.acknowledgement + LimitTests.call)
    peer.wait(seconds: 20)
    peer.feed(Frames.window(1, 1))
    peer.wait(seconds: 29)
    #expect(peer.shape(of: 1) == "HD")
    peer.wait(seconds: 2)
    #expect(peer.shape(of: 1) == "HDR")
    #expect(peer.counters.limits[.answerStall] == 1)
    #expect(peer.contextStreamCount == 0)
    #expect(!peer.isOver)
  }

  @Test("requests that come whole leave nothing to look at")
  func nothingDue() {
    let peer = EchoPeer()
    peer.feed(Self.opening)
    peer.wait(seconds: 20)
    for index in 0..<100 {
      let stream = 2 * index + 1
      peer.feed(Frames.request(stream) + Frames.data(stream, Frames.message([1])))
      #expect(peer.dueNanoseconds == .max)
    }
    peer.wait(seconds: 100_000)
    #expect(!peer.isOver)
  }

  @Test("an old connection ends in good order: two goodbyes, calls in between still served")
  func age() {
    var limits = SessionLimits()
    limits.ageNanosecondsMax = 100_000_000_000
    let peer = EchoPeer(limits: limits)
    peer.feed(Self.opening + Frames.request(1))
    peer.wait(seconds: 25)
    peer.feed(Frames.data(1, Frames.message([1])))
    peer.wait(seconds: 64.9)
    #expect(peer.farewell == nil)
    while peer.farewell == nil && peer.nowNanoseconds < 112_000_000_000 { peer.wait(seconds: 0.5) }
    #expect(peer.frames.last { $0.type == 7 }?.payload.prefix(4) == [0x7F, 255, 255, 255])
    peer.feed(Frames.request(3))
    peer.wait(seconds: 2)
    #expect(peer.farewell == "max_age" && peer.farewellCode == 0)
    #expect(!peer.isOver)
    peer.feed(Frames.data(3, Frames.message([3])))
    #expect(peer.shape(of: 3) == "HDH.")
    #expect(peer.isOver)
  }

  @Test("an acknowledged first goodbye is followed by the second at once")
  func ageAcknowledged() {
    var limits = SessionLimits()
    limits.ageNanosecondsMax = 20_000_000_000
    let peer = EchoPeer(limits: limits)
    peer.feed(Self.opening)
    peer.wait(seconds: 22.1)
    peer.feed(Frames.frame(6, 1, 0, [UInt8](repeating: 0, count: 8)))
    peer.wait(seconds: 0.01)
    #expect(peer.farewell == "max_age" && peer.isOver)
  }

  @Test("a connection without calls ends in good order, one with calls doesn't")
  func idle() {
    var limits = SessionLimits()
    limits.idleNanosecondsMax = 60_000_000_000
    let peer = EchoPeer(limits: limits)
    peer.feed(Self.opening)
    for index in 0..<5 {
      peer.wait(seconds: 50)
      let stream = 2 * index + 1
      peer.feed(Frames.request(stream) + Frames.data(stream, Frames.message([1])))
    }
    #expect(peer.farewell == nil)
    peer.wait(seconds: 62)
    #expect(peer.farewell == "max_idle" && peer.isOver)
  }

  @Test("a page is answered without gRPC")
  func page() {
    let peer = EchoPeer()
    let headers = [
      (":method", "GET"), (":scheme", "http"), (":path", "/page"), (":authority", "localhost"),
    ]
    peer.feed(Self.opening + Frames.frame(1, 5, 1, Frames.block(headers)))
    #expect(peer.shape(of: 1) == "HD.")
    #expect(peer.frames.first { $0.type == 0 }?.payload == Array("SERVING".utf8))
    peer.feed(Frames.request(3, path: "/page") + Frames.data(3, Frames.message([1])))
    #expect(peer.shape(of: 3) == "H.")
  }
}
