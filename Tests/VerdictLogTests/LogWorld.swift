internal import VerdictModel

@testable import VerdictLog

/// A vocabulary, and requests as a loop would note them.
enum LogWorld {
  static let vocabulary = LogVocabulary(
    methods: [
      .init(number: 0, name: "Authorize", group: 0),
      .init(number: 1, name: "CheckVisibility", group: 1),
    ], groups: ["Authorize", "CheckVisibility"])

  static let granted = Reason.granted.rawValue
  static let missing = Reason.missingPermission.rawValue

  static func settings(
    _ path: String, share: Double = 1, _ change: (inout DecisionLogSettings) -> Void = { _ in }
  ) -> DecisionLogSettings {
    var settings = DecisionLogSettings(path: path, version: "1.2.3")
    settings.sampling = LogSampling(share: share)
    settings.ringByteCount = 256 << 10
    change(&settings)
    return settings
  }

  static func id(_ number: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: UInt64(7) >> UInt64($0 * 8)) }
      + (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - $0 * 8)) }
  }

  /// Notes a request of one check.
  static func note(
    _ source: inout LogSource, _ draft: inout LogDraft, number: UInt64, reason: UInt8,
    principal: String = "mia@acme.example", resource: String = "destination/D1", status: UInt8 = 0
  ) {
    draft.count(reason)
    id(number).withByteView { id in
      principal.withByteView { principal in
        resource.withByteView { resource in
          "edit".withByteView { action in
            guard draft.wants(id) else { return }
            var head = LogHead(id: id)
            head.digest = (1, 2, 3, 4)
            head.generation = 9
            head.organization = action
            head.principal = LogText(principal)
            draft.begin(head)
            var item = LogItem(index: 0, reason: reason)
            item.action = LogText(action)
            item.resource = LogText(resource)
            _ = draft.append(item)
            draft.end()
          }
        }
      }
    }
    end(&source, &draft, status: status)
  }

  /// Notes a request with so many checks of each reason.
  static func note(
    _ source: inout LogSource, _ draft: inout LogDraft, number: UInt64, reasons: [UInt8]
  ) {
    reasons.withByteView { draft.count($0) }
    id(number).withByteView { id in
      guard draft.wants(id) else { return }
      draft.begin(LogHead(id: id))
      for (index, reason) in reasons.enumerated() where reason != granted {
        guard draft.append(LogItem(index: index, reason: reason)) else { break }
      }
      draft.end()
    }
    end(&source, &draft, status: 0)
  }

  static func end(
    _ source: inout LogSource, _ draft: inout LogDraft, status: UInt8, method: UInt8 = 0
  ) {
    "uid:1000".withByteView {
      source.note(
        LogEnd(method: method, status: status, caller: $0, beganNanoseconds: 0), &draft)
    }
  }

  /// Of the files of a log, as `verdict log stats` reads them.
  static func audit(_ path: String) throws -> LogAudit {
    try LogReader.audit(try LogReader.files([path]), vocabulary)
  }
}
