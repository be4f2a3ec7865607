import Glibc
import Testing

@testable import VerdictSystem

@Suite("the supervisor's sockets")
struct NotificationTests {
  @Test("a name that is no Unix address is an error that shows it", arguments: ["vsock:2:1", "x"])
  func otherAddress(name: String) {
    let error = #expect(throws: SystemError.self) { _ = try NotificationSocket(name: name) }
    #expect(error?.number == EAFNOSUPPORT && error?.subject == name)
  }

  @Test("a name longer than an address may be is an error", arguments: ["/", "@"])
  func longName(first: String) {
    let name = first + String(repeating: "n", count: SocketAddress.unixPathByteCountMax)
    let error = #expect(throws: SystemError.self) { _ = try NotificationSocket(name: name) }
    #expect(error?.number == ENAMETOOLONG)
  }

  @Test("where nobody listens a message is an error, and none waits")
  func nobody() throws {
    let socket = try NotificationSocket(name: "@verdict-test-\(SystemRandom.word())")
    let error = #expect(throws: SystemError.self) { try socket.send("READY=1") }
    #expect(error?.number == ECONNREFUSED)
  }

  @Test(
    "a listener that was passed knows where it listens",
    arguments: ["127.0.0.1:0", "[::1]:0", "unix:"])
  func passed(text: String) throws {
    let path = "/tmp/verdict-test-\(SystemRandom.word()).sock"
    let asked = try SocketAddress(parsing: text == "unix:" ? text + path : text)
    let first = try ListeningSocket(asked)
    let copy = dup(first.rawDescriptor)
    let second = try ListeningSocket(passed: copy)
    #expect(second.address == first.address)
    let connected = try Socket.connect(to: second.address, timeoutNanoseconds: 1_000_000_000)
    let accepted = second.acceptRaw()
    #expect(accepted >= 0)
    if accepted >= 0 { FileDescriptor(owning: accepted).close() }
    connected.close()
  }

  @Test("a descriptor that doesn't listen isn't taken over")
  func notListening() throws {
    let file = try FileDescriptor.reading("/dev/null")
    let error = #expect(throws: SystemError.self) { _ = try ListeningSocket(passed: file.rawValue) }
    #expect(error?.number == ENOTSOCK)
  }
}
