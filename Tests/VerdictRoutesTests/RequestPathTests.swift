import Testing
import VerdictModel

@testable import VerdictRoutes

/// A path as its segments and query, or why it is refused.
enum ReadPath: Equatable {
  case read([String], query: String)
  case refused(RequestPathFault)

  init(_ text: String) { self.init(Array(text.utf8)) }

  init(_ bytes: [UInt8]) {
    let room = UnsafeMutablePointer<UInt8>.allocate(capacity: max(bytes.count, 1))
    defer { unsafe room.deallocate() }
    self = bytes.withByteView { target in
      do throws(RequestPathFault) {
        // SAFETY: as much room as there are bytes.
        let path = unsafe try RequestPath(target, room: room)
        return .read((0..<path.count).map { path[$0].text }, query: path.query.text)
      } catch {
        return .refused(error)
      }
    }
  }
}

@Suite("request paths")
struct RequestPathTests {
  @Test("split at slashes, the query aside, percent-encoding undone once")
  func read() {
    #expect(ReadPath("/") == .read([], query: ""))
    #expect(ReadPath("/v2/sources?a=%41&b") == .read(["v2", "sources"], query: "a=%41&b"))
    #expect(
      ReadPath("/a/x%20y%C3%A9/~-._!$&'()*+,=:@")
        == .read(
          ["a", "x yé", "~-._!$&'()*+,=:@"], query: ""))
    #expect(ReadPath("/v2/%73ources") == .read(["v2", "sources"], query: ""))
    #expect(ReadPath("/a/?") == .read(["a", ""], query: ""))
    #expect(ReadPath("/a?b?c") == .read(["a"], query: "b?c"))
    #expect(ReadPath("/...") == .read(["..."], query: ""))
  }

  @Test(
    "refused where a server behind could read them otherwise",
    arguments: [
      ("", .noLeadingSlash), ("v2/sources", .noLeadingSlash), ("*", .noLeadingSlash),
      ("http://host/v2", .noLeadingSlash), ("?/v2", .noLeadingSlash),
      ("//v2/sources", .emptySegment), ("/v2//sources", .emptySegment), ("//", .emptySegment),
      ("/v2/./sources", .dotSegment), ("/v2/../sources", .dotSegment), ("/..", .dotSegment),
      ("/v2/%2e%2e/sources", .dotSegment), ("/v2/.%2E", .dotSegment), ("/%2e", .dotSegment),
      ("/v2%2fsources", .encodedSign), ("/v2%5Csources", .encodedSign), ("/a%00", .encodedSign),
      ("/a%252e", .encodedSign), ("/a%0a", .encodedSign), ("/a%7F", .encodedSign),
      ("/v2\\sources", .sign), ("/v2/a;b", .sign), ("/a b", .sign), ("/a#b", .sign),
      ("/a\"", .sign), ("/a\u{0}b", .sign), ("/é", .sign), ("/a%20;", .sign),
      ("/a%", .encoding), ("/a%4", .encoding), ("/a%zz", .encoding), ("/a%ff", .encoding),
      ("/a%c0%ae", .encoding), ("/a%ed%a0%80", .encoding),
    ] as [(String, RequestPathFault)])
  func refused(_ text: String, _ fault: RequestPathFault) {
    #expect(ReadPath(text) == .refused(fault))
  }

  @Test("of many segments or bytes are refused")
  func limits() {
    let most = String(repeating: "/a", count: RequestPath.segmentCountMax)
    #expect(ReadPath(most) == .read(Array(repeating: "a", count: 32), query: ""))
    #expect(ReadPath(most + "/a") == .refused(.tooLong))
    let long = "/" + String(repeating: "a", count: RequestPath.byteCountMax)
    #expect(ReadPath(long) == .refused(.tooLong))
    #expect(ReadPath(String(long.dropLast())) != .refused(.tooLong))
  }

  @Test("every single byte is plain, encoded or refused, and never something else")
  func everyByte() {
    for byte in UInt8.min...UInt8.max {
      let raw = ReadPath([UInt8(ascii: "/"), UInt8(ascii: "x"), byte, UInt8(ascii: "y")])
      let isKept = RequestPath.isPlain(byte) && byte != UInt8(ascii: "/")
      if isKept { #expect(raw == .read(["x\(Character(UnicodeScalar(byte)))y"], query: "")) }
      if case .read(let segments, let query) = raw, !isKept {
        #expect(segments == ["x", "y"] || (segments == ["x"] && query == "y"))
      }
      let digits = Array("0123456789abcdef".utf8)
      let encoded = ReadPath(
        Array("/x%".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]])
      if byte < 0x20 || [0x2f, 0x5c, 0x25, 0x7f].contains(byte) {
        #expect(encoded == .refused(.encodedSign))
      } else if byte >= 0x80 {
        #expect(encoded == .refused(.encoding))
      } else {
        #expect(encoded == .read(["x\(Character(UnicodeScalar(byte)))"], query: ""))
      }
    }
  }
}

@Suite("request queries")
struct RequestQueryTests {
  /// The value, "absent" or "refused".
  static func parameter(_ name: String, _ query: String) -> String {
    let room = UnsafeMutablePointer<UInt8>.allocate(capacity: max(query.utf8.count, 1))
    defer { unsafe room.deallocate() }
    return query.withByteView { query in
      name.withByteView { name in
        // SAFETY: as much room as there are bytes.
        switch unsafe RequestQuery(query).parameter(name, room: room) {
        case .absent: "absent"
        case .refused: "refused"
        case .value(let value): "=" + value.text
        }
      }
    }
  }

  @Test(
    "give a parameter once, or refuse it",
    arguments: [
      ("", "absent"), ("a=1", "absent"), ("publish=true", "=true"), ("publish", "="),
      ("publish=", "="), ("a=1&publish=x%20y&b", "=x y"), ("%70ublish=1", "=1"),
      ("publishes=1", "absent"), ("Publish=1", "absent"), ("publish=a=b", "=a=b"),
      ("publish=1&publish=1", "refused"), ("publish=1&%70ublish=2", "refused"),
      ("publish[]=1", "refused"), ("publish=1&publish%5Ba%5D=2", "refused"),
      ("publish=a+b", "refused"), ("a=1;publish=true", "refused"), ("publish=%", "refused"),
      ("publish=%ff", "refused"), ("publish=%00", "refused"), ("publish=a b", "refused"),
      ("x%zz=1&publish=1", "refused"),
    ])
  func parameter(_ query: String, _ expected: String) {
    #expect(Self.parameter("publish", query) == expected)
  }
}
