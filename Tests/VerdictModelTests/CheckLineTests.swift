import Testing
import VerdictModel

@Suite("check lines")
struct CheckLineTests {
  static func parse(_ text: String) throws(CheckLineError) -> CheckLine {
    try parse(bytes: Array(text.utf8))
  }

  static func parse(bytes: [UInt8]) throws(CheckLineError) -> CheckLine {
    try bytes.withByteView { view in
      Result { () throws(CheckLineError) in try CheckLine(parsing: view) }
    }.get()
  }

  /// The message of the error, nil where there is none.
  static func fault(_ text: String) -> String? { fault(bytes: Array(text.utf8)) }

  static func fault(bytes: [UInt8]) -> String? {
    do throws(CheckLineError) {
      _ = try parse(bytes: bytes)
      return nil
    } catch {
      return error.message
    }
  }

  @Test("a line has the members that the contract names")
  func members() throws {
    let line = try Self.parse(
      #"""
       {"organization": "acme", "principal": "user:mia@acme.example", "workspace": "prod",
       "action":"connect","resource" : "event_stream_source/S1" , "target": "destination/D1"}
      """#)
    #expect(
      line
        == CheckLine(
          organization: "acme", principal: "user:mia@acme.example", workspace: "prod",
          action: "connect", resource: "event_stream_source/S1", target: "destination/D1"))
    #expect(try Self.parse("{}") == CheckLine())
    #expect(try Self.parse("\t{ } \r") == CheckLine())
  }

  @Test("escapes stand for their characters, and ids keep their bytes")
  func escapes() throws {
    let line = try Self.parse(
      #"{"action": "\"\\\/\b\f\n\r\t\u0041\u00e9\u2603\ud83d\ude00\u0000", "principal": "é e\#u{301}"}"#
    )
    #expect(line.action == "\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{2603}\u{1f600}\0")
    #expect(Array((line.principal ?? "").utf8) == Array("é e\u{301}".utf8))
  }

  @Test(
    "what is not one object of known strings is refused",
    arguments: [
      ("", "expected `{` at byte 1"),
      ("   ", "expected `{` at byte 4"),
      ("null", "expected `{` at byte 1"),
      ("[]", "expected `{` at byte 1"),
      ("\"action\"", "expected `{` at byte 1"),
      ("\u{feff}{}", "expected `{` at byte 1"),
      ("{", "expected the name of a member at byte 2"),
      ("{,}", "expected the name of a member at byte 2"),
      (#"{action: "x"}"#, "expected the name of a member at byte 2"),
      (#"{'action': "x"}"#, "expected the name of a member at byte 2"),
      (#"{"action"}"#, "expected `:` at byte 10"),
      (#"{"action" "x"}"#, "expected `:` at byte 11"),
      (#"{"action": }"#, "expected a string at byte 12"),
      (#"{"action": 5}"#, "expected a string at byte 12"),
      (#"{"action": null}"#, "expected a string at byte 12"),
      (#"{"action": true}"#, "expected a string at byte 12"),
      (#"{"action": ["x"]}"#, "expected a string at byte 12"),
      (#"{"action": {"x": "y"}}"#, "expected a string at byte 12"),
      (#"{"action": "x",}"#, "expected the name of a member at byte 16"),
      (#"{"action": "x" "target": "y"}"#, "expected `,` or `}` at byte 16"),
      (#"{"action": "x"} {"#, "expected the end of the line at byte 17"),
      (#"{"action": "x"}{"action": "y"}"#, "expected the end of the line at byte 16"),
      (#"{"action": "x"} // why"#, "expected the end of the line at byte 17"),
      (#"{"action": "x"#, "expected `\"` at byte 14"),
      (#"{"action": "x\"}"#, "expected `\"` at byte 17"),
      (#"{"action": "\x41"}"#, "expected a known escape at byte 13"),
      (#"{"action": "\'"}"#, "expected a known escape at byte 13"),
      (#"{"action": "\"#, "expected a known escape at byte 13"),
      (#"{"action": "\u12"}"#, "expected `\\u` and four hexadecimal digits at byte 13"),
      (#"{"action": "\u+123"}"#, "expected `\\u` and four hexadecimal digits at byte 13"),
      (#"{"action": "\U0041"}"#, "expected a known escape at byte 13"),
      (#"{"action": "\ud800"}"#, "expected a pair of surrogates at byte 13"),
      (#"{"action": "\udc00\ud800"}"#, "expected a pair of surrogates at byte 13"),
      (#"{"action": "\ud800\ud800"}"#, "expected a pair of surrogates at byte 13"),
      (#"{"action": "\ud800x"}"#, "expected a pair of surrogates at byte 13"),
      (
        #"{"action": "\ud800\n"}"#,
        "expected `\\u` and four hexadecimal digits at byte 19"
      ),
      ("{\"action\": \"a\tb\"}", "expected no unescaped control character at byte 14"),
      ("{\"action\": \"a\nb\"}", "expected no unescaped control character at byte 14"),
      (#"{"action": "x", "action": "y"}"#, "member `action` stands there twice"),
      (#"{"action": "x", "\u0061ction": "y"}"#, "member `action` stands there twice"),
      (#"{"effect": "allow"}"#, "there is no member `effect`"),
      (#"{"Action": "x"}"#, "there is no member `Action`"),
      (#"{"": "x"}"#, "there is no member ``"),
    ])
  func malformed(line: String, message: String) {
    #expect(Self.fault(line) == message)
  }

  @Test("bytes that are not UTF-8, and a raw NUL, are refused")
  func notText() {
    let wrong: [[UInt8]] = [
      [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0x00], [0xf4, 0x90, 0x80, 0x80],
    ]
    for bytes in wrong {
      let line = Array(#"{"action": ""#.utf8) + bytes + Array(#""}"#.utf8)
      #expect(Self.fault(bytes: line) == "it is not UTF-8, or contains a NUL")
    }
  }

  @Test("a long unknown name is shortened in the message")
  func longName() {
    let name = String(repeating: "x", count: 10_000)
    let message = Self.fault("{\"\(name)\": \"\"}")
    #expect(message == "there is no member `\(String(repeating: "x", count: 64))...`")
  }

  @Test("every cut of a line is refused or is another check than the whole")
  func cuts() throws {
    let whole = Array(#"{"principal": "user:m\u00e9", "action": "view"} "#.utf8)
    let line = try Self.parse(bytes: whole)
    for count in 0..<whole.count - 1 {
      #expect(Self.fault(bytes: Array(whole[..<count])) != nil, "the first \(count) bytes")
    }
    #expect(try Self.parse(bytes: Array(whole.dropLast())) == line)
  }

  @Test("defaults stand in for absent members only")
  func defaults() throws {
    let defaults = CheckLine(
      organization: "acme", principal: "mia", workspace: "prod", action: "view", resource: "a/b",
      target: "c/d")
    #expect(
      try CheckLine().check(defaults: defaults)
        == Check(
          organization: "acme", principal: "mia", workspace: "prod", action: "view",
          resource: "a/b", target: "c/d"))
    let own = CheckLine(principal: "", workspace: "dev", action: "edit")
    #expect(
      try own.check(defaults: defaults)
        == Check(
          organization: "acme", principal: "", workspace: "dev", action: "edit",
          resource: "a/b", target: "c/d"))
  }

  @Test("a check needs a principal and an action")
  func required() {
    #expect(throws: CheckLineError("member `principal` is missing")) {
      try CheckLine(action: "view").check()
    }
    #expect(throws: CheckLineError("member `action` is missing")) {
      try CheckLine(principal: "mia").check()
    }
  }
}

@Suite("answers as JSON")
struct AnswerLineTests {
  @Test("an answer has its members in the contract's order, without those that it lacks")
  func members() {
    #expect(
      CheckAnswer(reason: .granted, message: "Yes.").json.line
        == #"{"effect": "allow", "reason": "granted", "message": "Yes."}"#)
    #expect(
      CheckAnswer(
        reason: .resourceNotInScope, permission: "edit", operand: "target", message: "No."
      ).json.line
        == #"{"effect": "deny", "reason": "resource_not_in_scope", "permission": "edit", "#
        + #""operand": "target", "message": "No."}"#)
    #expect(
      CheckAnswer(reason: .unknownResource, operand: "self", message: "").json.line
        == #"{"effect": "deny", "reason": "unknown_resource", "operand": "self", "message": ""}"#)
  }

  @Test("a line that can't be read is indeterminate, and says which it was")
  func unreadable() {
    let answer = CheckAnswer.unreadable(lineNumber: 7, CheckLineError("it is odd"))
    #expect(
      answer.json.line
        == #"{"effect": "indeterminate", "reason": "bad_request", "#
        + #""message": "Line 7 could not be read: it is odd."}"#)
  }

  @Test("no text can end its string or its line")
  func escaping() {
    let text = "\"\\\u{8}\t\n\u{c}\r\0\u{1f}\u{7f}é☃"
    #expect(
      JSONValue.text(text).line == #""\"\\\b\t\n\f\r\u0000\u001f\u007fé☃""#)
    for value in UInt32(0)..<0x20 {
      let scalar = Unicode.Scalar(value).map(String.init) ?? ""
      #expect(!JSONValue.text(scalar).line.contains(scalar))
    }
  }

  @Test("what is written as a string reads back as the same bytes")
  func roundTrip() throws {
    let texts = ["", "a", "\"\\/\n\0", "\u{1f600}\u{2028}", "e\u{301}é", "\u{7f}\u{80}\u{9f}"]
    for text in texts {
      let line = JSONValue.object([.init("action", text)]).line
      let read = try CheckLineTests.parse(line).action
      #expect(Array((read ?? "?").utf8) == Array(text.utf8))
    }
  }

  @Test("values nest and keep their order")
  func nesting() {
    let value = JSONValue.object([
      .init("b", .list([.number(-1), .bool(true), .list([])])), .init("a", .object([])),
    ])
    #expect(value.line == #"{"b": [-1, true, []], "a": {}}"#)
  }
}
