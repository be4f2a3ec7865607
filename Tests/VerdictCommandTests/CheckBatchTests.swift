import Testing
import VerdictModel
import VerdictSystem

@testable import verdict

@Suite("batches of checks")
struct CheckBatchTests {
  /// A source that answers with what it was asked, and notes how much at once.
  final class Echo {
    var sizes: [Int] = []

    var source: CheckSource {
      CheckSource { checks throws(CommandFailure) in
        self.sizes.append(checks.count)
        return checks.map { CheckAnswer(reason: .granted, message: "\($0.principal) \($0.action)") }
      }
    }
  }

  /// What a batch of `input` writes, line by line, and what its source was asked.
  static func run(
    _ input: [UInt8], defaults: CheckLine = CheckLine()
  ) throws -> (lines: [String], sizes: [Int]) {
    let path = "/tmp/verdict-batch-\(SystemRandom.word())"
    try File.create(path, with: input)
    defer { try? File.remove(path) }
    let echo = Echo()
    var output: [UInt8] = []
    var batch = CheckBatch(source: echo.source, defaults: defaults)
    try batch.run(try FileDescriptor.reading(path)) { bytes throws(CommandFailure) in
      output += bytes
    }
    let text = String(decoding: output, as: UTF8.self)
    #expect(text.isEmpty || text.hasSuffix("\n"))
    return (text.split(separator: "\n").map(String.init), echo.sizes)
  }

  static func line(_ principal: String) -> String {
    #"{"principal": "\#(principal)", "action": "view"}"#
  }

  @Test("every line has its answer in its place, read or not")
  func places() throws {
    let input = [
      Self.line("a"), "", "nonsense", Self.line("b") + "\r", #"{"action": "view"}"#, Self.line("c"),
    ].joined(separator: "\n")
    let (lines, sizes) = try Self.run(Array(input.utf8))
    #expect(lines.count == 6)
    #expect(lines[0].contains(#""a view""#) && lines[3].contains(#""b view""#))
    #expect(lines[5].contains(#""c view""#))
    for (place, number) in [(1, 2), (2, 3), (4, 5)] {
      #expect(lines[place].contains(#""reason": "bad_request""#))
      #expect(lines[place].contains("Line \(number) could not be read"))
      #expect(lines[place].contains(#""effect": "indeterminate""#))
    }
    #expect(sizes.reduce(0, +) == 3)
  }

  @Test("the end of the last line makes no line of its own, and may be missing")
  func ends() throws {
    #expect(try Self.run([]).lines.isEmpty)
    #expect(try Self.run(Array("\n".utf8)).lines.count == 1)
    #expect(try Self.run(Array(Self.line("a").utf8)).lines.count == 1)
    #expect(try Self.run(Array("\(Self.line("a"))\n".utf8)).lines.count == 1)
  }

  @Test("flags stand in for members that a line lacks")
  func defaults() throws {
    let (lines, _) = try Self.run(
      Array("{}\n\(Self.line("b"))".utf8), defaults: CheckLine(principal: "d", action: "edit"))
    #expect(lines[0].contains(#""d edit""#) && lines[1].contains(#""b view""#))
  }

  @Test("a long batch is asked in parts that a server takes, in order")
  func parts() throws {
    let count = 25_001
    let input = (0..<count).map { Self.line("p\($0)") + "\n" }.joined()
    let (lines, sizes) = try Self.run(Array(input.utf8))
    #expect(lines.count == count)
    for (index, line) in lines.enumerated() { #expect(line.contains("\"p\(index) view\"")) }
    #expect(sizes.reduce(0, +) == count)
    #expect(sizes.allSatisfy { $0 <= Limits.plainCheckCountMax })
  }

  @Test("a line that is too long is answered, and those around it too")
  func tooLong() throws {
    let long = String(repeating: "x", count: CheckBatch.lineByteCountMax * 10)
    let input = [Self.line("a"), long, Self.line("b"), long].joined(separator: "\n")
    let (lines, _) = try Self.run(Array(input.utf8))
    #expect(lines.count == 4)
    #expect(lines[0].contains(#""a view""#) && lines[2].contains(#""b view""#))
    for place in [1, 3] {
      #expect(lines[place].contains("Line \(place + 1) could not be read: it is longer than"))
    }
    let just = #"{"principal": "\#(String(repeating: "x", count: 65_501))", "action": "view"}"#
    #expect(just.utf8.count == CheckBatch.lineByteCountMax)
    #expect(
      try Self.run(Array("\(just)\n\(just) \n".utf8)).lines.map { $0.contains("granted") } == [
        true, false,
      ])
  }

  @Test("lines come out the same, however their bytes arrive")
  func pieces() {
    let bytes = Array("ab\n\n12345678\n1234567\nend".utf8)
    let whole: [LineSplitter.Line] = [
      .whole(Array("ab".utf8)), .whole([]), .tooLong, .whole(Array("1234567".utf8)),
    ]
    for size in 1...bytes.count {
      var splitter = LineSplitter(byteCountMax: 7)
      var lines: [LineSplitter.Line] = []
      for start in stride(from: 0, to: bytes.count, by: size) {
        lines += splitter.split(bytes[start..<min(start + size, bytes.count)])
      }
      #expect(lines == whole, "pieces of \(size)")
      #expect(splitter.last == .whole(Array("end".utf8)))
    }
  }
}
