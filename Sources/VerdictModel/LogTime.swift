/// Times in logs: RFC 3339, in UTC.
public enum LogTime {
  /// With milliseconds: `2026-01-31T12:00:00.000Z`.
  public static func text(realNanoseconds: Int64) -> String {
    let seconds = realNanoseconds.dividingFloor(by: 1_000_000_000)
    let milliseconds = Int(realNanoseconds - seconds * 1_000_000_000) / 1_000_000
    return text(realSeconds: seconds) + "." + padded(milliseconds, 3) + "Z"
  }

  /// Without a fraction and without the zone: `2026-01-31T12:00:00`.
  public static func text(realSeconds: Int64) -> String {
    let day = Int(realSeconds.dividingFloor(by: 86_400))
    let rest = Int(realSeconds) - day * 86_400
    let date = civil(day: day)
    return padded(date.year, 4) + "-" + padded(date.month, 2) + "-" + padded(date.day, 2) + "T"
      + padded(rest / 3_600, 2) + ":" + padded(rest / 60 % 60, 2) + ":" + padded(rest % 60, 2)
  }

  /// Year, month and day of a day counted from 1970-01-01: Howard Hinnant's `civil_from_days`.
  private static func civil(day: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = day + 719_468
    let era = Int(Int64(shifted).dividingFloor(by: 146_097))
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
      dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    )
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

extension Int64 {
  fileprivate func dividingFloor(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
