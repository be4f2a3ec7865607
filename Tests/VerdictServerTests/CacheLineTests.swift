import Testing
import VerdictControl

@testable import VerdictServer

@Suite("cache lines of the loops")
struct CacheLineTests {
  @Test("what each loop writes for every turn lies in pairs of lines of its own")
  func ownLines() throws {
    let boards = (0..<4).map { _ in CounterBoard() }
    var taken: Set<UInt> = []
    for board in boards {
      let range = board.addressRange
      #expect(range.lowerBound % 128 == 0 && range.upperBound % 128 == 0)
      for pair in stride(from: range.lowerBound, to: range.upperBound, by: 128) {
        #expect(taken.insert(pair).inserted)
      }
    }
    let publication = Publication(slotCount: 4)
    for slot in 0..<4 {
      let address = publication.slotAddress(slot)
      #expect(address % 128 == 0 && taken.insert(address).inserted)
    }
    // What the publisher writes is in none of them.
    for address in publication.publisherAddresses { #expect(!taken.contains(address & ~127)) }
  }
}
