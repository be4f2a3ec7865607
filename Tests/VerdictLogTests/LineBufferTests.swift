internal import Testing
internal import VerdictModel

@testable import VerdictLog

@Suite("A line is put together as JSON has it")
struct LineBufferTests {
  private func quoted(_ bytes: [UInt8]) -> String {
    var buffer = LineBuffer(capacity: 4_096)
    bytes.withByteView { buffer.append(quoted: $0) }
    return buffer.bytes.text
  }

  @Test("a text is escaped wherever its odd byte stands")
  func escapes() {
    for odd in (0...255).map(UInt8.init) where odd < 0x80 {
      for place in 0..<20 {
        var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 20)
        bytes[place] = odd
        let expected = JSONValue.text(String(decoding: bytes, as: UTF8.self)).line
        #expect(quoted(bytes) == expected)
      }
    }
  }

  @Test("what is not UTF-8 is replaced, and what is stays")
  func unicode() {
    #expect(quoted(Array("mörder/ß".utf8)) == "\"mörder/ß\"")
    #expect(quoted([0x61, 0xff, 0x62]) == "\"a\u{fffd}b\"")
  }

  @Test("numbers are written as they are")
  func numbers() {
    var buffer = LineBuffer(capacity: 256)
    for number in [0, 7, 10, 4_294_967_295, UInt64.max] {
      buffer.append(decimal: number)
      buffer.append(",")
    }
    buffer.append(microseconds: 42)
    [0x0f, 0xa0].withByteView { buffer.append(hexadecimal: $0) }
    #expect(
      buffer.bytes.text == "0,7,10,4294967295,18446744073709551615,0000420fa0")
  }

  @Test("what was written is forgotten, and the rest stays")
  func dropping() {
    var buffer = LineBuffer(capacity: 8)
    buffer.append("abcdef")
    buffer.drop(4)
    #expect(buffer.bytes.text == "ef")
    buffer.drop(2)
    #expect(buffer.room == 8)
  }
}
