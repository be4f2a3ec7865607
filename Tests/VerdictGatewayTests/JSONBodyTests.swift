import Testing
import VerdictModel
import VerdictRPC

@testable import VerdictGateway

@Suite("bodies as JSON")
struct JSONBodyTests {
  /// The text of `a.b` or of `a`, or nil where the body is refused; "" where there is none.
  static func member(_ path: [String], _ body: [UInt8], seed: UInt64 = 1) -> String? {
    let arena = MessageArena()
    return body.withByteView { bytes in
      guard let body = JSONBody(bytes, seed: seed, in: arena) else { return nil }
      var node = 0
      for name in path {
        node = name.withByteView { body.member($0, of: node) }
        if node < 0 { return "" }
      }
      return body[node].text.text
    }
  }

  static func member(_ path: [String], _ body: String) -> String? {
    member(path, Array(body.utf8))
  }

  @Test("give the texts of their members, escapes undone")
  func read() {
    #expect(Self.member(["a"], #"{"a": "x"}"#) == "x")
    #expect(Self.member(["a", "b"], #" { "c":[1,{}], "a" : {"b":"y"} } "#) == "y")
    #expect(
      Self.member(["a"], #"{"\u0061": "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}"#)
        == "\"\\/\u{8}\u{c}\n\r\té😀")
    #expect(Self.member(["a"], #"{"a": -1.5e+10}"#) == "-1.5e+10")
    #expect(Self.member(["a"], #"{"b": "a"}"#) == "")
    #expect(Self.member(["a"], #"["a"]"#) == "")
    #expect(Self.member([], #""x""#) == "x")
  }

  @Test(
    "are refused where two readers could read them in two ways",
    arguments: [
      "", " ", "{", "}", "[", "]", "{]", "[}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "[1,]", "[,1]",
      "{,}", "1 2", "{} x", "{\"a\":1}}", "'a'", "{a:1}", "{\"a\":1,\"a\":1}",
      "{\"a\":1,\"\\u0061\":2}", "{\"x\":{\"a\":1,\"b\":2,\"a\":3}}", "tru", "True", "nul", "NaN",
      "Infinity", "01", "1.", ".5", "+1", "1e", "--1", "0x10", "\"", "\"\\\"", "\"\\x\"",
      "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\ud800\"", "\"\n\"", "\"\u{1}\"",
      "// c\n1", "[1] // c", "\u{feff}1", "\"\\u0000\"", "{\"a\\u0000\":1}",
    ])
  func refused(_ text: String) {
    #expect(Self.member([], text) == nil)
  }

  @Test("hold the same name in different objects")
  func sameNames() {
    #expect(Self.member(["a", "a"], #"{"a": {"a": "x"}, "b": [{"a": 1}, {"a": 2}]}"#) == "x")
  }

  @Test(
    "have no member that some readers take for another",
    arguments: [
      (#"{"task": 1}"#, 1), (#"{"a": 1, "task": 2, "tasks": 3, "tas": 4}"#, 2), (#"{"a": 1}"#, -1),
      (#"{}"#, -1), (#"["task"]"#, -1), (#"{"Task": 1}"#, nil), (#"{"TASK": 1, "task": 2}"#, nil),
      (#"{"task": 1, "tasK": 2}"#, nil), (#"{"ta\u017fk": 1}"#, nil), (#"{"tas\u212a": 1}"#, nil),
      (#"{"task": 1, "TA\u017f\u212a": 2}"#, nil), (#"{"tas\u212b": 1, "ta\u017e": 2}"#, -1),
      (#"{"tas\u212ak": 1, "ta\u017f": 2}"#, -1),
    ] as [(String, Int?)])
  func spellings(_ text: String, _ expected: Int?) {
    let arena = MessageArena()
    Array(text.utf8).withByteView { bytes in
      guard let body = JSONBody(bytes, seed: 1, in: arena) else {
        Issue.record("it is JSON")
        return
      }
      #expect(body.distinctMember(ByteView("task"), of: 0) == expected)
    }
  }

  @Test("are bounded in depth, values and bytes")
  func bounds() {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(Self.member([], nested(GatewayLimits.bodyDepthMax)) != nil)
    #expect(Self.member([], nested(GatewayLimits.bodyDepthMax + 1)) == nil)
    let most = GatewayLimits.bodyValueCountMax
    func list(_ count: Int) -> String {
      "[" + Array(repeating: "1", count: count).joined(separator: ",") + "]"
    }
    #expect(Self.member([], list(most - 2)) != nil)
    #expect(Self.member([], list(most)) == nil)
    let long = "\"" + String(repeating: "a", count: GatewayLimits.bodyByteCountMax - 2) + "\""
    #expect(Self.member([], long) != nil)
    #expect(Self.member([], long + " ") == nil)
    // Signs inside of texts are no values.
    #expect(Self.member([], "\"" + String(repeating: "[{,", count: 50_000) + "\"") != nil)
  }

  @Test("of ten thousand names find the one that comes twice, whatever the seed", arguments: 0..<4)
  func many(_ seed: UInt64) {
    let members = (0..<10_000).map { "\"n\($0)\":1" }
    let whole = "{" + members.joined(separator: ",") + "}"
    #expect(Self.member(["n9999"], Array(whole.utf8), seed: seed) == "1")
    let twice = "{" + (members + ["\"n5000\":2"]).joined(separator: ",") + "}"
    #expect(Self.member(["n1"], Array(twice.utf8), seed: seed) == nil)
  }

  @Test("of any bytes never crash")
  func mutated() {
    let body = Array(
      #"{"a": ["x\u00e9", {"b": -1.5}, null, true], "c": {"d": "\ud83d\ude00"}}"#.utf8)
    for index in body.indices {
      for byte in [0, 0x22, 0x5c, 0x7b, 0x5d, 0xff, 0x2c] as [UInt8] {
        var changed = body
        changed[index] = byte
        _ = Self.member(["a"], changed)
        _ = Self.member(["a"], Array(changed[..<index]))
      }
    }
  }
}

@Suite("structs of metadata")
struct StructFieldsTests {
  static func text(_ bytes: [UInt8], _ name: String) -> String {
    bytes.withByteView { bytes in
      name.withByteView { name in
        switch StructFields(bytes).member(name) {
        case .absent: "absent"
        case .other: "other"
        case .number: "number"
        case .fields: "fields"
        case .text(let text): "=" + text.text
        }
      }
    }
  }

  @Test("are written and read")
  func both() {
    let arena = MessageArena()
    guard var writer = StructWriter(capacity: 700, in: arena) else { return }
    writer.add("a", ByteView("x"))
    let long = String(repeating: "y", count: 300)
    long.withByteView { writer.add("b", $0) }
    let before = writer.bytes.count
    (long + long).withByteView { writer.add("c", $0) }
    #expect(writer.bytes.count == before)
    let bytes = writer.bytes.array
    #expect(Self.text(bytes, "a") == "=x")
    #expect(Self.text(bytes, "b") == "=" + long)
    #expect(Self.text(bytes, "c") == "absent")
    #expect(Self.text(bytes + bytes, "a") == "other")
    for count in 1..<bytes.count { _ = Self.text(Array(bytes[..<count]), "b") }
    #expect(Self.text(Array(bytes.dropLast()), "a") == "other")
  }
}
