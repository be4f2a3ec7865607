import Testing
import VerdictModel

@Suite("symbols of many names at once")
struct SymbolBatchTests {
  @Test("are those of the names one by one, new and known, repeated in a batch and long")
  func batches() {
    var batched = SymbolTable()
    var single = SymbolTable()
    var symbols: [Symbol] = []
    for round in 0..<200 {
      var text: [UInt8] = []
      var ends: [Int] = []
      var expected: [Symbol] = []
      for place in 0..<64 {
        // Lengths on both sides of eight bytes, and of multiples of it; every name several times.
        let number = (round * 37 + place * 11) % 3_000
        let name = String(repeating: "n", count: number % 19) + "\(number)"
        text += Array(name.utf8)
        ends.append(text.count)
        expected.append(single.intern(name))
      }
      text.withByteView { batched.intern($0, ends: ends, into: &symbols) }
      #expect(symbols == expected)
    }
    #expect(batched.count == single.count)
    for index in 0..<UInt32(single.count) {
      let symbol = Symbol(rawValue: index)
      #expect(batched.text(symbol) == single.text(symbol))
      #expect(batched.find(single.text(symbol)) == symbol)
    }
  }

  @Test("names that differ in one byte, wherever it is, are two")
  func oneByte() {
    for length in 1...40 {
      var table = SymbolTable()
      let name = [UInt8](repeating: 0x61, count: length)
      let first = name.withByteView { table.intern($0) }
      for index in 0..<length {
        var other = name
        other[index] = 0x62
        #expect(other.withByteView { table.intern($0) } != first)
      }
      #expect(name.withByteView { table.intern($0) } == first)
      #expect(table.count == length + 1)
    }
  }
}
