import Testing

@testable import VerdictSettings

@Suite("shares")
struct ShareTests {
  @Test("a share is in percent, with up to four digits behind the point")
  func shares() throws {
    let shares = [("1%", 10_000), ("100%", 1_000_000), ("0.01%", 100), ("2.5%", 25_000)]
    for (text, perMillion) in shares {
      let share = try Share(optionText: text)
      #expect(share.perMillion == UInt32(perMillion) && share.optionText == text)
    }
    #expect(try Share(optionText: "0.0001%").perMillion == 1)
    #expect(try Share(optionText: "1.50%").optionText == "1.5%")
    let others = ["", "%", "1", "0%", "101%", "100.0001%", "0.00001%", "-1%", "1e1%", "1.2.3%"]
    for text in others {
      #expect(throws: OptionFault.self) { _ = try Share(optionText: text) }
    }
  }
}
