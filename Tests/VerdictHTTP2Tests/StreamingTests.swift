import Testing
import VerdictHTTP2
import VerdictModel

@Suite("calls with many messages")
struct StreamingTests {
  private static let opening = Frames.preface + LimitTests.acknowledgement
  private static let closed =
    Array(Frames.preface.prefix(24)) + Frames.frame(4, 0, 0, [0, 4, 0, 0, 0, 0])
    + LimitTests.acknowledgement

  private func chat(_ stream: Int, _ changes: [(String, String)] = []) -> [UInt8] {
    Frames.request(stream, path: "/t.S/Chat", changes: changes)
  }

  private func watch(_ stream: Int, _ changes: [(String, String)] = []) -> [UInt8] {
    Frames.request(stream, path: "/t.S/Watch", changes: changes)
      + Frames.data(stream, Frames.message([]))
  }

  @Test("messages are answered in order, however they are cut", arguments: [Int.max, 1, 7])
  func order(step: Int) {
    let peer = EchoPeer()
    peer.feed(Self.opening + chat(1))
    let messages = (0..<50).map { [UInt8(1), UInt8($0)] + [UInt8](repeating: 7, count: $0 * 20) }
    let bytes = messages.flatMap { Frames.message($0) }
    for start in stride(from: 0, to: bytes.count, by: 9_999) {
      let piece = Array(bytes[start..<min(bytes.count, start + 9_999)])
      peer.feed(Frames.data(1, piece, isLast: false), step: step)
    }
    #expect(peer.replies(of: 1) == messages)
    #expect(peer.openStreamCount == 1)
    peer.feed(Frames.data(1, Frames.message([1]), isLast: false), step: step)
    #expect(peer.replies(of: 1).count == 51)
    peer.feed(Frames.data(1, []), step: step)
    #expect(peer.shape(of: 1).hasSuffix("H."))
    #expect(peer.openStreamCount == 0 && peer.contextStreamCount == 0)
    #expect(peer.heldByteCount == 0)
  }

  @Test("a call without any message ends well, one that ends inside a message doesn't")
  func ends() {
    let peer = EchoPeer()
    peer.feed(Self.opening + chat(1) + Frames.data(1, []))
    #expect(peer.statusCode(of: 1) == 0)
    peer.feed(chat(3) + Frames.data(3, Frames.message([1]) + [0, 0]))
    #expect(peer.replies(of: 3) == [[1]])
    #expect(peer.shape(of: 3) == "HDDH." || peer.shape(of: 3) == "HDH.")
    #expect(peer.statusCode(of: 3) == 13)
    #expect(peer.contextStreamCount == 0)
  }

  @Test("a failure ends the call behind the answers before it, and frees the stream")
  func failure() {
    let peer = EchoPeer()
    peer.feed(Self.opening + chat(1))
    peer.feed(
      Frames.data(
        1, Frames.message([1, 2]) + Frames.message([255]) + Frames.message([1, 3]),
        isLast: false))
    #expect(peer.replies(of: 1) == [[1, 2]])
    #expect(peer.statusCode(of: 1) == 10)
    #expect(peer.shape(of: 1).hasSuffix("H.R"))
    peer.feed(chat(3) + Frames.data(3, Frames.message([255]), isLast: false))
    #expect(peer.shape(of: 3) == "H.R")
    #expect(peer.contextStreamCount == 0 && peer.heldByteCount == 0)
  }

  @Test("a peer that doesn't read is not read from: bounded memory, a closed window, and no loss")
  func backPressure() {
    let peer = EchoPeer()
    peer.feed(Self.closed + chat(1))
    // Each answer is 200 times its message, which is of 1,000 bytes.
    let message = [UInt8(200)] + [UInt8](repeating: 5, count: 999)
    for _ in 0..<1_000 { peer.feed(Frames.data(1, Frames.message(message), isLast: false)) }
    #expect(!peer.isOver)
    // One answer waits; no other message was looked at, and the window was not opened for them.
    #expect(peer.messages.count == 1)
    #expect(peer.heldByteCount < 4 << 20)
    #expect(!peer.frames.contains { $0.type == 8 && $0.stream == 1 })
    // As the peer takes the answers the others follow.
    for _ in 0..<1_000 {
      peer.feed(Frames.window(1, 200_005) + Frames.window(0, 200_005))
    }
    // The window is used up to its last byte; the end waits for more, as all of nghttp2's data do.
    peer.feed(Frames.data(1, []) + Frames.window(1, 1) + Frames.window(0, 1))
    #expect(peer.replies(of: 1).count == 1_000)
    #expect(peer.shape(of: 1).hasSuffix("H."))
    #expect(peer.heldByteCount == 0)
  }

