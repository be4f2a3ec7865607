import Testing
import VerdictModel

@testable import VerdictPolicy

@Suite("texts")
struct TextTests {
  @Test("JSON says what YAML says, whichever reader reads it", arguments: ["t.json", "t.yaml"])
  func json(path: String) throws {
    let document = try Sample.read(Sample.json, path: path)
    #expect(Summary(document) == Summary(try Sample.read(Sample.text)))
  }

  @Test("a byte order mark means nothing", arguments: ["t.json", "t.yaml"])
  func byteOrderMark(path: String) throws {
    let document = try Sample.read("\u{feff}" + Sample.json, path: path)
    #expect(document.workspaces.count == 2)
    #expect(Sample.findings("\u{feff}{\"a\": 1}", path: path)[0].hasPrefix("\(path):1:"))
  }

  @Test("tabs between JSON's tokens are space", arguments: ["t.json", "t.yaml"])
  func tabs(path: String) throws {
    let json = "\u{9}" + Sample.json.split(separator: "\n").joined(separator: "\n\u{9}\u{9}")
    // In YAML a tab may not begin the first line, but may stand inside braces.
    let text = path == "t.json" ? json : String(json.dropFirst())
    #expect(try Sample.read(text, path: path).workspaces.count == 2)
  }

  func name(_ literal: String, path: String) -> String? {
    let text = Sample.json.with("\"iOS app\"", literal)
    guard let document = try? Sample.read(text, path: path) else { return nil }
    return document.workspaces[0].resources.compactMap(\.display).map(document.symbols.text).first
  }

  @Test("JSON's escapes are undone")
  func escapes() {
    let literal = #""\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC""#
    #expect(name(literal, path: "t.json") == "\"\\/\u{8}\u{c}\n\r\tAé€")
    #expect(name(literal, path: "t.yaml") == "\"\\/\u{8}\u{c}\n\r\tAé€")
  }

