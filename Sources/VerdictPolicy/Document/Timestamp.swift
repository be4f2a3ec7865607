/// Times as RFC 3339 writes them.
enum Timestamp {
  /// Seconds since 1970-01-01 UTC, or nil if `text` is no RFC 3339 time. Fractions are cut off;
  /// a leap second counts as the second after it.
  static func seconds(_ text: String) -> Int64? {
    var rest = Array(text.utf8)[...]
    guard let year = number(&rest, 4), take(&rest, "-"), let month = number(&rest, 2),
      take(&rest, "-"), let day = number(&rest, 2), take(&rest, "T", or: "t"),
      let hour = number(&rest, 2), take(&rest, ":"), let minute = number(&rest, 2),
      take(&rest, ":"), let second = number(&rest, 2)
    else { return nil }
    if take(&rest, ".") {
      let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard !digits.isEmpty else { return nil }
      rest = rest.dropFirst(digits.count)
    }
    guard let offset = offsetSeconds(&rest), rest.isEmpty else { return nil }
    guard (1...12).contains(month), (1...dayCount(year, month)).contains(day), hour < 24,
      minute < 60, second <= 60
    else { return nil }
    return days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset
  }

  private static func offsetSeconds(_ rest: inout ArraySlice<UInt8>) -> Int64? {
    if take(&rest, "Z", or: "z") { return 0 }
    let sign: Int64
    if take(&rest, "+") {
      sign = 1
    } else if take(&rest, "-") {
      sign = -1
    } else {
      return nil
    }
    guard let hour = number(&rest, 2), take(&rest, ":"), let minute = number(&rest, 2), hour < 24,
      minute < 60
    else { return nil }
    return sign * (hour * 3_600 + minute * 60)
  }

  private static func number(_ rest: inout ArraySlice<UInt8>, _ count: Int) -> Int64? {
    guard rest.count >= count else { return nil }
    var number: Int64 = 0
    for byte in rest.prefix(count) {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      number = number * 10 + Int64(byte - UInt8(ascii: "0"))
    }
    rest = rest.dropFirst(count)
    return number
  }

  private static func take(
    _ rest: inout ArraySlice<UInt8>, _ character: Unicode.Scalar, or other: Unicode.Scalar? = nil
  ) -> Bool {
    guard let byte = rest.first else { return false }
    guard byte == UInt8(ascii: character) || other.map({ UInt8(ascii: $0) == byte }) ?? false
    else { return false }
    rest = rest.dropFirst()
    return true
  }

  private static func dayCount(_ year: Int64, _ month: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days since 1970-01-01 in the Gregorian calendar, counted from a March so that the leap day
  /// ends its year.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let era = (year >= 0 ? year : year - 399) / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}
