import Testing
import VerdictModel

@testable import VerdictPolicy

@Suite("hostile documents")
struct HostileTests {
  @Test(
    "deep nesting is an error, not a deep stack",
    arguments: ["[", "{\"a\": ", "- ", "{a: "], ["t.yaml", "t.json"])
  func deep(opening: String, path: String) {
    let text = String(repeating: opening, count: 200_000)
    let findings = Sample.findings(text, path: path)
    #expect(findings.count == 1)
  }

  @Test("thirty-two levels are read, thirty-three are not", arguments: ["t.yaml", "t.json"])
  func depth(path: String) {
    for (depth, isTooDeep) in [(32, false), (33, true)] {
      let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
      #expect(Sample.findings(text, path: path)[0].contains("more than 32 levels") == isTooDeep)
    }
  }

  @Test("a billion laughs are refused at the first anchor and never expanded")
  func laughs() {
    var text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for (name, last) in zip("bcdefghij", "abcdefghi") {
      let list = Array(repeating: "*\(last)", count: 10).joined(separator: ", ")
      text += "\(name): &\(name) [\(list)]\n"
    }
    let findings = Sample.findings(text)
    #expect(findings.count == PolicyLimits.diagnosticCountMax)
    #expect(findings.contains("t.yaml:1:4: anchors are not allowed, write the value out"))
  }

  @Test("errors beyond fifty are counted, not kept")
  func manyErrors() throws {
    let strangers = (0..<1_000).map { "who\($0)" }.joined(separator: ", ")
    let text = Sample.text.with(
      "    members: [max@acme.example]\n", "    members: [max@acme.example, \(strangers)]\n")
    let error = #expect(throws: PolicyError.self) { try Sample.read(text) }
    #expect(error?.diagnostics.count == 50)
    #expect(error?.omittedCount == 950)
    #expect(error?.description.hasSuffix("\nand 950 more errors") == true)
  }

  @Test("a message is one line, whatever it repeats")
  func oneLine() {
    let key = String(repeating: "x\\n\\r\\u2028\\u001b", count: 500)
    let findings = Sample.findings(
      Sample.json.with("\"empty\": {}", "\"empty\": {\"\(key)\": 1}"), path: "t.json")
    #expect(findings.count == 1)
    #expect(findings[0].allSatisfy { !$0.isNewline && $0 != "\u{1b}" })
    #expect(findings[0].count < 1_100)
  }

