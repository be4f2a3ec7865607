internal import VerdictLog
internal import VerdictModel

/// What `verdict log stats` tells.
struct LogReport {
  let audit: LogAudit
  /// Where metrics say something else.
  let differences: [String]

  /// By name: in records, in `counts`, in gaps.
  private typealias Row = (name: String, numbers: [UInt64])

  private func rows(_ names: (LogCounts) -> [(name: String, count: UInt64)]) -> [Row] {
    let columns = [audit.logged, audit.counted, audit.missed].map(names)
    return columns[0].indices.compactMap { index in
      let numbers = columns.map { $0[index].count }
      return numbers.contains { $0 > 0 } ? (columns[0][index].name, numbers) : nil
    }
  }

  private var requests: [Row] { rows { $0.requests(audit.vocabulary) } }
  private var checks: [Row] { rows { $0.checks(audit.vocabulary) } }

  private var effects: [Row] {
    rows { counts in
      var sums: [(name: String, count: UInt64)] =
        (Effect.allCases.map(\.name) + [LogWords.mixed]).map { ($0, 0) }
      for (name, count) in counts.checks(audit.vocabulary) {
        let reason = name.split(separator: " ").last.map(String.init) ?? ""
        let effect = Reason(name: reason)?.effect.name ?? LogWords.mixed
        if let index = sums.firstIndex(where: { $0.name == effect }) { sums[index].count += count }
      }
      return sums
    }
  }

  // MARK: For people

  var text: String {
    var lines = [
      "lines     \(audit.lineCount), numbers \(audit.firstSequence ?? 0) to \(audit.lastSequence)",
      "records   \(audit.recordCount)",
      "starts    \(audit.startCount)" + (audit.isClosed ? ", the last one closed" : ", not closed"),
      "gaps      \(audit.gapCount), of \(audit.gapRecordCount) records",
    ]
    for gap in audit.unknownGaps {
      let most = gap.recordCountMax.map { "at most \($0)" } ?? "nobody knows how many"
      lines.append("          number \(gap.sequence): a process was killed, of \(most) records")
    }
    if audit.tornCount > 0 {
      lines.append("cut off   \(audit.tornCount) lines of killed processes")
    }
    if audit.tornTailByteCount > 0 {
      lines.append("cut off   the last line, after \(audit.tornTailByteCount) bytes")
    }
    lines += table("requests", requests) + table("checks", effects) + table("reasons", checks)
    lines.append(
      audit.faults.isEmpty && differences.isEmpty
        ? "whole: every line is there, and what they account for adds up"
        : "not whole: see standard error")
    return lines.joined(separator: "\n")
  }

  private func table(_ title: String, _ rows: [Row]) -> [String] {
    if rows.isEmpty { return [] }
    let head = [title, "in records", "counted", "in gaps", "all"]
    let cells = rows.map { row in
      [row.name] + (row.numbers + [row.numbers.reduce(0, +)]).map { "\($0)" }
    }
    let widths = head.indices.map { column in
      ([head] + cells).map { $0[column].utf8.count }.max() ?? 0
    }
    return [""]
      + ([head] + cells).map { row in
        row.enumerated().map { column, cell in
          let space = String(repeating: " ", count: widths[column] - cell.utf8.count)
          return column == 0 ? cell + space : space + cell
        }.joined(separator: "  ")
      }
  }

  // MARK: For programs

  var json: JSONValue {
    func number(_ value: UInt64) -> JSONValue { .number(Int64(clamping: value)) }
    func table(_ rows: [Row]) -> JSONValue {
      .object(
        rows.map { row in
          .init(
            row.name,
            .object([
              .init("records", number(row.numbers[0])), .init("counted", number(row.numbers[1])),
              .init("gaps", number(row.numbers[2])),
            ]))
        })
    }
    return .object([
      .init("whole", .bool(audit.faults.isEmpty && differences.isEmpty)),
      .init("faults", .number(Int64(audit.faults.count))),
      .init("lines", number(audit.lineCount)),
      .init("first", number(audit.firstSequence ?? 0)), .init("last", number(audit.lastSequence)),
      .init("records", number(audit.recordCount)), .init("starts", number(audit.startCount)),
      .init("closed", .bool(audit.isClosed)), .init("gaps", number(audit.gapCount)),
      .init("gap_records", number(audit.gapRecordCount)),
      .init("unknown_gaps", .number(Int64(audit.unknownGaps.count))),
      .init("torn_lines", number(audit.tornCount)),
      .init("torn_tail_bytes", .number(Int64(audit.tornTailByteCount))),
      .init("requests", table(requests)), .init("checks", table(effects)),
      .init("reasons", table(checks)),
    ])
  }
}
