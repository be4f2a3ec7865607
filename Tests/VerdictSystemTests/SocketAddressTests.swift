import Testing
import VerdictSystem

@Suite("addresses")
struct SocketAddressTests {
  @Test(
    "an address is read and printed as people write it",
    arguments: [
      ("127.0.0.1:7070", SocketAddress.tcp(host: "127.0.0.1", port: 7070)),
      (":0", .tcp(host: "", port: 0)),
      ("[::1]:65535", .tcp(host: "::1", port: 65535)),
      ("localhost:80", .tcp(host: "localhost", port: 80)),
      ("unix:/run/v.sock", .unix(path: "/run/v.sock")),
    ])
  func parse(text: String, expected: SocketAddress) throws {
    let address = try SocketAddress(parsing: text)
    #expect(address == expected)
    #expect(address.description == text)
  }

  @Test(
    "what is no address is refused with the text in it",
    arguments: [
      "", "7070", "host:", "host:65536", "host:-1", "host:+1", "host:7o", "::1:80", "unix:",
      "unix:/" + String(repeating: "x", count: 107), "unix:/a\0b",
    ])
  func refuse(text: String) {
    let error = #expect(throws: SocketAddress.ParseError.self) {
      try SocketAddress(parsing: text)
    }
    #expect(error?.description.contains("`\(text)`") == true)
  }
}