  @Test("a NUL is an error wherever it stands")
  func nul() {
    #expect(
      Sample.findings(Sample.text.with("id: acme", "id: \"ac\\0me\"")) == [
        "t.yaml:4:7: the organization's `id` contains a NUL, expected 1 to 255 bytes of UTF-8 "
          + "without NUL"
      ])
    #expect(
      Sample.findings(Sample.text.with("id: acme", "id: ac\0me")) == [
        "t.yaml:4:9: control characters are not allowed, expected UTF-8 text"
      ])
    let json = Sample.json.with("\"id\": \"acme\"", "\"id\": \"ac\\u0000me\"")
    #expect(Sample.findings(json, path: "t.json").count == 1)
  }

  @Test("ids have 1 to 255 bytes")
  func idLength() throws {
    let place = "table: [TB1]"
    for count in [1, 255] {
      let id = String(repeating: "x", count: count)
      _ = try Sample.read(Sample.text.with(place, "table: [TB1, \(id)]"))
    }
    #expect(
      Sample.findings(Sample.text.with(place, "table: [TB1, \"\"]")) == [
        "t.yaml:21:20: a resource has 0 bytes, expected 1 to 255 bytes of UTF-8 without NUL"
      ])
    // Bytes are counted, not characters.
    let long = String(repeating: "é", count: 128)
    #expect(
      Sample.findings(Sample.text.with(place, "table: [TB1, \(long)]")) == [
        "t.yaml:21:20: a resource has 256 bytes, expected 1 to 255 bytes of UTF-8 without NUL"
      ])
  }

  @Test("ids that Unicode considers equivalent are two ids")
  func equivalence() throws {
    let text = Sample.text.with("table: [TB1]", "table: [TB1, caf\u{e9}, cafe\u{301}]")
    #expect(try Sample.read(text).workspaces[0].resources.count == 13)
  }

  @Test("a huge scalar is an error", arguments: ["t.yaml", "t.json"])
  func hugeScalar(path: String) {
    let huge = String(repeating: "x", count: 3_000_000)
    let text = Sample.json.with("\"iOS app\"", "\"\(huge)\"")
    let findings = Sample.findings(text, path: path)
    #expect(findings.count == 1)
    #expect(findings[0].contains("text of 3000000 bytes, expected at most 65536"))
  }

  @Test(
    "bytes that are not UTF-8 are an error with their place", arguments: ["t.yaml", "t.json"],
    [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0x80]])
  func notUTF8(path: String, bytes: [UInt8]) {
    let text = Array(Sample.json.utf8)
    let place = text.indices.first { text[$0...].starts(with: Array("iOS".utf8)) } ?? 0
    let findings = Sample.findings(text[..<place] + bytes + text[place...], path: path)
    #expect(findings.count == 1)
    // Of a sequence that breaks off, either its first byte or the one that is wrong.
    let places = ["\(path):43:22: ", "\(path):43:23: "]
    #expect(places.contains { findings[0].hasPrefix($0) })
    #expect(findings[0].hasSuffix("expected UTF-8 text"))
  }

  @Test("another encoding is an error", arguments: ["t.yaml", "t.json"])
  func otherEncodings(path: String) {
    let utf16 = Sample.json.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
    #expect(Sample.findings([0xff, 0xfe] + utf16, path: path).count == 1)
    #expect(Sample.findings(utf16, path: path).count == 1)
  }

  @Test(
    "a document cut anywhere is refused or read, and never crashes",
    arguments: ["t.yaml", "t.json"])
  func truncated(path: String) {
    let bytes = Array((path == "t.json" ? Sample.json : Sample.text).utf8)
    for count in stride(from: 0, to: bytes.count - 2, by: 3) {
      let findings = Sample.findings(Array(bytes[..<count]), path: path)
      if path == "t.json" { #expect(!findings.isEmpty) }
    }
  }

  @Test("any value may be of another kind, and never crashes", arguments: ["t.yaml", "t.json"])
  func otherKinds(path: String) {
    let parts = Sample.json.split(separator: "\"", omittingEmptySubsequences: false)
    let others = ["[\"x\"]", "[]", "{\"x\": [\"y\"]}", "{}", "null", "1", "\"\"", "\"all\""]
    for index in stride(from: 1, to: parts.count, by: 2) {
      for other in others {
        let before = parts[..<index].joined(separator: "\"")
        let after = parts[(index + 1)...].joined(separator: "\"")
        _ = Sample.findings(before + other + after, path: path)
      }
    }
  }

  @Test("a document with any region deleted, doubled or replaced never crashes")
  func mutated() {
    var state: UInt64 = 0x5eed
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
    let pieces: [[UInt8]] =
      [
        "{", "}", "[", "]", ":", ",", "\"", "'", "\n", "  ", "\t", "- ", "&a ", "*a", "!!x ", "? ",
        "|", ">", "#", "%", "~", "null", "all", "\\", "\u{feff}", "---\n", "...\n", "<<: ", "@",
        "`",
      ].map { Array($0.utf8) } + [[0], [0xff], [0xc3], []]
    for (text, path) in [
      (Sample.text, "t.yaml"), (Sample.segment, "t.yaml"), (Sample.json, "t.json"),
      (Sample.json, "t.yaml"),
    ] {
      let original = Array(text.utf8)
      for _ in 0..<250 {
        var bytes = original
        for _ in 0...random(3) where !bytes.isEmpty {
          let start = random(bytes.count)
          let end = min(bytes.count, start + random(40))
          switch random(3) {
          case 0: bytes.removeSubrange(start..<end)
          case 1: bytes.replaceSubrange(start..<end, with: pieces[random(pieces.count)])
          default: bytes.insert(contentsOf: bytes[start..<end], at: start)
          }
        }
        for finding in Sample.findings(bytes, path: path) {
          // One line each, whatever the document holds.
          #expect(!finding.contains("\n") && finding.hasPrefix("t."))
        }
      }
    }
  }
}