  @Test("an escaped surrogate pair is one character in JSON, and an error with help in YAML")
  func surrogates() {
    let literal = #""\uD83D\uDE00""#
    #expect(name(literal, path: "t.json") == "😀")
    let findings = Sample.findings(Sample.json.with("\"iOS app\"", literal))
    #expect(
      findings == [
        "t.yaml:43:24: found invalid Unicode character escape code, expected a whole character: "
          + "write it as itself, or name the file `*.json`"
      ])
  }

  @Test(
    "half of a surrogate pair is an error",
    arguments: [#""\uD83D""#, #""\uD83Dx""#, #""\uD83D\u0041""#, #""\uDE00""#, #""\uD83D\n""#])
  func half(literal: String) {
    let findings = Sample.findings(Sample.json.with("\"iOS app\"", literal), path: "t.json")
    #expect(findings.count == 1)
    #expect(findings[0].contains("half of a surrogate pair"))
  }

  @Test("characters that YAML folds or refuses are kept in JSON")
  func unfolded() {
    #expect(name("\"a \u{2028} b\u{85}c\u{7f}\"", path: "t.json") == "a \u{2028} b\u{85}c\u{7f}")
  }

  @Test(
    "what is no JSON is an error with its place",
    arguments: [
      ("", "t.json:1:1: the document is empty"),
      ("{", "t.json:1:2: the file ends here, expected a key in double quotes"),
      ("{\"a\"", "t.json:1:5: the file ends here, expected `:`"),
      ("{\"a\": 1,}", "t.json:1:9: found `}`, expected a key in double quotes"),
      (
        "{\"a\": [1,]}",
        "t.json:1:10: found `]`, expected a string, a number, `true`, `false`, a list or a mapping"
      ),
      ("{\"a\": [1 2]}", "t.json:1:10: found `2`, expected `,` or `]`"),
      ("{a: 1}", "t.json:1:2: found `a`, expected a key in double quotes"),
      (
        "{\"a\": 01}",
        "t.json:1:7: found `0`, expected a string, a number, `true`, `false`, a list or a mapping"
      ),
      (
        "{\"é\": x}",
        "t.json:1:7: found `x`, expected a string, a number, `true`, `false`, a list or a mapping"
      ),
      ("{} {}", "t.json:1:4: found `{`, expected nothing after the document"),
      (
        "{\"a\n\": 1}",
        "t.json:1:4: found a byte that JSON does not allow here, expected the closing quote of this string"
      ),
      ("{\"a\\x\": 1}", "t.json:1:5: found `x`, expected one of `\"\\/bfnrtu` after a backslash"),
      ("{\"a\\u12g4\": 1}", "t.json:1:8: found `g`, expected four hexadecimal digits"),
      ("{\"a", "t.json:1:4: the file ends here, expected the closing quote of this string"),
      (
        "// no\n{}",
        "t.json:1:1: found `/`, expected a string, a number, `true`, `false`, a list or a mapping"
      ),
    ])
  func noJSON(text: String, finding: String) {
    #expect(Sample.findings(text, path: "t.json") == [finding])
  }

  @Test(
    "scalars are taken by their text",
    arguments: ["1e3", "0x10", "true", "2027-01-01", "007", "-1.50"])
  func scalars(id: String) throws {
    let document = try Sample.read(Sample.text.with("table: [TB1]", "table: [TB1, \(id)]"))
    let table = document.workspaces[0].resources[7]
    #expect(document.symbols.text(table.id.symbol) == id)
  }

  @Test(
    "what no document may hold is an error with its place",
    arguments: [
      ("[~]", "t.yaml:21:15: null is not allowed, leave the key out or quote the text"),
      ("[NULL]", "t.yaml:21:15: null is not allowed, leave the key out or quote the text"),
      ("", "t.yaml:21:13: a value is missing, expected text, a list or a mapping"),
      ("[&a TB1]", "t.yaml:21:15: anchors are not allowed, write the value out"),
      ("&a [TB1]", "t.yaml:21:14: anchors are not allowed, write the value out"),
      ("[TB1, *a]", "t.yaml:21:20: aliases are not allowed, write the value out"),
      ("[!!str TB1]", "t.yaml:21:15: tags are not allowed, every value is text"),
      ("!x [TB1]", "t.yaml:21:14: tags are not allowed, every value is text"),
      ("[{id: TB1, <<: {a: b}}]", "t.yaml:21:25: merge keys are not allowed, write the keys out"),
      ("[{id: TB1, id: TB2}]", "t.yaml:21:25: `id` is written twice, first on line 21"),
      ("[{id: TB1, [a]: TB2}]", "t.yaml:21:25: a mapping or list as a key, expected text"),
      (
        "[{id: TB1, null: TB2}]",
        "t.yaml:21:25: null is not allowed, leave the key out or quote the text"
      ),
    ])
  func refused(new: String, finding: String) {
    // The table is named elsewhere; what follows from its absence is not what is tested here.
    #expect(Sample.findings(Sample.text.with("table: [TB1]", "table: \(new)"))[0] == finding)
  }

  @Test(
    "text over several lines is an error, because YAML would join it to other text",
    arguments: ["T\n          B1", "\"T\n          B1\"", "'T\n          B1'", "\"T\u{2028}B1\""])
  func severalLines(literal: String) {
    let findings = Sample.findings(Sample.text.with("table: [TB1]", "table: [TB1, \(literal)]"))
    #expect(
      findings == [
        "t.yaml:21:20: text over several lines, expected one line: quote it and write breaks as "
          + "`\\n`"
      ])
  }

  @Test("a quoted null is text")
  func quotedNull() throws {
    let document = try Sample.read(Sample.text.with("table: [TB1]", "table: [TB1, \"null\", '~']"))
    #expect(document.workspaces[0].resources.count == 13)
  }

  @Test("a second document in a file is an error")
  func secondDocument() {
    #expect(
      Sample.findings(Sample.text + "---\na: b\n") == [
        "t.yaml:52:1: a second document, expected one document in a file"
      ])
  }

  @Test("an empty file is an error", arguments: ["", "\n", "# nothing\n", "---\n...\n"])
  func empty(text: String) {
    #expect(Sample.findings(text).count == 1)
  }

  @Test("a syntax error has its place and what was expected")
  func syntax() {
    #expect(
      Sample.findings("apiVersion: [verdict/v1,\n{model: x\n") == [
        "t.yaml:3:1: did not find expected ',' or '}', expected YAML or JSON"
      ])
  }
}