  @Test("a reader that keeps up gets its window back")
  func windows() {
    let peer = EchoPeer()
    peer.feed(Self.opening + chat(1) + Frames.window(0, 1 << 30) + Frames.window(1, 1 << 30))
    let message = [UInt8(1)] + [UInt8](repeating: 5, count: 15_999)
    for _ in 0..<600 { peer.feed(Frames.data(1, Frames.message(message), isLast: false)) }
    #expect(!peer.isOver)
    #expect(peer.messages.count == 600)
    #expect(peer.frames.contains { $0.type == 8 && $0.stream == 1 })
    #expect(peer.heldByteCount < 200_000)
  }

  @Test("a message with the service keeps those behind it waiting, and stays where it is")
  func postponed() {
    let peer = EchoPeer()
    peer.holds = true
    peer.feed(Self.opening + chat(1))
    peer.feed(Frames.data(1, Frames.message([1]) + Frames.message([2]), isLast: false))
    peer.feed(Frames.data(1, Frames.message([3])))
    #expect(peer.messages == [[1]])
    #expect(peer.answer(1, [11]))
    #expect(peer.messages == [[1], [2]])
    #expect(peer.answer(1, [12]) && peer.answer(1, [13]))
    #expect(!peer.answer(1, [14]))
    #expect(peer.replies(of: 1) == [[11], [12], [13]])
    #expect(peer.statusCode(of: 1) == 0)
  }

  @Test("a streaming call may last, but not beyond its deadline")
  func deadline() {
    let peer = EchoPeer()
    peer.feed(Self.opening + chat(1) + chat(3, [("grpc-timeout", "90S")]))
    peer.feed(
      chat(5, [("grpc-timeout", "90S")]) + Frames.data(5, Frames.message([1]), isLast: false))
    peer.wait(seconds: 89)
    #expect(peer.openStreamCount == 3)
    peer.wait(seconds: 2)
    #expect(peer.statusCode(of: 3) == 4)
    #expect(peer.shape(of: 5) == "HDR")
    #expect(peer.openStreamCount == 1)
    #expect(peer.counters.limits[.deadline] == 2)
    peer.wait(seconds: 1_000)
    peer.feed(Frames.data(1, Frames.message([1])))
    #expect(peer.replies(of: 1) == [[1]])
  }

  @Test("messages that nobody takes for 30 s end the call")
  func stall() {
    let peer = EchoPeer()
    peer.feed(Self.closed + chat(1) + Frames.data(1, Frames.message([1]), isLast: false))
    peer.wait(seconds: 29)
    #expect(peer.shape(of: 1) == "H")
    peer.wait(seconds: 2)
    #expect(peer.shape(of: 1) == "HR")
    #expect(peer.counters.limits[.answerStall] == 1)
    #expect(peer.contextStreamCount == 0 && peer.heldByteCount == 0)
  }

  @Test("who watches is told what there is, until either side ends it")
  func watching() {
    let peer = EchoPeer()
    peer.feed(Self.opening + watch(1) + watch(3))
    #expect(peer.push(1, [1]) == .queued && peer.push(1, []) == .queued)
    peer.wait(seconds: 10_000)
    #expect(peer.push(1, [2, 3]) == .queued)
    #expect(peer.replies(of: 1) == [[1], [], [2, 3]])
    peer.finish(1, RPCStatus(.unavailable, "no more"))
    #expect(peer.statusCode(of: 1) == 14)
    #expect(peer.push(1, [4]) == .gone)
    peer.feed(Frames.frame(3, 0, 3, [0, 0, 0, 8]))
    #expect(peer.push(3, [1]) == .gone)
    #expect(peer.contextStreamCount == 0 && peer.heldByteCount == 0)
  }

  @Test("a watcher that doesn't read fills up, and no further")
  func fullWatcher() {
    let peer = EchoPeer()
    peer.feed(Self.closed + watch(1))
    var count = 0
    while peer.push(1, [UInt8](repeating: 1, count: 1_000)) == .queued { count += 1 }
    #expect(count > 60 && count < 80)
    peer.feed(Frames.window(1, 1 << 20) + Frames.window(0, 1 << 20))
    #expect(peer.push(1, [1]) == .queued)
    #expect(peer.replies(of: 1).count == count + 1)
  }

  @Test("a session that ends with streaming calls gives everything back")
  func endEarly() {
    let context = ServerContext(methods: [
      ServedMethod(path: "/t.S/Chat", number: 4, kind: .bidirectional),
      ServedMethod(path: "/t.S/Watch", number: 5, kind: .serverStreaming),
    ])
    do {
      let session = ServerSession(context)
      let bytes =
        Self.closed + chat(1) + watch(3)
        + Frames.data(1, Frames.message([1]) + [0, 0, 0, 9], isLast: false)
      #expect(bytes.withByteView { session.receive($0, nowNanoseconds: 0) })
      while let request = session.nextRequest() {
        if request.method == 4 { session.answer(request, .ok) } else { session.begin(request) }
      }
      #expect([UInt8]([9]).withByteView { session.send(stream: 3, $0) } == .queued)
      #expect(context.openStreamCount == 2 && context.heldByteCount > 0)
    }
    #expect(context.openStreamCount == 0 && context.heldByteCount == 0)
  }
}
