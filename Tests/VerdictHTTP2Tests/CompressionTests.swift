import CZlib
import Testing
import VerdictHTTP2
import VerdictModel

@Suite("compressed messages")
struct CompressionTests {
  /// gzip, by zlib's own other half.
  private func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var stream = unsafe z_stream()
    let size = unsafe Int32(MemoryLayout<z_stream>.size)
    var output = [UInt8](repeating: 0, count: bytes.count + 1_000)
    let count = output.count
    unsafe deflateInit2_(&stream, 6, Z_DEFLATED, 15 + 16, 8, 0, ZLIB_VERSION, size)
    var input = bytes
    let made = unsafe input.withUnsafeMutableBufferPointer { source in
      unsafe output.withUnsafeMutableBufferPointer { target in
        unsafe stream.next_in = source.baseAddress
        unsafe stream.avail_in = UInt32(source.count)
        unsafe stream.next_out = target.baseAddress
        unsafe stream.avail_out = UInt32(count)
        return unsafe deflate(&stream, Z_FINISH) == Z_STREAM_END
          ? count - Int(stream.avail_out) : -1
      }
    }
    unsafe deflateEnd(&stream)
    return Array(output[0..<made])
  }

  private func framed(_ bytes: [UInt8]) -> [UInt8] { [1] + Frames.message(bytes).dropFirst() }

  private func peer(_ limits: SessionLimits = SessionLimits()) -> EchoPeer {
    let peer = EchoPeer(limits: limits)
    peer.feed(Frames.preface + LimitTests.acknowledgement)
    return peer
  }

  private func send(_ peer: EchoPeer, _ stream: Int, _ payload: [UInt8], step: Int = .max) {
    peer.feed(Frames.request(stream, changes: [("grpc-encoding", "gzip")]), step: step)
    for start in stride(from: 0, to: payload.count, by: 16_000) {
      let end = min(payload.count, start + 16_000)
      peer.feed(
        Frames.data(stream, Array(payload[start..<end]), isLast: end == payload.count), step: step)
    }
  }

  @Test(
    "messages of any size come out as they went in, also byte by byte", arguments: [1, Int.max])
  func roundTrip(step: Int) {
    let peer = peer()
    let messages: [[UInt8]] = [[], [7], Array(0..<200), (0..<100_000).map { UInt8($0 * $0 & 255) }]
    for (index, message) in messages.enumerated() {
      send(peer, 2 * index + 1, framed(gzip(message)), step: step)
      #expect(peer.shape(of: 2 * index + 1).hasPrefix("HD"))
    }
    #expect(peer.messages == messages)
    #expect(peer.heldByteCount == 0 || peer.openStreamCount > 0)
  }

  @Test("a message with flag 0 is taken as it is, whatever the encoding")
  func plain() {
    let peer = peer()
    send(peer, 1, Frames.message([1, 2]))
    #expect(peer.messages == [[1, 2]])
  }

  @Test("what is no gzip, is cut off, wrong in its sum or goes on is corrupt")
  func corrupt() {
    let right = gzip(Array(0..<100))
    var wrongSum = right
    wrongSum[right.count - 5] ^= 1
    let faults = [
      [], [1, 2, 3], Array(right.dropLast()), wrongSum, right + [0], right + right,
      Array(right.dropFirst()), Array(right.prefix(10)),
    ]
    let peer = peer()
    for (index, fault) in faults.enumerated() {
      send(peer, 2 * index + 1, framed(fault))
      #expect(peer.statusCode(of: 2 * index + 1) == 13)
    }
    // Nothing of a broken message is remembered for the next.
    send(peer, 99, framed(right))
    #expect(peer.messages == [Array(0..<100)])
    #expect(peer.heldByteCount == 0)
  }

  @Test("a bomb is RESOURCE_EXHAUSTED and takes no more than the limit")
  func bomb() {
    var limits = SessionLimits()
    limits.messageByteCountMax = 100_000
    let peer = peer(limits)
    send(peer, 1, framed(gzip([UInt8](repeating: 0, count: 20_000_000))))
    #expect(peer.statusCode(of: 1) == 8)
    send(peer, 3, framed(gzip([UInt8](repeating: 0, count: 100_001))))
    #expect(peer.statusCode(of: 3) == 8)
    send(peer, 5, framed(gzip([UInt8](repeating: 0, count: 100_000))))
    #expect(peer.messages.map(\.count) == [100_000])
    #expect(peer.counters.limits[.messageLength] == 2)
  }

  @Test("what is long is left to others; whoever lies about its length is corrupt")
  func long() {
    let peer = peer()
    let long = [UInt8](repeating: 7, count: 65_537)
    send(peer, 1, framed(gzip(long)))
    #expect(peer.messages == [long])
    var lie = gzip([UInt8](repeating: 7, count: 1 << 20))
    lie[lie.count - 2] = 0
    #expect(lie.count < 65_536)
    send(peer, 3, framed(lie))
    #expect(peer.statusCode(of: 3) == 13)
    // The answer is longer than a window.
    #expect(peer.heldByteCount == 0 || peer.openStreamCount > 0)
  }

  @Test("what the loop may hold bounds what a message may become")
  func held() {
    var limits = SessionLimits()
    limits.connectionHeldByteCountMax = 100_000
    limits.inflatedByteCountMax = 2 << 20
    let peer = peer(limits)
    send(peer, 1, framed(gzip([UInt8](repeating: 0, count: 1_000_000))))
    #expect(peer.statusCode(of: 1) == 8)
    #expect(peer.counters.limits[.heldBytes] == 1)
    #expect(peer.heldByteCount == 0)
  }
}
