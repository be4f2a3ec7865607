import Testing
import VerdictSystem

@testable import VerdictSettings

@Suite("values of options")
struct OptionValueTests {
  @Test(
    "numbers of bytes have units",
    arguments: [
      ("0", 0, "0"), ("1000", 1_000, "1000"), ("1024", 1_024, "1KiB"), ("64KiB", 65_536, "64KiB"),
      ("1MiB", 1 << 20, "1MiB"), ("2048MiB", 2 << 30, "2GiB"),
    ])
  func bytes(text: String, count: Int, written: String) throws {
    #expect(try ByteCount(optionText: text).byteCount == count)
    #expect(ByteCount(count).optionText == written)
  }

  @Test("what is no number of bytes is refused", arguments: ["", "-1", "1kb", "KiB", "1 MiB"])
  func noBytes(text: String) {
    #expect(throws: OptionFault.self) { try ByteCount(optionText: text) }
  }

  @Test(
    "spans of time have a unit, and read as they are written",
    arguments: [("90d", 7_776_000, "90d"), ("48h", 172_800, "2d"), ("90s", 90, "90s")])
  func spans(text: String, seconds: Int64, written: String) throws {
    #expect(try TimeSpan(optionText: text).seconds == seconds)
    #expect(try TimeSpan(optionText: text).optionText == written)
  }

  @Test(
    "what is no span of time is refused",
    arguments: ["", "d", "5", "-1s", "1.5h", "3661d", "9223372036854775807d", "1w"])
  func noSpans(text: String) {
    #expect(throws: OptionFault.self) { try TimeSpan(optionText: text) }
  }

  @Test("a listener may speak plaintext where the others speak TLS, and not TLS without any")
  func tls() throws {
    var settings = Settings()
    settings.control = "c"
    settings.access.tlsCertificate = "c.pem"
    settings.access.tlsKey = "k.pem"
    settings.access.tlsClientAuthorities = "ca.pem"
    for (name, tls) in [("a", nil), ("b", false), ("c", true)] {
      settings.listeners[name] = NamedListener()
      settings.listeners[name]?.address = .tcp(host: "127.0.0.1", port: 0)
      settings.listeners[name]?.tls = tls
    }
    #expect(settings.faults == [])
    #expect(
      settings.listeners().map(\.access.tlsCertificate) == ["c.pem", nil, "c.pem"])
    #expect(settings.listeners()[1].access.tlsClientAuthorities == nil)
    settings.access = ListenerAccess()
    #expect(
      settings.faults
        == ["listeners.c: `tls` goes with an address on TCP and with `tls_certificate`"])
  }

  @Test("who names no listener gets the default; Unix sockets serve inspections")
  func listeners() {
    var settings = Settings()
    #expect(settings.listeners().map(\.address) == [Settings.defaultAddress])
    #expect(settings.listeners().map(\.inspection) == [false])
    #expect(settings.listeners(besidePassed: true).isEmpty)
    settings.unix = [UnixPath("s")]
    #expect(settings.listeners().map(\.inspection) == [true])
    settings.listeners["b"] = NamedListener()
    settings.listeners["b"]?.address = .tcp(host: "", port: 1)
    settings.listeners["b"]?.inspection = true
    settings.listeners["a"] = NamedListener()
    settings.listeners["a"]?.address = .unix(path: "x")
    #expect(settings.listeners().map(\.name) == [nil, "a", "b"])
    #expect(settings.listeners().map(\.inspection) == [true, true, true])
    settings.inspectOn = [.none]
    #expect(settings.listeners().map(\.inspection) == [false, false, true])
  }
}
