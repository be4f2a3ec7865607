/// Options of the decision log, with texts to try each with and what it needs beside it.
enum LogSamples {
  static let texts: [String: [String]] = [
    "decision-log": ["/log"], "log-allows": ["0.5"], "log-ring": ["1MiB"],
    "log-file": ["128MiB"], "log-files": ["3"], "log-mask": ["resource", "target"],
    "log-hash": ["principal"], "log-hash-key": ["/key"],
  ]

  static let company: [String: [String: [String]]] = [
    "log-allows": ["decision-log": ["/log"]], "log-ring": ["decision-log": ["/log"]],
    "log-file": ["decision-log": ["/log"]], "log-files": ["decision-log": ["/log"]],
    "log-mask": ["decision-log": ["/log"]],
    "log-hash": ["decision-log": ["/log"], "log-hash-key": ["/key"]],
    "log-hash-key": ["decision-log": ["/log"], "log-hash": ["caller"]],
  ]
}
