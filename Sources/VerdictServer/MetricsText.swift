/// Metrics in the text format of Prometheus, version 0.0.4: families one after the other, each with
/// HELP and TYPE and then its samples.
struct MetricsText {
  enum Kind: String { case counter, gauge, histogram }

  private(set) var text = ""

  /// Begins a family.
  mutating func family(_ name: String, _ kind: Kind, _ help: String) {
    let help = help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
  }

  mutating func sample(_ name: String, _ labels: [(String, String)] = [], _ value: UInt64) {
    sample(name, labels, "\(value)")
  }

  mutating func sample(_ name: String, _ labels: [(String, String)] = [], seconds: Double) {
    sample(name, labels, "\(seconds)")
  }

  private mutating func sample(_ name: String, _ labels: [(String, String)], _ value: String) {
    let written = labels.map { "\($0.0)=\"\(MetricsText.escaped($0.1))\"" }
    text += name + (written.isEmpty ? "" : "{\(written.joined(separator: ","))}") + " \(value)\n"
  }

  /// A histogram whose buckets end at powers of two of `unit`; the last has no end.
  mutating func histogram(
    _ name: String, _ help: String, _ buckets: [UInt64], unit: Double,
    sum: Double
  ) {
    family(name, .histogram, help)
    var total: UInt64 = 0
    for (index, count) in buckets.enumerated() {
      total += count
      let end = index + 1 == buckets.count ? "+Inf" : "\(unit * Double(1 << index))"
      sample("\(name)_bucket", [("le", end)], total)
    }
    sample("\(name)_sum", [], seconds: sum)
    sample("\(name)_count", [], total)
  }

  static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }
}
