import Testing
import VerdictModel
import VerdictSystem

@testable import VerdictServer

/// A call with many messages through a real loop, by frames of our own: our client is unary.
@Suite("calls with many messages")
struct StreamingTests {
  private func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt8, _ payload: [UInt8]) -> [UInt8]
  {
    [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), type, flags, 0, 0, 0, stream]
      + payload
  }

  private func header(_ name: String, _ value: String) -> [UInt8] {
    [0x10, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)]
      + Array(value.utf8)
  }

  private func window(_ stream: UInt8, _ count: UInt32) -> [UInt8] {
    frame(8, 0, stream, (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) })
  }

  private func write(_ socket: borrowing FileDescriptor, _ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Socket.write(
          socket.rawValue, buffer.baseAddress.unsafelyUnwrapped + sent, bytes.count - sent)
      }
      if count > 0 { sent += count } else { SystemClock.sleep(nanoseconds: 1_000_000) }
    }
  }

  @Test("all messages are answered once the peer reads, though it says nothing more")
  func lateReader() throws {
    let echo = try EchoServer()
    let socket = try Socket.connect(
      to: echo.server.addresses[0], timeoutNanoseconds: 5_000_000_000)
    let headers = [
      (":method", "POST"), (":scheme", "http"), (":path", "/test.Echo/Chat"),
      ("content-type", "application/grpc"), ("te", "trailers"),
    ].flatMap { header($0.0, $0.1) }
    let message = [UInt8](repeating: 7, count: 1_000)
    let framed = [0, 0, 0, UInt8(message.count >> 8), UInt8(message.count & 255)] + message
    let count = 60
    // A window for every answer, said beforehand: nothing but the socket holds the server back.
    write(
      socket,
      Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, 0, 0, []) + window(0, 1 << 30)
        + frame(1, 4, 1, headers) + window(1, 1 << 30))
    for index in 0..<count { write(socket, frame(0, index == count - 1 ? 1 : 0, 1, framed)) }
    // Its answers are 100 times as long: more than fits between us.
    var received = 0
    let end = SystemClock.monotonicNanoseconds() + 20_000_000_000
    let expected = count * (100 * message.count + 5)
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { unsafe buffer.deallocate() }
    while received < expected && SystemClock.monotonicNanoseconds() < end {
      let got = unsafe Socket.read(socket.rawValue, buffer, 1 << 16)
      if got == 0 { break }
      if got > 0 { received += got } else { SystemClock.sleep(nanoseconds: 1_000_000) }
    }
    #expect(received >= expected)
  }
}
