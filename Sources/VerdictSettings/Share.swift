/// A share in percent, with up to four digits behind the point: `1%`, `0.01%` or `100%`.
public struct Share: OptionValue {
  public let perMillion: UInt32

  public init(optionText: String) throws(OptionFault) {
    let parts = optionText.dropLast().split(
      separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let digits = parts.count > 1 ? parts[1] : ""
    let isNumber = optionText.dropLast().utf8.allSatisfy { $0 == 0x2e || $0 &- 0x30 < 10 }
    guard optionText.last == "%", isNumber, digits.utf8.count <= 4,
      let whole = UInt32(parts[0]), whole <= 100,
      let rest = UInt32(digits + String(repeating: "0", count: 4 - digits.utf8.count)),
      (1...1_000_000).contains(whole * 10_000 + rest)
    else { throw OptionFault("expected a share from 0.0001% to 100%") }
    perMillion = whole * 10_000 + rest
  }

  public var optionText: String {
    var digits = String(perMillion % 10_000 + 10_000).dropFirst()
    while digits.last == "0" { digits.removeLast() }
    return "\(perMillion / 10_000)\(digits.isEmpty ? "" : ".")\(digits)%"
  }
}
