/// A span of time: `90d`, `12h`, `30m` or `45s`.
public struct TimeSpan: OptionValue {
  public let seconds: Int64

  /// Ten years: longer ones are probably mistakes.
  private static let secondsMax: Int64 = 3_660 * 86_400
  private static let units: [(letter: Character, seconds: Int64)] = [
    ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1),
  ]

  public init(optionText: String) throws(OptionFault) {
    guard let unit = TimeSpan.units.first(where: { $0.letter == optionText.last }),
      let count = Int64(optionText.dropLast()), count > 0,
      count <= TimeSpan.secondsMax / unit.seconds
    else { throw OptionFault("expected a span of time: 90d, 12h, 30m or 45s") }
    seconds = count * unit.seconds
  }

  public var optionText: String {
    let unit = TimeSpan.units.first { seconds % $0.seconds == 0 } ?? TimeSpan.units[3]
    return "\(seconds / unit.seconds)\(unit.letter)"
  }
}
