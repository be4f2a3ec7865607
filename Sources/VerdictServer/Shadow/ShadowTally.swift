internal import VerdictModel

/// What the shadow has found so far. Its memory is bounded: whatever is asked, the tables hold so
/// many rows, and what has no row is counted.
struct ShadowTally {
  /// Rows of each table. What differs in its reason alone has tables of its own, so that it can't
  /// crowd out what differs in its effect.
  static let changeCountMax = 512
  static let principalCountMax = 4_096
  static let effectCountMax = 4_096
  static let reasonCountMax = 1_024
  /// Longer texts of a request are cut to this.
  static let textByteCountMax = 512

  private struct ChangeKey: Hashable {
    let action: [UInt8]
    let live: Reason
    let staged: Reason
  }

  private struct PrincipalKey: Hashable {
    let organization: [UInt8]
    let name: [UInt8]
  }

  private struct CheckKey: Hashable {
    let texts: ShadowCheck
    let live: Reason
    let staged: Reason
  }

  private(set) var counts = ShadowReport()
  private var effectChanges: [ChangeKey: UInt64] = [:]
  private var reasonChanges: [ChangeKey: UInt64] = [:]
  private var principals: [PrincipalKey: UInt64] = [:]
  private var effects: [CheckKey: UInt64] = [:]
  private var reasons: [CheckKey: UInt64] = [:]

  /// Begins anew.
  init(sinceSeconds: Int64 = 0) { counts.sinceSeconds = sinceSeconds }

  mutating func addRequest() { counts.requestCount += 1 }

  mutating func addOversized() { counts.oversizedCount += 1 }

  /// Notes a check. Its texts are asked for only where the answers differ.
  @inline(__always)
  mutating func add(_ live: Reason, _ staged: Reason, _ texts: () -> ShadowCheck) {
    counts.checkCount += 1
    if live != staged { addDifference(live, staged, texts()) }
  }

  private mutating func addDifference(_ live: Reason, _ staged: Reason, _ check: ShadowCheck) {
    let change = ChangeKey(action: check.action, live: live, staged: staged)
    let key = CheckKey(texts: check, live: live, staged: staged)
    let hasChange: Bool
    let hasCheck: Bool
    if live.effect == staged.effect {
      counts.reasonChangeCount += 1
      hasChange = Self.count(change, &reasonChanges, Self.changeCountMax)
      hasCheck = Self.count(key, &reasons, Self.reasonCountMax)
    } else {
      counts.effectChangeCount += 1
      hasChange = Self.count(change, &effectChanges, Self.changeCountMax)
      hasCheck = Self.count(key, &effects, Self.effectCountMax)
      let who = PrincipalKey(organization: check.organization, name: check.principal)
      if !Self.count(who, &principals, Self.principalCountMax) {
        counts.unlistedPrincipalCount += 1
      }
    }
    if !hasChange { counts.unlistedChangeCount += 1 }
    if !hasCheck { counts.unlistedCheckCount += 1 }
  }

  /// - Returns: false where there is no row for it.
  private static func count<Key>(
    _ key: Key, _ table: inout [Key: UInt64], _ rowCountMax: Int
  ) -> Bool {
    if let known = table[key] {
      table[key] = known + 1
    } else {
      guard table.count < rowCountMax else { return false }
      table[key] = 1
    }
    return true
  }

  /// - Parameter rowCountMax: of each list; 0: the counts alone.
  /// - Complexity: linear in the rows that it holds, and what sorting them takes.
  func report(rowCountMax: Int) -> ShadowReport {
    if rowCountMax == 0 { return counts }
    var report = counts
    report.changes = Self.top(effectChanges, reasonChanges, rowCountMax) {
      $0.action.lexicographicallyPrecedes($1.action)
    }.map {
      ShadowReport.Change(
        action: $0.key.action.text, live: $0.key.live, staged: $0.key.staged, count: $0.value)
    }
    report.principals = Self.top(principals, [:], rowCountMax) {
      $0.name.lexicographicallyPrecedes($1.name)
    }.map {
      ShadowReport.Principal(
        organization: $0.key.organization.text, name: $0.key.name.text, count: $0.value)
    }
    report.checks = Self.top(effects, reasons, rowCountMax) { $0.texts.precedes($1.texts) }.map {
      ShadowReport.ChangedCheck(
        check: $0.key.texts.check, live: $0.key.live, staged: $0.key.staged, count: $0.value)
    }
    return report
  }

  /// The most frequent rows first, those of `first` before all of `second`.
  private static func top<Key>(
    _ first: [Key: UInt64], _ second: [Key: UInt64], _ rowCountMax: Int,
    _ precedes: (Key, Key) -> Bool
  ) -> ArraySlice<(key: Key, value: UInt64)> {
    func sorted(_ table: [Key: UInt64]) -> [(key: Key, value: UInt64)] {
      table.sorted { $0.value != $1.value ? $0.value > $1.value : precedes($0.key, $1.key) }
    }
    return (sorted(first) + sorted(second)).prefix(rowCountMax)
  }
}

/// A check as a request words it, copied.
struct ShadowCheck: Hashable {
  var organization: [UInt8] = []
  var principal: [UInt8] = []
  var workspace: [UInt8] = []
  var action: [UInt8] = []
  var resource: [UInt8] = []
  var target: [UInt8] = []

  /// A text of a request, of bounded length.
  static func copy(_ text: ByteView) -> [UInt8] {
    text[0..<min(text.count, ShadowTally.textByteCountMax)].array
  }

  /// An order for people, so that equal reports look equal.
  func precedes(_ other: ShadowCheck) -> Bool {
    for (mine, theirs) in zip(fields, other.fields) where mine != theirs {
      return mine.lexicographicallyPrecedes(theirs)
    }
    return false
  }

  private var fields: [[UInt8]] { [organization, principal, workspace, action, resource, target] }

  var check: Check {
    func text(_ bytes: [UInt8]) -> String? { bytes.isEmpty ? nil : bytes.text }
    return Check(
      organization: text(organization), principal: principal.text, workspace: text(workspace),
      action: action.text, resource: text(resource), target: text(target))
  }
}

extension [UInt8] {
  fileprivate var text: String { String(decoding: self, as: UTF8.self) }
}
