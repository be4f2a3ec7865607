internal import VerdictCrypto
internal import VerdictEngine
public import VerdictModel

/// Checks that a set carries with the answers that must come out. A set under which one comes out
/// otherwise doesn't get into force.
///
/// The attachment is a JSON array; members that a check doesn't have are left out:
///
/// ```
/// [{"organization":"acme","principal":"mia","workspace":"prod","action":"edit",
///   "resource":"destination/D1","expect":"allow","reason":"granted","place":"acme.test.yaml:7"}]
/// ```
public struct EmbeddedChecks: Sendable {
  public struct Row: Sendable, Equatable {
    public let check: Check
    public let effect: Effect
    /// nil: any.
    public let reason: Reason?
    /// Where it was written, for people.
    public let place: String

    public init(check: Check, effect: Effect, reason: Reason?, place: String) {
      self.check = check
      self.effect = effect
      self.reason = reason
      self.place = place
    }
  }

  public let rows: [Row]

  public init(rows: [Row]) { self.rows = rows }

  /// Those of a set; nil where it carries none.
  public init?(of set: LoadedSet) throws(ControlError) {
    guard let attachment = set.attachment(.checks) else { return nil }
    try self.init(attachment.bytes, place: attachment.digest.descriptor)
  }

  init(_ bytes: [UInt8], place: String) throws(ControlError) {
    let texts = try LayoutDocument.value(
      [RowText].self, from: bytes, place: place, unreadable: .document)
    guard texts.count <= ControlLimits.embeddedCheckCountMax else {
      throw ControlError(
        .limit, place, "more than \(ControlLimits.embeddedCheckCountMax) embedded checks")
    }
    var rows: [Row] = []
    for text in texts { rows.append(try text.row(place: place)) }
    self.rows = rows
  }

  /// The attachment.
  public var bytes: [UInt8] {
    JSONValue.list(
      rows.map { row in
        let check = row.check
        let members: [(String, String?)] = [
          ("organization", check.organization), ("principal", check.principal),
          ("workspace", check.workspace), ("action", check.action), ("resource", check.resource),
          ("target", check.target), ("expect", row.effect.name), ("reason", row.reason?.name),
          ("place", row.place),
        ]
        return .object(
          members.compactMap { name, value in value.map { JSONValue.Member(name, $0) } })
      }
    ).bytes
  }

  /// Asks them of a set.
  /// - Throws: `checks`, with the first that comes out otherwise and how many do.
  public func run(on set: LoadedSet) throws(ControlError) {
    let answers = SetAnswers(set)
    var first = ""
    var failedCount = 0
    for row in rows {
      let reason = answers.reason(row.check)
      if reason.effect == row.effect && (row.reason == nil || row.reason == reason) { continue }
      failedCount += 1
      if failedCount > 1 { continue }
      let expected = row.effect.name + (row.reason.map { " (\($0.name))" } ?? "")
      first =
        "\(quoted(row.place)): \(SetAnswers.text(row.check)) is \(reason.effect.name)"
        + " (\(reason.name)), expected \(expected)"
    }
    guard failedCount > 0 else { return }
    throw ControlError(
      .checks, set.digest?.descriptor ?? "",
      "\(failedCount) of \(rows.count) embedded checks fail, first \(first); mend the policies or"
        + " the tests")
  }

  private struct RowText: Decodable {
    let organization: String?
    let principal: String
    let workspace: String?
    let action: String
    let resource: String?
    let target: String?
    let expect: String
    let reason: String?
    let place: String?

    func row(place document: String) throws(ControlError) -> Row {
      guard let effect = Effect.allCases.first(where: { $0.name == expect }) else {
        throw ControlError(.document, document, "embedded checks: \(quoted(expect)) is no effect")
      }
      var expected: Reason?
      if let reason {
        guard let known = Reason(name: reason) else {
          throw ControlError(
            .document, document, "embedded checks: \(quoted(reason)) is no reason")
        }
        expected = known
      }
      return Row(
        check: Check(
          organization: organization, principal: principal, workspace: workspace, action: action,
          resource: resource, target: target), effect: effect, reason: expected,
        place: place ?? "")
    }
  }
}

/// A loaded set, asked as a server asks it.
struct SetAnswers {
  private let set: LoadedSet

  init(_ set: LoadedSet) { self.set = set }

  func reason(_ check: Check) -> Reason {
    guard let organization = organization(Array((check.organization ?? "").utf8)) else {
      return .unknownOrganization
    }
    return check.withQuestion { Engine.decide($0, in: organization.view).reason }
  }

  /// By its name; without a name the only one. Logarithmic.
  private func organization(_ name: [UInt8]) -> LoadedOrganization? {
    let all = set.organizations
    if name.isEmpty { return all.count == 1 ? all.first : nil }
    var low = 0
    var high = all.count
    while low < high {
      let middle = (low + high) / 2
      if all[middle].organization.lexicographicallyPrecedes(name) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low < all.count && all[low].organization == name ? all[low] : nil
  }

  /// A check for people, on one line.
  static func text(_ check: Check) -> String {
    let parts = [
      check.organization, check.principal, check.action, check.resource, check.target,
      check.workspace.map { "in \($0)" },
    ]
    return quoted(parts.compactMap(\.self).joined(separator: " "))
  }
}
