internal import VerdictLog
internal import VerdictServer

/// What a page of metrics says of requests and checks, to be held against a log.
struct LogTotals {
  private var requests: [String: UInt64] = [:]
  private var checks: [String: UInt64] = [:]

  /// Takes the samples of two families, and passes over the rest.
  init(metrics page: String) {
    for line in page.split(whereSeparator: \.isNewline) {
      guard let open = line.firstIndex(of: "{"), let close = line.lastIndex(of: "}"),
        let value = UInt64(line[close...].dropFirst().drop { $0 == " " })
      else { continue }
      let labels = LogTotals.labels(line[line.index(after: open)..<close])
      let method = labels["method"] ?? ""
      switch line[..<open] {
      case "verdict_requests_total":
        // Two services have a method of this name.
        if labels["service"]?.hasPrefix("grpc.health") == true { continue }
        requests["\(method) \(LogTotals.plain(labels["code"] ?? ""))", default: 0] += value
      case "verdict_checks_total":
        checks["\(method) \(labels["reason"] ?? "")", default: 0] += value
      default: continue
      }
    }
  }

  private static func labels(_ text: Substring) -> [String: String] {
    var labels: [String: String] = [:]
    for pair in text.split(separator: ",") {
      let sides = pair.split(separator: "=", maxSplits: 1)
      guard sides.count == 2 else { continue }
      labels[String(sides[0])] = String(sides[1].dropFirst().dropLast())
    }
    return labels
  }

  /// A status, however it is spelt: `INVALID_ARGUMENT` as `invalidArgument`.
  private static func plain(_ status: String) -> String {
    let word = status.lowercased().filter { $0 != "_" }
    return word == "internalerror" ? "internal" : word
  }

  /// Where the log says something else, in words.
  func differences(from log: LogCounts) -> [String] {
    var logged: [String: UInt64] = [:]
    for (name, count) in log.requests(.verdict) {
      let words = name.split(separator: " ")
      logged["\(words[0]) \(LogTotals.plain(String(words[1])))"] = count
    }
    return LogTotals.differences("requests", logged, requests)
      + LogTotals.differences(
        "checks",
        Dictionary(uniqueKeysWithValues: log.checks(.verdict).map { ($0.name, $0.count) }), checks)
  }

  /// Of names that the log has none of, nothing is said: those methods are not logged.
  private static func differences(
    _ what: String, _ logged: [String: UInt64], _ counted: [String: UInt64]
  ) -> [String] {
    logged.sorted { $0.key < $1.key }.compactMap { name, count in
      let other = counted[name] ?? 0
      return count == other ? nil : "\(what) \(name): \(other), the log has \(count)"
    }
  }
}
